"""The rows behind the counts: one query for each kind, narrow, for a part of the facility tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlmodel import Session, col, func, or_

from care.reading import Kind
from care.situation import Programme
from records.readings import STORED
from records.tables import (
    Enrolment,
    Escalation,
    Facility,
    FollowUp,
    Person,
    StoredReading,
)
from reports.month import Month

_UNDER_CARE = "active"


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A facility of the catchment."""

    id: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class EnrolmentRow:
    """A living enrolment of somebody under care."""

    facility_id: str | None
    programme: str
    enrolled_on: date
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """One person's confirmed readings in the month."""

    facility_id: str | None
    person_id: str
    readings: int


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """A follow-up due in the month."""

    facility_id: str | None
    state: str
    mode: str


@dataclass(frozen=True, slots=True)
class PressureRow:
    """The last pressure of the year so far, of one person at one place of measuring."""

    facility_id: str | None
    born_on: date | None
    setting: str
    systolic: float | None
    diastolic: float | None


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An escalation opened in the month."""

    facility_id: str | None
    level: str
    opened_at: datetime
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """Everything the counts are made of."""

    places: tuple[PlaceRow, ...]
    enrolments: tuple[EnrolmentRow, ...]
    measured: tuple[MeasuredRow, ...]
    follow_ups: tuple[FollowUpRow, ...]
    pressures: tuple[PressureRow, ...]
    alarms: tuple[AlarmRow, ...]

    def groups(self) -> tuple[Sequence[Any], ...]:
        """The rows that belong to a facility, in the order of the fields."""
        return (self.enrolments, self.measured, self.follow_ups, self.pressures, self.alarms)


def fetch(session: Session, path: str, month: Month) -> Found:
    """All rows of one month under a facility path."""
    places = _places(session, path)
    mine = _mine(places)
    return Found(
        places,
        _enrolments(session, mine),
        _measured(session, mine, month),
        _follow_ups(session, mine, month),
        _pressures(session, mine, month),
        _alarms(session, mine, month),
    )


def _places(session: Session, path: str) -> tuple[PlaceRow, ...]:
    rows = session.execute(
        select(col(Facility.id), col(Facility.kind), col(Facility.name))
        .where(col(Facility.path).startswith(path, autoescape=True))
        .order_by(col(Facility.path))
    ).all()
    return tuple(PlaceRow(*row) for row in rows)


def _mine(places: Sequence[PlaceRow]) -> ColumnElement[bool]:
    """The people of these places; above a village also those who have no place yet."""
    inside = col(Person.facility_id).in_([place.id for place in places])
    if len(places) > 1:
        return or_(inside, col(Person.facility_id).is_(None))
    return inside


def _enrolments(session: Session, mine: ColumnElement[bool]) -> tuple[EnrolmentRow, ...]:
    rows = session.execute(
        select(
            col(Person.facility_id),
            col(Enrolment.programme),
            col(Enrolment.enrolled_on),
            col(Enrolment.ended_on),
        )
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(mine)
        .where(col(Person.status) == _UNDER_CARE)
    ).all()
    return tuple(EnrolmentRow(*row) for row in rows)


def _measured(session: Session, mine: ColumnElement[bool], month: Month) -> tuple[MeasuredRow, ...]:
    rows = session.execute(
        select(col(Person.facility_id), col(Person.id), func.count(col(StoredReading.id)))
        .join(Person, col(Person.id) == col(StoredReading.person_id))
        .where(mine)
        .where(col(StoredReading.state) == STORED)
        .where(col(StoredReading.taken_at) >= month.begins_at)
        .where(col(StoredReading.taken_at) < month.ends_at)
        .group_by(col(Person.facility_id), col(Person.id))
    ).all()
    return tuple(MeasuredRow(*row) for row in rows)


def _follow_ups(
    session: Session, mine: ColumnElement[bool], month: Month
) -> tuple[FollowUpRow, ...]:
    rows = session.execute(
        select(col(Person.facility_id), col(FollowUp.state), col(FollowUp.mode))
        .join(Person, col(Person.id) == col(FollowUp.person_id))
        .where(mine)
        .where(col(FollowUp.due_on) >= month.first_on)
        .where(col(FollowUp.due_on) <= month.last_on)
    ).all()
    return tuple(FollowUpRow(*row) for row in rows)


def _pressures(
    session: Session, mine: ColumnElement[bool], month: Month
) -> tuple[PressureRow, ...]:
    ranked = _ranked(mine, month).subquery()
    rows = session.execute(
        select(
            ranked.c.facility_id,
            ranked.c.born_on,
            ranked.c.setting,
            ranked.c.systolic,
            ranked.c.diastolic,
        ).where(ranked.c.place == 1)
    ).all()
    return tuple(PressureRow(*row) for row in rows)


def _ranked(mine: ColumnElement[bool], month: Month) -> Select[Any]:
    """Confirmed pressures of the year of people with hypertension, the last one numbered 1."""
    under_care = (
        select(col(Enrolment.person_id))
        .where(col(Enrolment.programme) == Programme.HYPERTENSION)
        .where(col(Enrolment.enrolled_on) <= month.last_on)
        .where(or_(col(Enrolment.ended_on).is_(None), col(Enrolment.ended_on) > month.last_on))
    )
    place = func.row_number().over(
        partition_by=[col(StoredReading.person_id), col(StoredReading.setting)],
        order_by=[col(StoredReading.taken_at).desc(), col(StoredReading.id).desc()],
    )
    return (
        select(
            col(Person.facility_id),
            col(Person.born_on),
            col(StoredReading.setting),
            col(StoredReading.systolic),
            col(StoredReading.diastolic),
        )
        .add_columns(place.label("place"))
        .join(Person, col(Person.id) == col(StoredReading.person_id))
        .where(mine)
        .where(col(Person.status) == _UNDER_CARE)
        .where(col(Person.id).in_(under_care))
        .where(col(StoredReading.kind) == Kind.BP)
        .where(col(StoredReading.state) == STORED)
        .where(col(StoredReading.systolic).is_not(None))
        .where(col(StoredReading.diastolic).is_not(None))
        .where(col(StoredReading.taken_at) >= month.year_begins_at)
        .where(col(StoredReading.taken_at) < month.ends_at)
    )


def _alarms(session: Session, mine: ColumnElement[bool], month: Month) -> tuple[AlarmRow, ...]:
    rows = session.execute(
        select(
            col(Person.facility_id),
            col(Escalation.level),
            col(Escalation.opened_at),
            col(Escalation.acknowledged_at),
        )
        .join(Person, col(Person.id) == col(Escalation.person_id))
        .where(mine)
        .where(col(Escalation.opened_at) >= month.begins_at)
        .where(col(Escalation.opened_at) < month.ends_at)
    ).all()
    return tuple(AlarmRow(*row) for row in rows)
