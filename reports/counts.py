"""Counts by village and month. One query for each kind of row, pure functions over the rows.

Contact by message is never counted as a face-to-face visit, and home and clinic pressures are never
mixed. Who does not look after the people sees no small numbers.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from care.level import Level
from care.reading import Kind, Reading
from care.situation import Background, Programme
from care.targets import Setting, controlled
from records.follow_ups import CANCELLED, DRAFT, SIGNED
from records.people import age_on
from records.reader import Reader
from reports import rows
from reports.disclosure import Cell, hide_small
from reports.figure import Definitions, definitions
from reports.month import Month

FACE_TO_FACE = "face_to_face"
_DONE = frozenset({DRAFT, SIGNED})
_MEDIAN, _MOST = 0.50, 0.95

Values = dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one facility, or of all together."""

    facility_id: str | None
    name: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class MonthlyCounts:
    """The counts of a catchment in a month, as of a moment."""

    month: Month
    as_of: datetime
    definitions: Definitions
    rows: tuple[Row, ...]
    total: Row
    small_hidden: bool


def monthly(
    session: Session,
    reader: Reader | str,
    month: Month,
    now: datetime,
    *,
    show_small: bool | None = None,
) -> MonthlyCounts:
    """Count one month for a reader's catchment, or for a facility path.

    Small numbers are shown to those who look after the people anyway; `show_small` decides
    otherwise.
    """
    path = reader if isinstance(reader, str) else reader.facility_path
    if show_small is None:
        show_small = isinstance(reader, Reader) and reader.sees_people
    found = rows.fetch(session, path, month)
    places = _places(found)
    counted = {place: _count(own, month) for place, own in _by_place(found, places).items()}
    whole = _count(found, month)
    known = definitions()
    shown, total = (
        (
            {place: _plain(values) for place, values in counted.items()},
            _plain(whole),
        )
        if show_small
        else hide_small(counted, whole, known, _events(found, places))
    )
    return MonthlyCounts(
        month=month,
        as_of=now,
        definitions=known,
        rows=tuple(Row(place, name, shown[place]) for place, name in places.items()),
        total=Row(None, "合计", total),
        small_hidden=not show_small,
    )


def _places(found: rows.Found) -> dict[str | None, str]:
    """Every facility of the catchment that has anybody, in the order of the tree."""
    used = {row.facility_id for group in found.groups() for row in group}
    places: dict[str | None, str] = {
        place.id: place.name
        for place in found.places
        if place.id in used or place.kind == "village_clinic"
    }
    if None in used:
        places[None] = "还没有定村"
    return places


def _by_place(found: rows.Found, places: Iterable[str | None]) -> dict[str | None, rows.Found]:
    """The rows dealt out to their facilities, going through each kind once."""
    groups = found.groups()
    dealt: dict[str | None, list[list[Any]]] = {place: [[] for _ in groups] for place in places}
    for kind, group in enumerate(groups):
        for row in group:
            dealt[row.facility_id][kind].append(row)
    return {
        place: rows.Found(found.places, *(tuple(kind) for kind in own))
        for place, own in dealt.items()
    }


def _count(found: rows.Found, month: Month) -> Values:
    return {
        **managed(found.enrolments, month),
        "readings": sum(row.readings for row in found.measured),
        "people_measured": len(found.measured),
        **follow_ups(found.follow_ups),
        **pressures(found.pressures, month),
        **alarms(found.alarms),
    }


def managed(enrolments: Iterable[rows.EnrolmentRow], month: Month) -> Values:
    """People under management at the end of the month, by programme."""
    under = Counter(
        row.programme
        for row in enrolments
        if row.enrolled_on <= month.last_on
        and (row.ended_on is None or row.ended_on > month.last_on)
    )
    return {f"managed_{programme}": under[programme] for programme in Programme}


def follow_ups(due: Iterable[rows.FollowUpRow]) -> Values:
    """Follow-ups due in the month, and what became of them."""
    kept = [row for row in due if row.state != CANCELLED]
    met = [row for row in kept if row.state == SIGNED and row.mode == FACE_TO_FACE]
    return {
        "follow_ups_due": len(kept),
        "follow_ups_done": sum(row.state in _DONE for row in kept),
        "follow_ups_face_to_face": len(met),
    }


def pressures(last: Iterable[rows.PressureRow], month: Month) -> Values:
    """People by their last pressure at each place of measuring, under that place's own line."""
    people: Counter[Setting] = Counter()
    below: Counter[Setting] = Counter()
    for row in last:
        setting = Setting(row.setting)
        reading = Reading(Kind.BP, systolic=row.systolic, diastolic=row.diastolic)
        background = Background(age=age_on(row.born_on, month.last_on))
        people[setting] += 1
        below[setting] += controlled(reading, background, setting) is True
    return {
        **{f"{setting}_pressure": people[setting] for setting in Setting},
        **{f"{setting}_pressure_below": below[setting] for setting in Setting},
    }


def alarms(opened: Sequence[rows.AlarmRow]) -> Values:
    """Escalations by level, and the minutes until somebody took them."""
    by_level = Counter(row.level for row in opened)
    minutes = acknowledgement_minutes(opened)
    return {
        "emergencies": by_level[Level.EMERGENCY],
        "urgent": by_level[Level.URGENT],
        "unacknowledged": sum(row.acknowledged_at is None for row in opened),
        "minutes_p50": percentile(minutes, _MEDIAN),
        "minutes_p95": percentile(minutes, _MOST),
    }


def acknowledgement_minutes(opened: Iterable[rows.AlarmRow]) -> list[int]:
    """Whole minutes from alarm to acknowledgement, begun minutes counting in full."""
    return sorted(
        math.ceil((row.acknowledged_at - row.opened_at).total_seconds() / 60)
        for row in opened
        if row.acknowledged_at is not None
    )


def percentile(values: Sequence[int], share: float) -> int | None:
    """The nearest-rank percentile of sorted values: a value that really occurred."""
    if not values:
        return None
    return values[max(0, math.ceil(share * len(values)) - 1)]


def _events(found: rows.Found, places: Iterable[str | None]) -> dict[str | None, int]:
    """How many acknowledged alarms stand behind the minutes of each place."""
    events: dict[str | None, int] = defaultdict(int)
    for row in found.alarms:
        events[row.facility_id] += row.acknowledged_at is not None
    return {place: events[place] for place in places}


def _plain(values: Values) -> dict[str, Cell]:
    return {key: Cell(value) for key, value in values.items()}
