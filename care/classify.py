"""The class of a follow-up: 控制满意, 控制不满意, 不良反应 or 并发症; the most serious wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile

from care.average import sitting
from care.line import Setting
from care.protocol import protocol
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Background, Programme
from care.targets import controlled


class VisitClass(StrEnum):
    """Class on the official form. `code` is what the form prints."""

    SATISFACTORY = "satisfactory"
    UNSATISFACTORY = "unsatisfactory"
    ADVERSE_REACTION = "adverse_reaction"
    COMPLICATION = "complication"

    @property
    def code(self) -> str:
        return str(list(VisitClass).index(self) + 1)


class NextMeasure(StrEnum):
    """下一步管理措施 of the extended form. `code` is what the form prints."""

    ROUTINE = "routine"
    TWO_WEEKS = "two_weeks"
    REFERRAL = "referral"
    URGENT_REFERRAL = "urgent_referral"

    @property
    def code(self) -> str:
        return str(list(NextMeasure).index(self) + 1)


@dataclass(frozen=True, slots=True)
class Visit:
    """What one follow-up found. Readings in the order they were taken.

    `complication`: a new one, or an old one worse. `critical`: a red flag was raised at this visit.
    """

    programme: Programme
    background: Background = field(default_factory=Background)
    readings: tuple[Reading, ...] = ()
    adverse_reaction: bool = False
    complication: bool = False
    critical: bool = False
    setting: Setting = Setting.CLINIC


@dataclass(frozen=True, slots=True)
class Classification:
    """The class (None: nothing to judge by), what to do next, and whether to suggest a referral."""

    visit_class: VisitClass | None
    measure: NextMeasure
    refer: bool


def classify(visit: Visit, previous: Sequence[VisitClass] = ()) -> Classification:
    """Classifies a follow-up.

    Two in a row that were not satisfactory (out of control or an adverse reaction), a complication
    or a red flag suggest a referral; the doctor decides.

    Args:
        visit: what was found.
        previous: the classes of the follow-ups before, the latest first.
    """
    return follow(_class(visit), previous, critical=visit.critical)


def follow(
    found: VisitClass | None, previous: Sequence[VisitClass] = (), *, critical: bool = False
) -> Classification:
    """What follows from a class, whether the rules found it or the doctor decided it."""
    if critical:
        return Classification(found, NextMeasure.URGENT_REFERRAL, refer=True)
    if found is VisitClass.COMPLICATION or in_a_row(found, previous):
        return Classification(found, NextMeasure.REFERRAL, refer=True)
    if found is VisitClass.SATISFACTORY:
        return Classification(found, NextMeasure.ROUTINE, refer=False)
    return Classification(found, NextMeasure.TWO_WEEKS, refer=False)


def _class(visit: Visit) -> VisitClass | None:
    if visit.complication:
        return VisitClass.COMPLICATION
    if visit.adverse_reaction:
        return VisitClass.ADVERSE_REACTION
    judged = _controlled(visit)
    if judged is None:
        return None
    return VisitClass.SATISFACTORY if judged else VisitClass.UNSATISFACTORY


def _controlled(visit: Visit) -> bool | None:
    if visit.programme is Programme.HYPERTENSION:
        return _pressure_controlled(visit)
    return _sugar_controlled(visit)


def _pressure_controlled(visit: Visit) -> bool | None:
    readings = [r for r in visit.readings if r.kind is Kind.BP]
    if any(r.systolic is not None and r.diastolic is not None for r in readings):
        readings = [sitting(readings).reading]
    judged = [controlled(r, visit.background, visit.setting) for r in readings]
    if False in judged:
        return False
    return True if True in judged else None


def _sugar_controlled(visit: Visit) -> bool | None:
    """By the last fasting glucose; without one only a value far outside says something."""
    glucose = [r for r in visit.readings if r.kind is Kind.GLUCOSE and r.value is not None]
    fasting = [r for r in glucose if r.context is GlucoseContext.FASTING]
    if fasting:
        return controlled(fasting[-1], visit.background)
    known = protocol()
    low, high = known.number("glucose_low"), known.number("glucose_very_high")
    far = any(r.value is not None and (r.value <= low or r.value >= high) for r in glucose)
    return False if far else None


def in_a_row(found: VisitClass | None, previous: Sequence[VisitClass]) -> bool:
    """Whether this is the second in a row (or later) that was not satisfactory."""
    unsatisfactory = {VisitClass.UNSATISFACTORY, VisitClass.ADVERSE_REACTION}
    if found not in unsatisfactory:
        return False
    before = sum(1 for _ in takewhile(lambda one: one in unsatisfactory, previous))
    return before + 1 >= protocol().whole("unsatisfactory_in_a_row")
