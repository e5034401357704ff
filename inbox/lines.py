"""The lines drawn across a chart: the reporting cut-off and the treatment target, never mixed up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from care import targets
from care.reading import GlucoseContext, Kind
from care.situation import Background, Programme
from care.targets import Setting
from inbox.moments import age
from inbox.words import word
from records.dossier import Dossier
from records.tables import StoredReading

CUTOFF, TARGET = "cutoff", "target"


@dataclass(frozen=True, slots=True)
class Line:
    """A level line, its name, and the class that colours it."""

    name: str
    tone: str
    value: float


def lines_of(
    person: Dossier, kind: Kind, rows: Sequence[StoredReading], now: datetime
) -> tuple[Line, ...]:
    """The lines that hold for this person and these readings, from the protocols."""
    known = background_of(person, now)
    if kind is Kind.BP:
        return _pressure_lines(known, _setting(rows))
    return _sugar_lines(known, rows)


def _pressure_lines(known: Background, setting: Setting) -> tuple[Line, ...]:
    cutoff = targets.pressure_cutoff(known, setting)
    name = f"达标口径（{word('setting', setting)}）{cutoff.systolic:g}/{cutoff.diastolic:g}"
    lines = [Line(name, CUTOFF, cutoff.systolic), Line(name, CUTOFF, cutoff.diastolic)]
    if Programme.HYPERTENSION in known.conditions:
        target = targets.pressure_target(known)
        name = f"治疗目标 {target.systolic:g}/{target.diastolic:g}"
        lines += [Line(name, TARGET, target.systolic), Line(name, TARGET, target.diastolic)]
    return tuple(lines)


def _sugar_lines(known: Background, rows: Sequence[StoredReading]) -> tuple[Line, ...]:
    fasting = any(row.context == GlucoseContext.FASTING for row in rows)
    context = GlucoseContext.FASTING if fasting else GlucoseContext.RANDOM
    cutoff = targets.sugar_cutoff(Kind.GLUCOSE, context)
    said = "空腹" if fasting else "非空腹"
    lines = [Line(f"达标口径（{said}）{cutoff.value:g}", CUTOFF, cutoff.value)] if cutoff else []
    if Programme.TYPE2_DIABETES in known.conditions:
        aim = targets.sugar_target()
        below = aim.fasting_below if fasting else aim.nonfasting_below
        lines.append(Line(f"治疗目标（{said}）{below:g}", TARGET, below))
    return tuple(lines)


def _setting(rows: Sequence[StoredReading]) -> Setting:
    """The line of the place most of the readings come from."""
    at_clinic = sum(row.setting == Setting.CLINIC for row in rows)
    return Setting.CLINIC if at_clinic * 2 > len(rows) else Setting.HOME


def background_of(person: Dossier, now: datetime) -> Background:
    """What the rules may know of the person."""
    running = [one.programme for one in person.programmes if one.ended_on is None]
    return Background(
        age=age(person.born_on, now),
        conditions=frozenset(Programme(name) for name in running),
        pregnant=person.pregnant,
        drugs=frozenset(person.drugs),
    )
