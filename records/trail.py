"""The audit trail as it is read: who looked, who changed something, who stood at the door.

What a township may see of it: whatever concerns its people, whoever did it, and whatever its own
staff did. Who is not above a village sees none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, false, or_, select

from records.caseload import called, readable
from records.reader import ABOVE_THE_VILLAGE, Reader
from records.tables import AuditEvent, Facility, Person, Practitioner
from records.times import CHINA
from records.vault import Vault

READ, CHANGE, DOOR = "read", "change", "door"
PAGE = 50
FAILED = "sign_in_failed"
_LOOKING = ("read", "find")
_AT_THE_DOOR = ("sign_in", FAILED, "change_password")
_PRACTITIONER = "practitioner:"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the trail. Everything left empty does not narrow it."""

    person_id: str = ""
    practitioner_id: str = ""
    day: date | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing somebody did. `by` is a name, or the actor as it was written down."""

    id: str
    at: datetime
    kind: str
    action: str
    subject: str
    by: str
    role: str | None
    person_id: str | None
    person: str | None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trail:
    """One page of the trail, newest first."""

    lines: tuple[Line, ...]
    page: int
    more: bool


def kind_of(action: str) -> str:
    """Whether an action looked, changed something, or happened at the door."""
    if action in _LOOKING:
        return READ
    return DOOR if action in _AT_THE_DOOR else CHANGE


def trail(
    session: Session, vault: Vault, reader: Reader, question: Question, page: int = 1
) -> Trail:
    """What this reader may see of the trail. Empty for whoever is not above a village."""
    rows = session.exec(
        select(AuditEvent)
        .where(_visible(reader))
        .where(*_asked(question))
        .order_by(col(AuditEvent.at).desc(), col(AuditEvent.id).desc())
        .offset((page - 1) * PAGE)
        .limit(PAGE + 1)
    ).all()
    shown = rows[:PAGE]
    staff = _staff(session, shown)
    people = _people(session, vault, reader, shown)
    lines = tuple(_line(vault, row, staff, people) for row in shown)
    return Trail(lines, page, more=len(rows) > PAGE)


def colleagues(session: Session, vault: Vault, reader: Reader) -> tuple[tuple[str, str], ...]:
    """The practitioners of the catchment, by id and name."""
    rows = session.exec(
        select(Practitioner)
        .join(Facility, col(Facility.id) == col(Practitioner.facility_id))
        .where(reader.catchment())
        .order_by(col(Facility.path), col(Practitioner.login))
    ).all()
    return tuple((row.id, called(vault, row) or row.login) for row in rows)


def may_look(reader: Reader) -> bool:
    """Whether the trail exists for this reader at all."""
    return reader.role in ABOVE_THE_VILLAGE


def _visible(reader: Reader) -> ColumnElement[bool]:
    if not may_look(reader):
        return false()
    people = select(Person.id).where(reader.people())
    places = select(Facility.id).where(reader.catchment())
    staff = select(Practitioner.id).where(col(Practitioner.facility_id).in_(places))
    own = or_(
        col(AuditEvent.facility_id).in_(places),
        col(AuditEvent.actor).in_(
            select(_PRACTITIONER + col(Practitioner.id)).where(
                col(Practitioner.facility_id).in_(places)
            )
        ),
        and_(AuditEvent.subject == "practitioner", col(AuditEvent.subject_id).in_(staff)),
    )
    return or_(
        col(AuditEvent.person_id).in_(people), and_(col(AuditEvent.person_id).is_(None), own)
    )


def _asked(question: Question) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if question.person_id:
        found.append(col(AuditEvent.person_id) == question.person_id)
    if question.practitioner_id:
        found.append(col(AuditEvent.actor) == _PRACTITIONER + question.practitioner_id)
    if question.day:
        begin = datetime.combine(question.day, time.min, tzinfo=CHINA)
        found += [col(AuditEvent.at) >= begin, col(AuditEvent.at) < begin + timedelta(days=1)]
    if question.kind == READ:
        found.append(col(AuditEvent.action).in_(_LOOKING))
    elif question.kind == DOOR:
        found.append(col(AuditEvent.action).in_(_AT_THE_DOOR))
    elif question.kind == CHANGE:
        found.append(col(AuditEvent.action).not_in((*_LOOKING, *_AT_THE_DOOR)))
    return found


def _staff(session: Session, rows: Sequence[AuditEvent]) -> dict[str, Practitioner]:
    ids = {row.actor.removeprefix(_PRACTITIONER) for row in rows} | {
        row.subject_id for row in rows if row.subject == "practitioner"
    }
    found = session.exec(select(Practitioner).where(col(Practitioner.id).in_(ids))).all()
    return {row.id: row for row in found}


def _people(
    session: Session, vault: Vault, reader: Reader, rows: Sequence[AuditEvent]
) -> dict[str, str]:
    ids = {row.person_id for row in rows if row.person_id}
    found = session.exec(select(Person).where(col(Person.id).in_(ids)).where(reader.people())).all()
    return {row.id: readable(vault, row.name_sealed, "persons.name", row.id) or "" for row in found}


def _line(
    vault: Vault, row: AuditEvent, staff: dict[str, Practitioner], people: dict[str, str]
) -> Line:
    who = staff.get(row.actor.removeprefix(_PRACTITIONER))
    if who is None and row.subject == "practitioner":
        who = staff.get(row.subject_id)
    return Line(
        id=row.id,
        at=row.at,
        kind=kind_of(row.action),
        action=row.action,
        subject=row.subject,
        by=called(vault, who) or row.actor,
        role=who.role if who else None,
        person_id=row.person_id,
        person=people.get(row.person_id or ""),
        detail=row.detail,
    )
