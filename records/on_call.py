"""Who would be rung right now, step by step, for a facility: what the duty page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from care.escalation import ladder, roles_at
from care.level import Level
from records import duty
from records.caseload import called
from records.reader import Reader
from records.tables import Absence, DutyShift, Facility, Practitioner
from records.vault import Vault

_CLINIC = "village_clinic"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: after how many minutes it is rung, and who would hear it now."""

    roles: tuple[str, ...]
    after_minutes: int
    place: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Away:
    """An absence that runs or is to come."""

    id: str
    practitioner_id: str
    name: str
    first_day: date
    last_day: date
    reason: str
    deputy: str | None


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift that runs or is to come."""

    id: str
    name: str
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be put on duty, or stand in."""

    id: str
    name: str
    place: str


def steps(
    session: Session, vault: Vault, facility_id: str, level: Level, now: datetime
) -> tuple[Rung, ...]:
    """Who is rung at each step for a person of this facility, as the clock would do it now."""
    rungs = ladder(level)
    if rungs is None:
        return ()
    places = duty.chain(session, facility_id)
    found, after = list[Rung](), 0
    below = {one.kind for one in places}
    for number, step in enumerate(rungs.steps):
        roles = roles_at(rungs, number)
        where, people = _first_with(session, places, roles, now)
        names = tuple(called(vault, one) or one.login for one in people)
        if number or _CLINIC in below:
            found.append(Rung(roles, after, where.name if where else "", names))
        after += step.wait_minutes
    return tuple(found)


def uncovered(session: Session, reader: Reader, now: datetime) -> tuple[str, ...] | None:
    """The village clinics below this reader where nobody can be rung; None for a clinic itself."""
    clinics = session.exec(
        select(Facility)
        .where(reader.catchment())
        .where(Facility.kind == _CLINIC)
        .order_by(col(Facility.path))
    ).all()
    if any(one.id == reader.facility_id for one in clinics):
        return None
    return tuple(one.name for one in clinics if not duty.reachable(session, one.id, now))


def absences(session: Session, vault: Vault, reader: Reader, now: datetime) -> tuple[Away, ...]:
    """Absences of the reader's own and of everybody in the catchment, from today on."""
    rows = session.execute(
        select(Absence, Practitioner)
        .join(Practitioner, col(Practitioner.id) == col(Absence.practitioner_id))
        .join(Facility, col(Facility.id) == col(Practitioner.facility_id))
        .where(reader.catchment())
        .where(col(Absence.cancelled_at).is_(None))
        .where(col(Absence.last_day) >= duty.today(now))
        .order_by(col(Absence.first_day), col(Absence.id))
    ).all()
    return tuple(
        Away(
            row.id,
            who.id,
            called(vault, who) or who.login,
            row.first_day,
            row.last_day,
            row.reason,
            _deputy(session, vault, row.deputy_id),
        )
        for row, who in rows
    )


def shifts(session: Session, vault: Vault, reader: Reader, now: datetime) -> tuple[Shift, ...]:
    """Shifts of the reader's own facility that run or are to come."""
    rows = session.execute(
        select(DutyShift, Practitioner)
        .join(Practitioner, col(Practitioner.id) == col(DutyShift.practitioner_id))
        .where(col(DutyShift.facility_id) == reader.facility_id)
        .where(col(DutyShift.ends_at) > now)
        .order_by(col(DutyShift.begins_at))
    ).all()
    return tuple(
        Shift(row.id, called(vault, who) or who.login, row.begins_at, row.ends_at)
        for row, who in rows
    )


def colleagues(session: Session, vault: Vault, reader: Reader) -> tuple[Colleague, ...]:
    """Who works at the reader's own facility and may be rung."""
    return _staff(session, vault, [reader.facility_id])


def deputies(session: Session, vault: Vault, reader: Reader) -> tuple[Colleague, ...]:
    """Who could stand in: the own facility, the one above, and its other clinics."""
    own = session.get_one(Facility, reader.facility_id)
    near = select(Facility.id).where(col(Facility.id) == own.id)
    if own.parent_id is not None:
        near = select(Facility.id).where(
            (col(Facility.id) == own.id)
            | (col(Facility.id) == own.parent_id)
            | (col(Facility.parent_id) == own.parent_id)
        )
    found = _staff(session, vault, list(session.exec(near).all()))
    return tuple(one for one in found if one.id != reader.practitioner_id)


def _first_with(
    session: Session, places: list[Facility], roles: tuple[str, ...], now: datetime
) -> tuple[Facility | None, list[Practitioner]]:
    for place in places:
        people = duty.reachable(session, place.id, now, roles)
        if people:
            return place, people
    return None, []


def _staff(session: Session, vault: Vault, places: list[str]) -> tuple[Colleague, ...]:
    rows = session.execute(
        select(Practitioner, Facility.name)
        .join(Facility, col(Facility.id) == col(Practitioner.facility_id))
        .where(col(Practitioner.facility_id).in_(places))
        .where(col(Practitioner.role).in_(duty.RUNG_ROLES))
        .where(col(Practitioner.disabled_at).is_(None))
        .order_by(col(Facility.path), col(Practitioner.id))
    ).all()
    return tuple(Colleague(one.id, called(vault, one) or one.login, place) for one, place in rows)


def _deputy(session: Session, vault: Vault, deputy_id: str | None) -> str | None:
    return called(vault, session.get(Practitioner, deputy_id)) if deputy_id else None
