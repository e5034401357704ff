"""One person in one programme at the end of a month: the only place where the classes are decided.

Three partitions, each summing to everybody who was under management in the year so far:

* `standard` (规范管理): met, short, early (too short under management for a first visit to be due)
* `control` (NBPHS): controlled, uncontrolled, no_value, not_seen; only the first is a success
* `cohort` (HEARTS): the outcomes of the population, or why somebody is not in it

A contact by message is never a visit. Pure functions over what `reports.history` read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from care.protocol import protocol
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Background, Programme
from care.targets import Setting, controlled, hearts_controlled, hearts_worse
from records.people import age_on
from reports.definition import Rules
from reports.month import Month

# 规范管理
MET, SHORT, EARLY = "met", "short", "early"
STANDARD = (MET, SHORT, EARLY)
# NBPHS control
CONTROLLED, UNCONTROLLED, NO_VALUE, NOT_SEEN = "controlled", "uncontrolled", "no_value", "not_seen"
CONTROL = (CONTROLLED, UNCONTROLLED, NO_VALUE, NOT_SEEN)
# HEARTS: the outcomes of the population, and those outside it
WORSE, VISITED_NO_READING, MISSED_VISIT = "worse", "visited_no_reading", "missed_visit"
OUTCOMES = (CONTROLLED, UNCONTROLLED, WORSE, VISITED_NO_READING, MISSED_VISIT)
NEW, LOST, ENDED = "new", "lost", "ended"
COHORT = (*OUTCOMES, NEW, LOST, ENDED)

_NBPHS_KIND = {Programme.HYPERTENSION: Kind.BP, Programme.TYPE2_DIABETES: Kind.GLUCOSE}
_SUGAR = frozenset({Kind.GLUCOSE, Kind.HBA1C})


@dataclass(frozen=True, slots=True)
class Visit:
    """A face-to-face visit that a doctor signed."""

    id: str
    held_on: date


@dataclass(frozen=True, slots=True)
class Measured:
    """A confirmed value that may count, with the visit it was taken at where that is known."""

    on: date
    reading: Reading
    setting: Setting = Setting.CLINIC
    visit_id: str | None = None


@dataclass(frozen=True)
class History:
    """What is known of one person in one programme. Visits and values in the order of their days.

    `ended_on` is the first day on which the person was no longer under management.
    """

    person_id: str
    programme: Programme
    facility_id: str | None
    born_on: date | None
    enrolled_on: date
    ended_on: date | None = None
    visits: Sequence[Visit] = ()
    values: Sequence[Measured] = field(default=())

    @cached_property
    def visit_days(self) -> list[date]:
        """The days with a visit: two forms of one day are one visit."""
        return sorted({visit.held_on for visit in self.visits})

    @cached_property
    def fasting_days(self) -> list[date]:
        """The days with a fasting glucose."""
        return sorted({one.on for one in self.values if _fasting(one.reading)})

    @cached_property
    def seen_days(self) -> list[date]:
        """The days on which anybody saw the person, registration included."""
        days = {one.on for one in self.values if one.setting is Setting.CLINIC}
        return sorted({*self.visit_days, *days, self.enrolled_on})


@dataclass(frozen=True, slots=True)
class State:
    """The classes of one person at the end of one month."""

    under_care: bool
    standard: str
    control: str
    cohort: str
    visits: int
    fasting_tests: int


def state(history: History, month: Month, rules: Rules) -> State | None:
    """The state at the end of the month; None for who was not under management in the year."""
    if not _managed_in_year(history, month):
        return None
    year, last = month.year_began_on, month.last_on
    visits = _between(history.visit_days, year, last)
    tests = _between(history.fasting_days, year, last)
    under_care = history.ended_on is None or history.ended_on > last
    return State(
        under_care=under_care,
        standard=_standard(history, month, rules, visits, tests),
        control=_control(history, year, last),
        cohort=_cohort(history, month) if under_care else ENDED,
        visits=visits,
        fasting_tests=tests,
    )


def _managed_in_year(history: History, month: Month) -> bool:
    ended = history.ended_on or date.max
    return (
        history.enrolled_on <= month.last_on
        and ended > month.year_began_on
        and ended > history.enrolled_on
    )


def _standard(history: History, month: Month, rules: Rules, visits: int, tests: int) -> str:
    known = protocol()
    wanted_visits, wanted_tests = known.whole("visits_a_year"), known.whole("fasting_tests_a_year")
    if rules.prorated:
        since = max(history.enrolled_on, month.year_began_on)
        until = min(history.ended_on or date.max, month.following().first_on)
        due = (until - since).days // rules.days_per_visit
        wanted_visits, wanted_tests = min(wanted_visits, due), min(wanted_tests, due)
    if not wanted_visits:
        return EARLY
    enough = visits >= wanted_visits
    if history.programme is Programme.TYPE2_DIABETES:
        enough = enough and tests >= wanted_tests
    return MET if enough else SHORT


def _control(history: History, year: date, last: date) -> str:
    """By the last visit of the year: whoever was not seen, or not measured, is not controlled."""
    seen = [visit for visit in history.visits if year <= visit.held_on <= last]
    if not seen:
        return NOT_SEEN
    visit = max(seen, key=lambda one: (one.held_on, one.id))
    background = Background(age=age_on(history.born_on, visit.held_on))
    judged = [
        verdict
        for one in _values_of(history, visit)
        if (verdict := controlled(one.reading, background, one.setting)) is not None
    ]
    if not judged:
        return NO_VALUE
    return CONTROLLED if judged[-1] else UNCONTROLLED


def _values_of(history: History, visit: Visit) -> list[Measured]:
    """What was measured at a visit: what was written down for it, else what was taken that day."""
    kind = _NBPHS_KIND[history.programme]
    fitting = [
        one
        for one in history.values
        if one.reading.kind is kind and (kind is Kind.BP or _fasting(one.reading))
    ]
    own = [one for one in fitting if one.visit_id == visit.id]
    return own or [one for one in fitting if one.visit_id is None and one.on == visit.held_on]


def _cohort(history: History, month: Month) -> str:
    known = protocol()
    window = known.whole("hearts_window_months")
    if month.number - Month.on(history.enrolled_on).number < window:
        return NEW
    seen = history.seen_days[bisect_right(history.seen_days, month.last_on) - 1]
    if month.number - Month.on(seen).number >= known.whole("hearts_lost_months"):
        return LOST
    first = month.earlier(window - 1).first_on
    verdict = _hearts(history, first, month.last_on)
    if verdict:
        return verdict
    return VISITED_NO_READING if first <= seen else MISSED_VISIT


def _hearts(history: History, first: date, last: date) -> str:
    """By the last value of the window; empty without one that can be judged."""
    kinds = {Kind.BP} if history.programme is Programme.HYPERTENSION else _SUGAR
    found = ""
    for one in history.values:
        if one.reading.kind in kinds and first <= one.on <= last:
            verdict = hearts_controlled(one.reading)
            if verdict is not None:
                worse = WORSE if hearts_worse(one.reading) else UNCONTROLLED
                found = CONTROLLED if verdict else worse
    return found


def _fasting(reading: Reading) -> bool:
    return reading.kind is Kind.GLUCOSE and reading.context is GlucoseContext.FASTING


def _between(days: Sequence[date], first: date, last: date) -> int:
    return bisect_right(days, last) - sum(day < first for day in days)
