"""What stands in front of a doctor: the open list, the head of one case, its events, the numbers.

One statement for the whole list. What lies outside the reader's catchment is None, as if it did
not exist.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, ScalarSelect
from sqlalchemy import select as select_rows
from sqlmodel import Session, case, col, func, select

from care.level import Level
from records.escalations import CLOSED, OPEN, code_of
from records.messages import BODY
from records.picking import SPOKEN_KINDS, Pick, condition, unread, within
from records.practitioners import name_of as practitioner_name
from records.reader import Reader
from records.tables import (
    Escalation,
    EscalationEvent,
    Facility,
    InboundMessage,
    Person,
    Practitioner,
    Task,
)
from records.vault import Vault, VaultError

LIST_LIMIT = 200
EVERYTHING = Pick()


@dataclass(frozen=True, slots=True)
class Heading:
    """Who and how urgent: a line of the list, and the head of a case."""

    id: str
    person_id: str
    contact_point_id: str | None
    facility_id: str | None
    level: Level
    state: str
    step: int
    reasons: tuple[str, ...]
    opened_at: datetime
    next_escalation_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledged_by_id: str | None
    closed_at: datetime | None
    closed_by: str | None
    outcome: str | None
    name: str
    sex: str | None
    born_on: date | None
    status: str
    village: str | None
    last_words: str | None = None
    last_kind: str | None = None
    last_at: datetime | None = None
    unread: bool = False

    @property
    def code(self) -> str:
        """The short number that notices call this case by."""
        return code_of(self.id)


@dataclass(frozen=True, slots=True)
class OpenList:
    """The most urgent open cases, and how many there are in all."""

    cases: tuple[Heading, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an escalation."""

    kind: str
    at: datetime
    step: int
    by: str | None
    reasons: tuple[str, ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers beside the menu."""

    cases: int
    unacknowledged: int
    tasks: int


def readable(vault: Vault, sealed: bytes | None, place: str, row: str) -> str | None:
    """The opened text, or None when it does not open: one bad row must not hide an emergency."""
    try:
        return vault.open(sealed, place, row)
    except VaultError:
        return None


def open_list(
    session: Session,
    vault: Vault,
    reader: Reader,
    now: datetime,
    *,
    pick: Pick = EVERYTHING,
    limit: int = LIST_LIMIT,
) -> OpenList:
    """What is not closed, the most urgent first, then what nobody took, then the oldest."""
    total = func.count().over()
    new = unread(reader).label("unread")
    query = (
        select_rows(
            Escalation, Person, col(Facility.name), Practitioner, InboundMessage, new, total
        )
        .join(Person, col(Person.id) == col(Escalation.person_id))
        .outerjoin(Facility, col(Facility.id) == col(Person.facility_id))
        .outerjoin(Practitioner, col(Practitioner.id) == col(Escalation.acknowledged_by))
        .outerjoin(InboundMessage, col(InboundMessage.id) == _last_message(reader))
        .where(col(Escalation.state) != CLOSED)
        .where(reader.people())
        .where(condition(reader, pick, now))
        .order_by(_urgency(), col(Escalation.state).desc(), col(Escalation.opened_at))
        .limit(limit)
    )
    rows = session.execute(query).all()
    cases = tuple(
        replace(
            _heading(vault, escalation, person, village=village, taker=taker, message=message),
            unread=bool(is_new),
        )
        for escalation, person, village, taker, message, is_new, _ in rows
    )
    return OpenList(cases, rows[0][-1] if rows else 0)


def heading(session: Session, vault: Vault, reader: Reader, escalation_id: str) -> Heading | None:
    """The head of one case."""
    row = session.execute(
        select(Escalation, Person, Facility.name, Practitioner)
        .join(Person, col(Person.id) == col(Escalation.person_id))
        .outerjoin(Facility, col(Facility.id) == col(Person.facility_id))
        .outerjoin(Practitioner, col(Practitioner.id) == col(Escalation.acknowledged_by))
        .where(Escalation.id == escalation_id)
        .where(reader.people())
    ).first()
    if row is None:
        return None
    escalation, person, village, taker = row
    return _heading(vault, escalation, person, village=village, taker=taker)


def events(session: Session, vault: Vault, escalation_id: str) -> tuple[Event, ...]:
    """What happened to an escalation, in order. Ask `heading` first whether it may be seen."""
    rows = session.execute(
        select(EscalationEvent, Practitioner)
        .outerjoin(Practitioner, col(Practitioner.id) == col(EscalationEvent.practitioner_id))
        .where(EscalationEvent.escalation_id == escalation_id)
        .order_by(col(EscalationEvent.at), col(EscalationEvent.id))
    ).all()
    return tuple(
        Event(
            kind=event.kind,
            at=event.at,
            step=event.step,
            by=called(vault, practitioner),
            reasons=tuple(event.reasons),
            note=readable(vault, event.note_sealed, "escalation_events.note", event.id) or None,
        )
        for event, practitioner in rows
    )


def tally(session: Session, reader: Reader) -> Tally:
    """How much is open for this reader."""
    mine = select(Person.id).where(reader.people())
    cases = (
        select(func.count())
        .select_from(Escalation)
        .where(col(Escalation.state) != CLOSED)
        .where(col(Escalation.person_id).in_(mine))
    )
    tasks = (
        select(func.count())
        .select_from(Task)
        .where(col(Task.closed_at).is_(None))
        .where(col(Task.person_id).in_(mine))
    )
    untaken = cases.where(Escalation.state == OPEN)
    row = session.execute(
        select(cases.scalar_subquery(), untaken.scalar_subquery(), tasks.scalar_subquery())
    ).one()
    return Tally(*row)


def _urgency() -> ColumnElement[int]:
    ranks = {level.value: -level.rank for level in Level}
    return case(ranks, value=col(Escalation.level), else_=1)


def _last_message(reader: Reader) -> ScalarSelect[str]:
    return (
        select(InboundMessage.id)
        .where(col(InboundMessage.contact_point_id) == col(Escalation.contact_point_id))
        .where(col(InboundMessage.kind).in_(SPOKEN_KINDS))
        .where(within(reader))
        .order_by(
            # Words say more than "a photo", even when the photo came after them.
            col(InboundMessage.kind) != "text",
            col(InboundMessage.received_at).desc(),
            col(InboundMessage.id).desc(),
        )
        .limit(1)
        .correlate(Escalation)
        .scalar_subquery()
    )


def called(vault: Vault, practitioner: Practitioner | None) -> str | None:
    if practitioner is None:
        return None
    return practitioner_name(vault, practitioner.id, practitioner.name_sealed)


def _heading(
    vault: Vault,
    escalation: Escalation,
    person: Person,
    *,
    village: str | None,
    taker: Practitioner | None,
    message: InboundMessage | None = None,
) -> Heading:
    last = message and readable(vault, message.body_sealed, BODY, message.id)
    return Heading(
        id=escalation.id,
        person_id=person.id,
        contact_point_id=escalation.contact_point_id,
        facility_id=person.facility_id,
        level=Level(escalation.level),
        state=escalation.state,
        step=escalation.step,
        reasons=tuple(escalation.reasons),
        opened_at=escalation.opened_at,
        next_escalation_at=escalation.next_escalation_at,
        acknowledged_at=escalation.acknowledged_at,
        acknowledged_by=called(vault, taker),
        acknowledged_by_id=escalation.acknowledged_by,
        closed_at=escalation.closed_at,
        closed_by=escalation.closed_by,
        outcome=escalation.outcome,
        name=readable(vault, person.name_sealed, "persons.name", person.id) or "",
        sex=person.sex,
        born_on=person.born_on,
        status=person.status,
        village=village,
        last_words=last or None,
        last_kind=message.kind if message else None,
        last_at=message.received_at if message else None,
    )
