"""The rows behind the activity of a month, counted in the database for a part of the tree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, select
from sqlmodel import Session, col, func, or_

from care.reading import Kind
from care.situation import Programme
from care.targets import Setting
from records.follow_ups import CANCELLED, DRAFT, SIGNED
from records.readings import MEASURED, STORED
from records.tables import (
    ClosedTally,
    Enrolment,
    Escalation,
    Facility,
    FollowUp,
    OutboundMessage,
    Person,
    Practitioner,
    StoredReading,
)
from reports.definition import Rules
from reports.history import FACE_TO_FACE
from reports.month import Month

DONE = frozenset({DRAFT, SIGNED})
UNDER_CARE = ("active", "away")
_PLACE = col(Person.facility_id)


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


def closed_tallies(session: Session, month: str) -> Sequence[ClosedTally]:
    """What was kept when a month was closed."""
    return (
        session.execute(select(ClosedTally).where(col(ClosedTally.month) == month)).scalars().all()
    )


def follow_ups_due(
    session: Session, path: str, month: Month
) -> Iterable[tuple[str | None, str, int]]:
    """Follow-ups due in the month, by place and state."""
    return _rows(
        session,
        select(_PLACE, col(FollowUp.state), func.count())
        .select_from(FollowUp)
        .join(Person, col(Person.id) == col(FollowUp.person_id))
        .where(_mine(path))
        .where(col(FollowUp.due_on).between(month.first_on, month.last_on))
        .where(col(FollowUp.state) != CANCELLED)
        .group_by(_PLACE, col(FollowUp.state)),
    )


def visits_held(session: Session, path: str, month: Month) -> Iterable[tuple[str | None, int]]:
    """Signed face-to-face visits of the month, by place."""
    return _rows(
        session,
        select(_PLACE, func.count())
        .select_from(FollowUp)
        .join(Person, col(Person.id) == col(FollowUp.person_id))
        .where(_mine(path))
        .where(col(FollowUp.held_on).between(month.first_on, month.last_on))
        .where(col(FollowUp.state) == SIGNED)
        .where(col(FollowUp.mode) == FACE_TO_FACE)
        .group_by(_PLACE),
    )


def measured(session: Session, path: str, month: Month) -> Iterable[tuple[str | None, int, int]]:
    """Confirmed readings of the month and how many people they are of, by place."""
    people = func.count(func.distinct(col(StoredReading.person_id)))
    return _rows(
        session,
        select(_PLACE, func.count(), people)
        .select_from(StoredReading)
        .join(Person, col(Person.id) == col(StoredReading.person_id))
        .where(_mine(path))
        .where(col(StoredReading.state) == STORED)
        .where(col(StoredReading.basis) == MEASURED)
        .where(col(StoredReading.taken_at) >= month.begins_at)
        .where(col(StoredReading.taken_at) < month.ends_at)
        .group_by(_PLACE),
    )


def last_pressures(session: Session, path: str, month: Month) -> Iterable[PressureRow]:
    """The last confirmed pressure of everybody with hypertension, at home and in the clinic."""
    ranked = _ranked(path, month).subquery()
    columns = [ranked.c[name] for name in PressureRow.__slots__]
    return [
        PressureRow(*row) for row in session.execute(select(*columns).where(ranked.c.place == 1))
    ]


def _ranked(path: str, month: Month) -> Select[Any]:
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
            _PLACE,
            col(Person.born_on),
            col(StoredReading.setting),
            col(StoredReading.systolic),
            col(StoredReading.diastolic),
        )
        .add_columns(place.label("place"))
        .select_from(StoredReading)
        .join(Person, col(Person.id) == col(StoredReading.person_id))
        .where(_mine(path))
        .where(col(Person.status).in_(UNDER_CARE))
        .where(col(Person.id).in_(under_care))
        .where(col(StoredReading.kind) == Kind.BP)
        .where(col(StoredReading.state) == STORED)
        .where(col(StoredReading.basis) == MEASURED)
        .where(col(StoredReading.systolic).is_not(None))
        .where(col(StoredReading.diastolic).is_not(None))
        .where(col(StoredReading.taken_at) >= month.year_begins_at)
        .where(col(StoredReading.taken_at) < month.ends_at)
    )


def alarms(session: Session, path: str, month: Month, levels: Sequence[str]) -> Iterable[AlarmRow]:
    """Escalations opened in the month. Nobody waited for one that a doctor opened and took at once."""
    waited = col(Escalation.acknowledged_at) > col(Escalation.opened_at)
    found = session.execute(
        select(
            _PLACE,
            col(Escalation.level),
            col(Escalation.opened_at),
            col(Escalation.acknowledged_at),
        )
        .select_from(Escalation)
        .join(Person, col(Person.id) == col(Escalation.person_id))
        .where(_mine(path))
        .where(col(Escalation.level).in_(levels))
        .where(or_(waited, col(Escalation.acknowledged_at).is_(None)))
        .where(col(Escalation.opened_at) >= month.begins_at)
        .where(col(Escalation.opened_at) < month.ends_at)
    )
    return [AlarmRow(*row) for row in found]


def clinic_systolics(
    session: Session, path: str, month: Month, rules: Rules
) -> Iterable[tuple[str | None, float, int]]:
    """How often each systolic value was measured in the clinic in the last months, by place."""
    return _rows(
        session,
        select(_PLACE, col(StoredReading.systolic), func.count())
        .select_from(StoredReading)
        .join(Person, col(Person.id) == col(StoredReading.person_id))
        .where(_mine(path))
        .where(col(StoredReading.kind) == Kind.BP)
        .where(col(StoredReading.state) == STORED)
        .where(col(StoredReading.setting) == Setting.CLINIC)
        .where(col(StoredReading.systolic).is_not(None))
        .where(col(StoredReading.taken_at) >= month.earlier(rules.quality_months - 1).begins_at)
        .where(col(StoredReading.taken_at) < month.ends_at)
        .group_by(_PLACE, col(StoredReading.systolic)),
    )


def doctors_acts(
    session: Session, path: str, month: Month
) -> Iterable[tuple[str, str | None, str, int]]:
    """What each doctor did in the month: what, the doctor's place, the doctor, how often."""
    acts = (
        ("taken", col(Escalation.acknowledged_by), col(Escalation.acknowledged_at), None),
        ("closed", col(Escalation.closed_by), col(Escalation.closed_at), None),
        (
            "replies",
            col(OutboundMessage.author_id),
            col(OutboundMessage.created_at),
            col(OutboundMessage.purpose) == "doctor",
        ),
        ("signed", col(FollowUp.signed_by), col(FollowUp.signed_at), col(FollowUp.state) == SIGNED),
    )
    for name, doctor, at, only in acts:
        statement = (
            select(col(Practitioner.facility_id), doctor, func.count())
            .join(Practitioner, col(Practitioner.id) == doctor)
            .join(Facility, col(Facility.id) == col(Practitioner.facility_id))
            .where(col(Facility.path).startswith(path, autoescape=True))
            .where(at >= month.begins_at)
            .where(at < month.ends_at)
            .group_by(col(Practitioner.facility_id), doctor)
        )
        if only is not None:
            statement = statement.where(only)
        for place, who, number in session.execute(statement):
            yield name, place, who, number


def _mine(path: str) -> ColumnElement[bool]:
    """The people under a path; those who have no place yet belong to the whole."""
    inside = _PLACE.in_(
        select(col(Facility.id)).where(col(Facility.path).startswith(path, autoescape=True))
    )
    return inside if path.count("/") > 1 else or_(inside, _PLACE.is_(None))


def _rows(session: Session, statement: Executable) -> Iterable[Any]:
    return session.execute(statement).all()
