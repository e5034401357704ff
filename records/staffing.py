"""Roles and catchments in one place: the tree of facilities, who works there, who came lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from records.caseload import called
from records.reader import Reader
from records.tables import AuditEvent, Facility, Person, Practitioner
from records.vault import Vault

_MANAGED = ("active", "away")


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who signs in."""

    id: str
    name: str
    login: str
    role: str
    last_came_at: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Post:
    """A facility, how deep it stands below the reader, who works there and for how many people."""

    id: str
    name: str
    kind: str
    depth: int
    people: int
    staff: tuple[Colleague, ...]


def posts(session: Session, vault: Vault, reader: Reader) -> tuple[Post, ...]:
    """The facilities of the catchment, each below its parent. Four queries."""
    places = session.exec(
        select(Facility).where(reader.catchment()).order_by(col(Facility.path))
    ).all()
    ids = [place.id for place in places]
    staff = _staff(session, vault, ids)
    people = _people(session, ids)
    top = reader.facility_path.count("/")
    return tuple(
        Post(
            id=place.id,
            name=place.name,
            kind=place.kind,
            depth=place.path.count("/") - top,
            people=people.get(place.id, 0),
            staff=tuple(staff.get(place.id, ())),
        )
        for place in places
    )


def _staff(session: Session, vault: Vault, places: list[str]) -> dict[str, list[Colleague]]:
    rows = session.exec(
        select(Practitioner)
        .where(col(Practitioner.facility_id).in_(places))
        .order_by(col(Practitioner.disabled_at).is_not(None), col(Practitioner.login))
    ).all()
    came = _came(session, [row.id for row in rows])
    found: dict[str, list[Colleague]] = {}
    for row in rows:
        found.setdefault(row.facility_id, []).append(
            Colleague(
                id=row.id,
                name=called(vault, row) or row.login,
                login=row.login,
                role=row.role,
                last_came_at=came.get(row.id),
                disabled_at=row.disabled_at,
            )
        )
    return found


def _came(session: Session, practitioner_ids: list[str]) -> dict[str, datetime]:
    """When each signed in last, from the audit trail: browser sessions are swept away."""
    rows = session.execute(
        select(AuditEvent.subject_id, func.max(AuditEvent.at))
        .where(AuditEvent.action == "sign_in")
        .where(col(AuditEvent.subject_id).in_(practitioner_ids))
        .group_by(col(AuditEvent.subject_id))
    ).all()
    return dict(rows)


def _people(session: Session, places: list[str]) -> dict[str, int]:
    rows = session.execute(
        select(Person.facility_id, func.count())
        .where(col(Person.facility_id).in_(places))
        .where(col(Person.status).in_(_MANAGED))
        .group_by(col(Person.facility_id))
    ).all()
    return {place: number for place, number in rows if place}
