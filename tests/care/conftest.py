"""Situations in few words, for tables that read like a page of a protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from care.level import Level
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Background, Programme, Situation

_CONTEXT = {
    "fasting": GlucoseContext.FASTING,
    "postprandial": GlucoseContext.POSTPRANDIAL,
    "bedtime": GlucoseContext.BEDTIME,
    "random": GlucoseContext.RANDOM,
}
LEVELS = {
    "E": Level.EMERGENCY,
    "U": Level.URGENT,
    "R": Level.ROUTINE,
    "-": Level.NONE,
}


def reading(words: str) -> Reading:
    """ "bp 148/92", "bp 182/-", "glucose 6.5 fasting", "pulse 101"."""
    kind, value, *context = words.split()
    if kind == "bp":
        high, low = (None if half == "-" else float(half) for half in value.split("/"))
        return Reading(Kind.BP, systolic=high, diastolic=low)
    return Reading(
        Kind(kind), value=float(value), context=_CONTEXT[context[0]] if context else None
    )


def person(words: str) -> Background:
    """ "70 htn dm pregnant drug:insulin", in any order."""
    parts = words.split()
    ages = [int(part) for part in parts if part.isdigit()]
    programmes = {"htn": Programme.HYPERTENSION, "dm": Programme.TYPE2_DIABETES}
    return Background(
        age=ages[0] if ages else None,
        conditions=frozenset(programmes[part] for part in parts if part in programmes),
        pregnant="pregnant" in parts,
        drugs=frozenset(p.removeprefix("drug:") for p in parts if p.startswith("drug:")),
    )


def situation(
    findings: str = "", readings: Iterable[str] = (), who: str = "", meter: str = ""
) -> Situation:
    return Situation(
        background=person(who),
        readings=tuple(reading(words) for words in readings),
        findings=frozenset(findings.split()),
        meter_errors=frozenset(meter.split()),
    )


@pytest.fixture
def situated() -> Callable[..., Situation]:
    return situation


@pytest.fixture
def read() -> Callable[[str], Reading]:
    return reading


@pytest.fixture
def known_as() -> Callable[[str], Background]:
    return person


@pytest.fixture
def level_of() -> Callable[[str], Level]:
    return LEVELS.__getitem__
