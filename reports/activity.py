"""What was done in a month, by place: follow-ups, measurements, alarms, what doctors did.

Numbers only, by the place of the person (of the doctor for what doctors did), so that any part of
the tree is a sum of tallies. `None` is the place of people who have none yet.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from care.escalation import ladder, lapses_at
from care.level import Level
from care.protocol import protocol
from care.reading import Kind, Reading
from care.situation import Background
from care.targets import Setting, controlled
from records.people import age_on
from reports import sources
from reports.definition import definitions
from reports.month import Month

LEVELS = (Level.EMERGENCY, Level.URGENT)
_UNPLACED = "-"
Place = str | None


@dataclass
class Tally:
    """Counts by the key of their figure, minutes to acknowledgement by level, and doctors' counts."""

    counts: Counter[str] = field(default_factory=Counter)
    minutes: dict[str, list[int]] = field(default_factory=dict)
    doctors: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        self.counts.update(other.counts)
        for level, minutes in other.minutes.items():
            self.minutes[level] = sorted([*self.minutes.get(level, ()), *minutes])
        for doctor, counts in other.doctors.items():
            self.doctors.setdefault(doctor, Counter()).update(counts)


def tallies(session: Session, path: str, month: Month) -> dict[Place, Tally]:
    """Count a month under a facility path, from the rows as they are now."""
    found: defaultdict[Place, Tally] = defaultdict(Tally)
    _follow_ups(found, session, path, month)
    _measured(found, session, path, month)
    _pressures(found, session, path, month)
    _alarms(found, session, path, month)
    _quality(found, session, path, month)
    _doctors(found, session, path, month)
    return dict(found)


def closed_tallies(session: Session, month: Month) -> dict[Place, Tally]:
    """What was kept when the month was closed."""
    return {
        None if row.place == _UNPLACED else row.place: _from_row(row.counted)
        for row in sources.closed_tallies(session, str(month))
    }


def place_key(place: Place) -> str:
    """A place as the key of a row."""
    return place or _UNPLACED


def as_row(tally: Tally) -> dict[str, Any]:
    """The tally as it is kept."""
    return {
        "counts": dict(tally.counts),
        "minutes": tally.minutes,
        "doctors": {doctor: dict(counts) for doctor, counts in tally.doctors.items()},
    }


def _from_row(counted: Mapping[str, Any]) -> Tally:
    return Tally(
        Counter(counted["counts"]),
        dict(counted["minutes"]),
        {doctor: Counter(counts) for doctor, counts in counted["doctors"].items()},
    )


def _follow_ups(found: dict[Place, Tally], session: Session, path: str, month: Month) -> None:
    for place, state, number in sources.follow_ups_due(session, path, month):
        found[place].counts["work.due"] += number
        if state in sources.DONE:
            found[place].counts["work.done"] += number
    for place, number in sources.visits_held(session, path, month):
        found[place].counts["work.face_to_face"] += number


def _measured(found: dict[Place, Tally], session: Session, path: str, month: Month) -> None:
    for place, readings, people in sources.measured(session, path, month):
        found[place].counts["work.readings"] += readings
        found[place].counts["work.measured"] += people


def _pressures(found: dict[Place, Tally], session: Session, path: str, month: Month) -> None:
    """People by their last pressure at each place of measuring, under that place's own line."""
    for row in sources.last_pressures(session, path, month):
        setting = Setting(row.setting)
        reading = Reading(Kind.BP, systolic=row.systolic, diastolic=row.diastolic)
        background = Background(age=age_on(row.born_on, month.last_on))
        below = controlled(reading, background, setting) is True
        found[row.facility_id].counts[f"work.{setting}_pressure"] += 1
        found[row.facility_id].counts[f"work.{setting}_below"] += below


def _alarms(found: dict[Place, Tally], session: Session, path: str, month: Month) -> None:
    for alarm in sources.alarms(session, path, month, LEVELS):
        tally, key = found[alarm.facility_id], f"alarms.{alarm.level}"
        tally.counts[f"{key}.opened"] += 1
        if alarm.acknowledged_at is None:
            tally.counts[f"{key}.unacknowledged"] += 1
            continue
        tally.counts[f"{key}.acknowledged"] += 1
        tally.counts[f"{key}.in_time"] += in_time(alarm)
        waited = (alarm.acknowledged_at - alarm.opened_at).total_seconds()
        tally.minutes.setdefault(alarm.level, []).append(math.ceil(waited / 60))


def in_time(alarm: sources.AlarmRow) -> bool:
    """Whether somebody took the alarm before the first step of its ladder lapsed."""
    rungs = ladder(Level(alarm.level))
    return (
        rungs is not None
        and alarm.acknowledged_at is not None
        and alarm.acknowledged_at <= lapses_at(rungs, 0, alarm.opened_at)
    )


def _quality(found: dict[Place, Tally], session: Session, path: str, month: Month) -> None:
    """Clinic pressures by their last digit, and in the bands on both sides of the line."""
    rules = definitions().rules
    line = protocol().number("hearts_systolic")
    for place, systolic, number in sources.clinic_systolics(session, path, month, rules):
        counts = found[place].counts
        counts["quality.values"] += number
        counts["quality.zero"] += number * (systolic % 10 == 0)
        counts["quality.below"] += number * (line - rules.band <= systolic < line)
        counts["quality.above"] += number * (line <= systolic < line + rules.band)


def _doctors(found: dict[Place, Tally], session: Session, path: str, month: Month) -> None:
    for name, place, doctor, number in sources.doctors_acts(session, path, month):
        counts = found[place].doctors.setdefault(doctor, Counter())
        counts[f"workload.{name}"] += number


def percentile(values: Iterable[int], share: float) -> int | None:
    """The nearest-rank percentile: a value that really occurred."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
