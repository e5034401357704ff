"""What was typed into a form: codes, numbers, days and words, and what is wrong with each of them.

Nothing typed is thrown away: a page that refuses a form shows every entry again beside its fault.
A `Problem` stops the signature; a `Doubt` asks the doctor to look once more.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from care.form import LONGEST_TEXT, Blank, BlankKind, Form, Mode, Needed
from care.plausibility import Doubt, check
from care.reading import GlucoseContext, Kind, Reading

Values = Mapping[str, Any]


class Problem(StrEnum):
    """Why an entry cannot be taken."""

    NOT_A_NUMBER = "not_a_number"
    NOT_WHOLE = "not_whole"
    IMPOSSIBLE = "impossible"
    NOT_A_DAY = "not_a_day"
    NOT_A_CODE = "not_a_code"
    ALONE = "alone"
    TOO_LONG = "too_long"
    REVERSED = "reversed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Filled:
    """The entries that could be taken, and by blank what is wrong or doubtful."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    doubts: dict[str, Doubt] = field(default_factory=dict)


# The numbers of a form that the rules judge: blank → kind of reading.
_SINGLE = {
    "heart_rate": (Kind.PULSE, None),
    "weight": (Kind.WEIGHT, None),
    "hba1c": (Kind.HBA1C, None),
    "fpg": (Kind.GLUCOSE, GlucoseContext.FASTING),
    "other_glucose": (Kind.GLUCOSE, GlucoseContext.RANDOM),
}


def fill(form: Form, typed: Mapping[str, str], recent: tuple[Reading, ...] = ()) -> Filled:
    """Takes what was typed. Blanks that stayed empty are absent from the values."""
    filled = Filled()
    for blank in form.blanks.values():
        if blank.kind is BlankKind.CODES:
            taken, problem = _codes(blank, typed)
        else:
            said = plain(typed.get(blank.key, ""))
            taken, problem = _READERS[blank.kind](blank, said) if said else (None, None)
        if problem is not None:
            filled.problems[blank.key] = problem
        elif taken is not None:
            filled.values[blank.key] = taken
    _look_at_numbers(filled, recent)
    return filled


def spell(form: Form, values: Values) -> dict[str, str]:
    """The values as they would be typed: what a page puts into its fields."""
    typed: dict[str, str] = {}
    for key, value in values.items():
        blank = form.blanks.get(key)
        if blank is None:
            continue
        if blank.kind is BlankKind.CODES:
            typed |= {f"{key}.{code}": "1" for code in value}
        else:
            typed[key] = f"{value:g}" if isinstance(value, int | float) else str(value)
    return typed


def missing(form: Form, values: Values, mode: Mode) -> tuple[str, ...]:
    """The first blanks of rows that this kind of contact cannot be signed without."""
    asked = {Needed.ALWAYS} | ({Needed.FACE_TO_FACE} if mode is Mode.FACE_TO_FACE else set())
    found = [_lacking(row.blanks, values) for row in form.rows if row.needed in asked]
    return tuple(key for key in (*found, *_words_owed(form, values)) if key is not None)


def readings(values: Values) -> tuple[Reading, ...]:
    """The measured values on a form, as the rules judge them."""
    found: list[Reading] = []
    if "systolic" in values or "diastolic" in values:
        found.append(_pressure(values))
    for key, (kind, context) in _SINGLE.items():
        if key in values:
            found.append(Reading(kind, value=float(values[key]), context=context))
    return tuple(found)


def words(form: Form, values: Values) -> tuple[dict[str, Any], dict[str, str]]:
    """The values in two: codes and numbers, and the words, which are kept sealed."""
    texts = {blank.key for blank in form.of_kind(BlankKind.TEXT)}
    coded = {key: value for key, value in values.items() if key not in texts}
    return coded, {key: str(value) for key, value in values.items() if key in texts}


