"""Values as a doctor types them into a form: full-width digits, "135/85" in one field, no unit."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from care.reading import GlucoseContext, Kind, Reading

_LONGEST_NUMBER = 8


class Fault(StrEnum):
    """What is wrong with what was typed: codes of the page's words."""

    HALF_PRESSURE = "half_pressure"
    NO_CHOICE = "no_choice"
    NO_PERSON = "no_person"
    NO_REASON = "no_reason"
    NOT_A_NUMBER = "not_a_number"
    NOTHING_MEASURED = "nothing_measured"
    SAME_VALUE = "same_value"


class EntryError(ValueError):
    """What was typed cannot be taken; the argument is a `Fault`."""


def taken_in(fields: Mapping[str, str]) -> tuple[Reading, ...]:
    """Everything measured in one sitting.

    Raises:
        EntryError: nothing at all, half a pressure, or no number.
    """
    found: list[Reading] = []
    both = pressure(fields)
    if both is not None:
        found.append(both)
    for name, kind in (("pulse", Kind.PULSE), ("glucose", Kind.GLUCOSE)):
        value = number(fields.get(name, ""))
        if value is not None:
            context = context_of(fields) if kind is Kind.GLUCOSE else None
            found.append(Reading(kind, value=value, context=context))
    if not found:
        raise EntryError(Fault.NOTHING_MEASURED)
    return tuple(found)


def pressure(fields: Mapping[str, str]) -> Reading | None:
    """High and low; whoever types "135/85" into the first field is understood."""
    high, low = fields.get("systolic", ""), fields.get("diastolic", "")
    if "/" in _plain(high) and not low.strip():
        high, _, low = _plain(high).partition("/")
    systolic, diastolic = number(high), number(low)
    if systolic is None and diastolic is None:
        return None
    if systolic is None or diastolic is None:
        raise EntryError(Fault.HALF_PRESSURE)
    return Reading(Kind.BP, systolic=systolic, diastolic=diastolic)


def context_of(fields: Mapping[str, str]) -> GlucoseContext:
    said = fields.get("context", "")
    return GlucoseContext(said) if said in set(GlucoseContext) else GlucoseContext.RANDOM


def number(typed: str) -> float | None:
    """The number, None for an empty field. Full-width digits and a Chinese point are fine."""
    text = _plain(typed)
    if not text:
        return None
    plain = text.replace(".", "", 1)
    if not (plain.isascii() and plain.isdigit()) or len(text) > _LONGEST_NUMBER:
        raise EntryError(Fault.NOT_A_NUMBER)
    return float(text)


def _plain(typed: str) -> str:
    return unicodedata.normalize("NFKC", typed).replace("。", ".").strip()
