"""What numbers look like: pairs, joined digits, ranges, units. No words here, only figures."""

from __future__ import annotations

import re
from dataclasses import dataclass

from language.lexicon import shapes, table
from language.numerals import Number
from language.understanding import Certainty

_PAIR = table("shapes")["pair"]
_UNITS = table("shapes")["units"]
SYSTOLIC, DIASTOLIC = shapes()["systolic"], shapes()["diastolic"]

_SEPARATOR = re.compile(
    r"\s*(?:/|\\|-{1,3}|~+|,|、|\.|。|:|;|比|和|同|跟|与|及|至|到|÷|\*|x|×|\||·|\+|的|'|"
    r"[,、]?\s*低压?|/\s*低压?|\)\s*/\s*\(|)\s*"
)
_LONGEST = 4
_TWO_PLACES = 2
_DASH = re.compile(r"\s*(?:-{1,3}|~+|至|到)\s*")


@dataclass(frozen=True, slots=True)
class Pressure:
    """Two numbers that are one blood pressure."""

    systolic: float
    diastolic: float
    certainty: Certainty


def is_separator(between: str) -> bool:
    return len(between) <= _LONGEST and _SEPARATOR.fullmatch(between) is not None


def is_dash(between: str) -> bool:
    return _DASH.fullmatch(between) is not None


def is_arrow(between: str) -> bool:
    return between.strip() in {"到", "至"}


def is_range(first: Number, second: Number, between: str) -> bool:
    """Two rising numbers close together, joined by a dash: 145-155, 120到128."""
    if not is_dash(between) or second.value <= first.value:
        return False
    if first.value < DIASTOLIC.likely[0]:  # glucose and the like: any rising pair is a range
        return True
    close: bool = second.value - first.value <= _PAIR["gap"]
    return close or first.value >= _PAIR["range_floor"]


def as_pressure(first: Number, second: Number, between: str) -> Pressure | None:
    """The pressure two numbers make, the larger one being systolic, or None."""
    if not (first.whole and second.whole) or is_range(first, second, between):
        return None
    high, low = max(first.value, second.value), min(first.value, second.value)
    gap = _PAIR["slash_gap"] if "/" in between else _PAIR["gap"]
    if not (SYSTOLIC.fits(high) and DIASTOLIC.fits(low) and high - low >= gap):
        return None
    turned = first.value < second.value
    return Pressure(high, low, Certainty.REVERSED if turned else Certainty.PLAIN)


def split_joined(digits: str) -> Pressure | None:
    """15694 is 156/94, 94156 is 156/94; None when no split or more than one makes sense."""
    found = []
    for cut in (2, 3):
        left, right = digits[:cut], digits[cut:]
        if len(right) not in {2, 3} or left.startswith("0") or right.startswith("0"):
            continue
        high, low = max(int(left), int(right)), min(int(left), int(right))
        if SYSTOLIC.fits(high) and DIASTOLIC.fits(low) and high - low >= _PAIR["gap"]:
            found.append(Pressure(float(high), float(low), Certainty.JOINED))
    return found[0] if len(found) == 1 else None


def split_point(number: Number, text: str) -> Pressure | None:
    """140.90 typed with a point for a slash."""
    left, _, right = text.partition(".")
    if number.decimals < _TWO_PLACES or not (left.isdigit() and right.isdigit()):
        return None
    high, low = float(left), float(right)
    if SYSTOLIC.fits(high) and DIASTOLIC.fits(low) and high - low >= _PAIR["gap"]:
        return Pressure(high, low, Certainty.REVERSED)
    return None


def lone_systolic(value: float) -> bool:
    low, high = _PAIR["lone"]
    return bool(low <= value <= high)


def mmol(mgdl: float) -> float:
    return float(round(mgdl / _UNITS["mgdl_per_mmol"], 2))


def mmhg(kpa: float) -> float:
    return float(round(kpa * _UNITS["mmhg_per_kpa"]))


def kilograms(jin: float) -> float:
    return float(jin * _UNITS["kg_per_jin"])


def percent(ifcc: float) -> float:
    return float(round(_UNITS["ifcc_slope"] * ifcc + _UNITS["ifcc_offset"], 1))
