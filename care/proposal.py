"""What the rules make of a filled form: its class, the next date, and what to suggest to the doctor.

The doctor may decide otherwise; a suggestion names its guideline and is never told to a patient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from care.assess import assess
from care.cadence import Due, next_due
from care.classify import (
    Classification,
    NextMeasure,
    Visit,
    VisitClass,
    classify,
    follow,
    in_a_row,
)
from care.filling import readings
from care.form import FOLDER, Form, origin
from care.level import Level
from care.protocol import protocol
from care.protocol_file import PROVENANCE_KEYS, Provenance, read
from care.situation import Assessment, Background, Programme, Situation


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something for the doctor to weigh. Its words stand with the pages, under the same id."""

    id: str
    origin: Provenance


@dataclass(frozen=True, slots=True)
class Proposal:
    """By the rules: the class, the next contact, how urgent the numbers are, and suggestions."""

    result: Classification
    due: Due
    judged: Assessment
    suggestions: tuple[Suggestion, ...]

    @property
    def code(self) -> str | None:
        """The code of the class as the form prints it; None when there is nothing to judge by."""
        return self.result.visit_class.code if self.result.visit_class else None


def propose(
    form: Form,
    values: Mapping[str, Any],
    held_on: date,
    *,
    background: Background,
    previous: Sequence[VisitClass] = (),
    findings: frozenset[str] = frozenset(),
    decided: VisitClass | None = None,
) -> Proposal:
    """Classify a filled form; with `decided` the class is the doctor's and the rest follows from it."""
    measured = readings(values)
    judged = assess(Situation(background=background, readings=measured, findings=findings))
    critical = judged.level >= Level.URGENT
    visit = Visit(
        programme=form.programme,
        background=background,
        readings=measured,
        adverse_reaction=values.get("adr") == max(form.blanks["adr"].codes),
        critical=critical,
    )
    result = classify(visit, previous)
    if decided is not None:
        result = follow(decided, previous, critical=critical)
    found = _suggested(form, values, result, previous)
    offered = tuple(s for one in found if (s := suggestion(one, form.programme)))
    return Proposal(result, next_due(held_on, result), judged, offered)


def standing(programme: Programme, classes: Sequence[VisitClass]) -> tuple[Suggestion, ...]:
    """What the classes of the last follow-ups suggest, the latest first."""
    if not classes:
        return ()
    found = _by_class(follow(classes[0], classes[1:]), classes[1:])
    return tuple(s for one in found if (s := suggestion(one, programme)))


def suggestion(name: str, programme: Programme) -> Suggestion | None:
    return suggestions().get((name, programme))


@lru_cache(maxsize=1)
def suggestions() -> dict[tuple[str, Programme], Suggestion]:
    """All suggestions with their guideline, read once per process."""
    file = read("suggestions.toml", FOLDER)
    meta = file.entry("meta")
    found = {}
    for entry in file.entries("suggestion"):
        entry.only("id", "programme", *PROVENANCE_KEYS)
        name, programme = entry.text("id"), entry.one_of("programme", Programme)
        found[name, programme] = Suggestion(name, origin(entry, meta, protocol(), ""))
    return found


def class_of(code: str | None) -> VisitClass | None:
    """The class of a code on the form."""
    return next((one for one in VisitClass if one.code == code), None)


def _suggested(
    form: Form, values: Mapping[str, Any], result: Classification, previous: Sequence[VisitClass]
) -> Iterator[str]:
    yield from _by_class(result, previous)
    pulse = form.blanks.get("dorsalis_pedis")
    if pulse and values.get("dorsalis_pedis", "") not in ("", next(iter(pulse.codes))):
        yield "foot_pulse"


def _by_class(result: Classification, previous: Sequence[VisitClass]) -> Iterator[str]:
    """Each is one sentence: the gravest says what the lesser ones would."""
    if result.measure is NextMeasure.URGENT_REFERRAL:
        yield "urgent_referral"
    if result.visit_class is VisitClass.COMPLICATION:
        yield "complication"
    elif in_a_row(result.visit_class, previous):
        yield "in_a_row"
    elif result.visit_class is VisitClass.ADVERSE_REACTION:
        yield "adverse_reaction"
    elif result.visit_class is VisitClass.UNSATISFACTORY:
        yield "first_unsatisfactory"
