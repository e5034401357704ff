"""From rows to a `TurnContext`: what waits, who is behind the phone, what was asked before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from agent.context import Answers, Heard, Member, Model, OpenFollowUp, Past, TurnContext
from care.level import Level
from records import conversations, duty, follow_ups, people, readings
from records.messages import BODY
from records.people import UNIDENTIFIED, Linked
from records.tables import ContactPoint, FollowUp, InboundMessage, StoredReading
from records.vault import Vault

# How far back stored readings matter to a turn: corrections, confirmations, "我的血压".
_LOOKS_BACK = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Tools:
    """What every turn uses."""

    vault: Vault
    answers: Answers
    model: Model | None = None


def load(session: Session, tools: Tools, contact_id: str, now: datetime) -> TurnContext:
    """Read everything a turn needs. A stranger becomes an unidentified person first."""
    contact = session.get_one(ContactPoint, contact_id)
    linked = people.behind(session, contact_id)
    first_contact = not linked
    if first_contact:
        people.ensure_person(session, contact, now)
        linked = people.behind(session, contact_id)
    places = duty.chain(session, linked[0].person.facility_id)
    clinic = next(iter(places), None)
    return TurnContext(
        now=now,
        messages=tuple(_heard(tools.vault, m) for m in conversations.waiting(session, contact_id)),
        members=tuple(_member(session, tools.vault, who, now) for who in linked),
        answers=tools.answers,
        model=tools.model,
        follow_ups=_open(session, linked),
        awaiting=contact.awaiting,
        stopped=contact.stopped_at is not None,
        first_contact=first_contact,
        on_duty=duty.anybody_at(session, places, now),
        clinic_name=clinic.name if clinic else "",
        clinic_phone=clinic.phone if clinic else None,
    )


def _heard(vault: Vault, message: InboundMessage) -> Heard:
    return Heard(
        message_id=message.id,
        kind=message.kind,
        text=vault.open(message.body_sealed, BODY, message.id),
        event=message.event,
        received_at=message.received_at,
        level=Level(message.level or Level.NONE),
        passive=message.passive_sealed is not None,
    )


def _member(session: Session, vault: Vault, linked: Linked, now: datetime) -> Member:
    person = linked.person
    recent = readings.recent(session, person.id, since=now - _LOOKS_BACK, limit=20)
    return Member(
        person_id=person.id,
        relation=linked.relation,
        name=people.name_of(vault, person),
        facility_id=person.facility_id,
        background=people.background(session, person, people.china_date(now)),
        past=tuple(_past(row) for row in recent),
        identified=person.status != UNIDENTIFIED,
    )


def _past(row: StoredReading) -> Past:
    return Past(row.id, readings.as_reading(row), row.taken_at, row.recorded_at, row.state)


def _open(session: Session, linked: list[Linked]) -> tuple[OpenFollowUp, ...]:
    rows = follow_ups.open_for(session, [who.person.id for who in linked])
    return tuple(_follow_up(session, row) for row in rows)


def _follow_up(session: Session, row: FollowUp) -> OpenFollowUp:
    before = follow_ups.classes_before(session, row.person_id, row.programme)
    return OpenFollowUp(
        follow_up_id=row.id,
        person_id=row.person_id,
        programme=row.programme,
        answers=row.answers,
        previous=tuple(before),
    )
