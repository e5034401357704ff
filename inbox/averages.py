"""The numbers above the fold: the mean of the last week, and the last value where there is none.

Home and clinic are never mixed, nor is glucose before and after a meal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from care.average import period
from care.reading import UNITS, GlucoseContext, Kind, Reading
from care.situation import Background
from care.targets import Setting, controlled
from inbox.lines import background_of
from inbox.moments import clock
from inbox.words import label, word
from records.dossier import Dossier
from records.readings import STORED, as_reading
from records.tables import StoredReading

WEEK = timedelta(days=7)
_CONTEXTS = (GlucoseContext.FASTING, GlucoseContext.POSTPRANDIAL, GlucoseContext.RANDOM)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name and what it was made of. `tone`: calm, waiting, or nothing known."""

    name: str
    value: str
    unit: str
    basis: str
    tone: str


def figures_of(person: Dossier, now: datetime) -> tuple[Figure, ...]:
    """Pressure at home and at the clinic, glucose by meal: each as far as there is anything."""
    known = background_of(person, now)
    rows = [row for row in person.readings if row.state == STORED and row.taken_at <= now]
    return (*_pressures(rows, known, now), *_sugars(rows, known, now))


def _pressures(rows: Sequence[StoredReading], known: Background, now: datetime) -> Iterator[Figure]:
    for setting in (Setting.HOME, Setting.CLINIC):
        found = [
            row
            for row in rows
            if row.kind == Kind.BP
            and row.systolic is not None
            and row.diastolic is not None
            and (row.setting == Setting.CLINIC) == (setting is Setting.CLINIC)
        ]
        week = _week(found, now)
        name = f"{word('setting', setting)}血压"
        if week and setting is Setting.HOME:
            mean = period([as_reading(row) for row in week])
            yield _figure(name, mean.reading, f"七天 {mean.count} 次平均", known, setting)
        elif found:
            yield _figure(name, as_reading(found[0]), _last(found[0], now), known, setting)


def _sugars(rows: Sequence[StoredReading], known: Background, now: datetime) -> Iterator[Figure]:
    for context in _CONTEXTS:
        found = [
            row
            for row in rows
            if row.kind == Kind.GLUCOSE
            and row.value is not None
            and (row.context or GlucoseContext.RANDOM) == context
        ]
        week = _week(found, now)
        name = label("glucose", context)
        if len(week) > 1:
            mean = round(fmean(row.value for row in week if row.value is not None), 1)
            value = Reading(Kind.GLUCOSE, value=mean, context=context)
            yield _figure(name, value, f"七天 {len(week)} 次平均", known)
        elif found:
            yield _figure(name, as_reading(found[0]), _last(found[0], now), known)


def _week(rows: Sequence[StoredReading], now: datetime) -> list[StoredReading]:
    return [row for row in rows if row.taken_at > now - WEEK]


def _last(row: StoredReading, now: datetime) -> str:
    return f"最近一次，{clock(row.taken_at, now)}"


def _figure(
    name: str,
    value: Reading,
    basis: str,
    known: Background,
    setting: Setting = Setting.CLINIC,
) -> Figure:
    judged = controlled(value, known, setting)
    tone = {True: "calm", False: "waiting", None: ""}[judged]
    return Figure(name, str(value), UNITS[value.kind], basis, tone)