def plain(said: str) -> str:
    """Full-width digits and spaces as a phone's keyboard gives them, made plain."""
    return unicodedata.normalize("NFKC", said).strip()


def _lacking(blanks: tuple[Blank, ...], values: Values) -> str | None:
    """The blank a row still lacks. A pressure needs both halves, any other row its first blank."""
    both = blanks if blanks[0].key == "systolic" else blanks[:1]
    asked = (b.key for b in both if b.kind is not BlankKind.SIGNATURE)
    return next((key for key in asked if key not in values), None)


def _words_owed(form: Form, values: Values) -> Iterator[str]:
    """其他 and 有 say nothing without their words; a weak pulse needs its side."""
    others = form.blanks["symptoms"].codes
    if max(others, key=int) in values.get("symptoms", ()) and "symptoms_other" not in values:
        yield "symptoms_other"
    if values.get("adr") == max(form.blanks["adr"].codes) and "adr_text" not in values:
        yield "adr_text"
    pulse = form.blanks.get("dorsalis_pedis")
    if pulse is None or "dorsalis_pedis_side" in values:
        return
    if values.get("dorsalis_pedis", "1") != next(iter(pulse.codes)):
        yield "dorsalis_pedis_side"


def _codes(blank: Blank, typed: Mapping[str, str]) -> tuple[list[str] | None, Problem | None]:
    chosen = [code for code in blank.codes if typed.get(f"{blank.key}.{code}")]
    if blank.alone in chosen and len(chosen) > 1:
        return None, Problem.ALONE
    return chosen or None, None


def _code(blank: Blank, said: str) -> tuple[str | None, Problem | None]:
    return (said, None) if said in blank.codes else (None, Problem.NOT_A_CODE)


def _number(blank: Blank, said: str) -> tuple[float | None, Problem | None]:
    try:
        value = float(said)
    except ValueError:
        return None, Problem.NOT_A_NUMBER
    low, high = blank.possible or (value, value)
    if not low <= value <= high:
        return None, Problem.IMPOSSIBLE
    if blank.whole and not value.is_integer():
        return None, Problem.NOT_WHOLE
    # JSON keeps 150 and 150.0 apart; a form does not.
    return (int(value) if value.is_integer() else value), None


def _date(_blank: Blank, said: str) -> tuple[str | None, Problem | None]:
    try:
        return date.fromisoformat(said).isoformat(), None
    except ValueError:
        return None, Problem.NOT_A_DAY


def _text(_blank: Blank, said: str) -> tuple[str | None, Problem | None]:
    return (None, Problem.TOO_LONG) if len(said) > LONGEST_TEXT else (said, None)


def _signature(_blank: Blank, _said: str) -> tuple[None, None]:
    """Nobody types a signature: whoever is signed in signs."""
    return None, None


_READERS: Mapping[BlankKind, Any] = {
    BlankKind.CODE: _code,
    BlankKind.NUMBER: _number,
    BlankKind.DATE: _date,
    BlankKind.TEXT: _text,
    BlankKind.SIGNATURE: _signature,
}


def _pressure(values: Values) -> Reading:
    return Reading(Kind.BP, systolic=values.get("systolic"), diastolic=values.get("diastolic"))


def _look_at_numbers(filled: Filled, recent: tuple[Reading, ...]) -> None:
    """Doubts that need more than one blank, or the person's own values before."""
    values = filled.values
    if "systolic" in values and "diastolic" in values:
        verdict = check(_pressure(values), recent)
        if Doubt.REVERSED in verdict.doubts:
            filled.problems["systolic"] = Problem.REVERSED
        elif verdict.doubts:
            filled.doubts["systolic"] = verdict.doubts[0]
    for key, (kind, context) in _SINGLE.items():
        if key in values:
            reading = Reading(kind, value=float(values[key]), context=context)
            verdict = check(reading, recent)
            if verdict.doubts:
                filled.doubts[key] = verdict.doubts[0]
