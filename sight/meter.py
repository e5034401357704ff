"""What a meter says, when both readers saw the same and it cannot be another machine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from care.plausibility import Doubt, Plausibility, check
from care.reading import Kind, Reading
from sight.lines import Line
from sight.number import Number

# Words on a meter, in small print beside the digits.
_PRESSURE = re.compile(r"mm?hg|\bsys|\bdia|收缩|舒张|高压|低压", re.IGNORECASE)
_GLUCOSE = re.compile(r"mmol", re.IGNORECASE)
# Words on machines whose numbers could pass for ours.
_OTHER = re.compile(r"spo2|℃|°c|\bkg|公斤|元|体温|体重|湿度", re.IGNORECASE)

_ERROR = re.compile(r"E-?\d?|Err")
_HEAD = re.compile(r"\d{2,3}")
_SUGAR = re.compile(r"\d{1,2}\.\d")
_BEYOND = ("HI", "LO")
_ROWS = 3
# Rows of one display, in shares of the tallest: as high, set to the same edge, and not touching.
_AS_HIGH, _EDGE, _BELOW = 0.5, 0.9, 0.6
_REFUSED = {Doubt.REVERSED, Doubt.MAYBE_KPA, Doubt.MAYBE_MGDL}


@dataclass(frozen=True, slots=True)
class Words:
    """What the small print says: which meter it could be."""

    pressure: bool
    glucose: bool
    other: bool

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Words:
        told = [line.words for line in lines]
        return cls(
            pressure=any(_PRESSURE.search(one) for one in told),
            glucose=any(_GLUCOSE.search(one) for one in told),
            other=any(_OTHER.search(one) for one in told),
        )

    @property
    def some_meter(self) -> bool:
        return (self.pressure or self.glucose) and not self.other


def agreed_pressure(
    first: Sequence[Number], second: Sequence[Number]
) -> tuple[Reading, Reading | None] | None:
    """The pressure, and the pulse where both saw it, or None.

    One of the readers must have seen all three rows: two rows could be the lower two.
    """
    one, other = _column(first), _column(second)
    if max(len(one), len(other)) != _ROWS or min(len(one), len(other)) < _ROWS - 1:
        return None
    if one[:2] != other[:2]:
        return None
    pressure = Reading(Kind.BP, systolic=float(one[0]), diastolic=float(one[1]))
    if not believable(pressure):
        return None
    pulse = Reading(Kind.PULSE, value=float(one[2])) if one == other else None
    return pressure, pulse if pulse is not None and believable(pulse) else None


def looks_like_pressure(numbers: Sequence[Number]) -> bool:
    """Whether a reader saw three rows, as no other machine of a household has them."""
    return len(_column(numbers)) == _ROWS


def agreed_glucose(first: Sequence[Number], second: Sequence[Number]) -> Reading | str | None:
    """The glucose value, or "HI" or "LO", or None. Without its point a number is no value."""
    one, other = _largest(first), _largest(second)
    if not one or one != other:
        return None
    if one in _BEYOND:
        return one
    if not _SUGAR.fullmatch(one):
        return None
    reading = Reading(Kind.GLUCOSE, value=float(one))
    return reading if believable(reading) else None


def says_error(numbers: Sequence[Number]) -> bool:
    """Whether a reader saw that the meter could not measure."""
    return _ERROR.fullmatch(_largest(numbers)) is not None


def believable(reading: Reading) -> bool:
    """Whether the value can be; an unusual one can, and is asked about anyway."""
    verdict = check(reading)
    possible = verdict.plausibility is not Plausibility.IMPOSSIBLE
    return possible and not _REFUSED & set(verdict.doubts)


def _column(numbers: Sequence[Number]) -> list[str]:
    """The large whole numbers under each other, from top to bottom; empty when they are not so."""
    whole = [n for n in numbers if _HEAD.fullmatch(n.text)]
    tallest = max((n.height for n in whole), default=0.0)
    rows = sorted((n for n in whole if n.height > _AS_HIGH * tallest), key=lambda n: n.y)
    edges = [n.x + n.width / 2 for n in rows]
    if not rows or max(edges) - min(edges) > _EDGE * tallest:
        return []
    gaps = (low.y - high.y for high, low in pairwise(rows))
    return [n.text for n in rows] if all(gap > _BELOW * tallest for gap in gaps) else []


def _largest(numbers: Sequence[Number]) -> str:
    """What stands largest; empty when something else is nearly as large."""
    by_height = sorted(numbers, key=lambda n: -n.height)
    if not by_height:
        return ""
    rival = by_height[1].height if len(by_height) > 1 else 0.0
    return by_height[0].text if rival < 0.8 * by_height[0].height else ""
