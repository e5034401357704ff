"""What became of one message: its tries, its receipts, and what a doctor found out by phone.

A message may have arrived or not (`unknown`): nobody repeats it. A doctor asks the person and says
so here, once and for good.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select, update

from records import audit
from records.caseload import readable
from records.db import changed
from records.outbound import (
    BODY,
    DELIVERED,
    DOCTOR,
    NEVER,
    NOTICE,
    REMINDER,
    REPLY,
    SAFETY,
    SPOKEN,
    UNKNOWN,
)
from records.reader import Reader
from records.tables import ContactPoint, DeliveryAttempt, OutboundMessage, Person, PersonContact
from records.vault import Vault

# What a doctor found out, as the reason of the state it ends in.
HEARD, NOT_HEARD = "confirmed_by_phone", "denied_by_phone"
OUTCOMES = {"received": (DELIVERED, HEARD), "not_received": (NEVER, NOT_HEARD)}
# Worth asking about; a lesson or a picture that may be lost is not.
WORTH_ASKING = (SAFETY, DOCTOR, REPLY, REMINDER)
ASKED_FOR = timedelta(days=7)
_MOST = 50
_BY_TEMPLATE = ":template"


@dataclass(frozen=True, slots=True)
class Try:
    """One try: over which provider, when, and what came back."""

    number: int
    route: str
    provider: str
    began_at: datetime
    ended_at: datetime | None
    result: str | None
    code: str | None
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message to a person, with everything that became of it.

    `template` holds the values of a template that may have gone instead of the words.
    """

    id: str
    person_id: str
    name: str
    phone: str | None
    channel: str | None
    purpose: str
    text: str | None
    state: str
    reason: str
    created_at: datetime
    expires_at: datetime
    settled_at: datetime | None
    template: Mapping[str, Any] = field(default_factory=dict)
    tries: tuple[Try, ...] = ()

    @property
    def words_stayed(self) -> bool:
        """Whether something left, or perhaps left, and never the words themselves."""
        left = [one for one in self.tries if one.result in SPOKEN]
        return bool(left) and all(one.route.endswith(_BY_TEMPLATE) for one in left)


@dataclass(frozen=True, slots=True)
class Settled:
    """What pressing a button did. `done` is False when it was no longer unknown."""

    done: bool
    person_id: str


def one(session: Session, vault: Vault, reader: Reader, message_id: str) -> Sent | None:
    """One message with its tries. None when there is none, or none for this reader."""
    row = session.execute(
        select(OutboundMessage, Person, ContactPoint.channel)
        .select_from(OutboundMessage)
        .join(Person, _about())
        .outerjoin(ContactPoint, col(ContactPoint.id) == col(OutboundMessage.contact_point_id))
        .where(OutboundMessage.id == message_id)
        .where(_to_people())
        .where(reader.people())
        .order_by(col(Person.id))
    ).first()
    return _sent(vault, *row, tries=_tries(session, message_id)) if row else None


def unsure(session: Session, vault: Vault, reader: Reader, now: datetime) -> tuple[Sent, ...]:
    """Messages of the last days that may or may not have arrived, the newest first."""
    rows = session.execute(
        select(OutboundMessage, Person, ContactPoint.channel)
        .select_from(OutboundMessage)
        .join(Person, _about())
        .outerjoin(ContactPoint, col(ContactPoint.id) == col(OutboundMessage.contact_point_id))
        .where(OutboundMessage.state == UNKNOWN)
        .where(col(OutboundMessage.next_attempt_at) >= now - ASKED_FOR)
        .where(col(OutboundMessage.purpose).in_(WORTH_ASKING))
        .where(col(OutboundMessage.picture_sealed).is_(None))
        .where(_to_people())
        .where(reader.people())
        .order_by(col(OutboundMessage.settled_at).desc(), col(OutboundMessage.id))
        .limit(_MOST)
    ).all()
    found: dict[str, Sent] = {}
    for message, person, channel in rows:
        found.setdefault(message.id, _sent(vault, message, person, channel))
    return tuple(found.values())


def settle(
    session: Session, reader: Reader, message_id: str, outcome: str, now: datetime
) -> Settled | None:
    """Write down what the person said on the phone. None: not for this reader, or no such outcome."""
    row = session.execute(
        select(OutboundMessage.id, Person.id, Person.facility_id)
        .select_from(OutboundMessage)
        .join(Person, _about())
        .where(OutboundMessage.id == message_id)
        .where(_to_people())
        .where(reader.people())
        .order_by(col(Person.id))
    ).first()
    if row is None or outcome not in OUTCOMES:
        return None
    _, person_id, facility_id = row
    state, reason = OUTCOMES[outcome]
    statement = (
        update(OutboundMessage)
        .where(col(OutboundMessage.id) == message_id)
        .where(col(OutboundMessage.state) == UNKNOWN)
        # A worker that was slow corrects its own `unknown` no more.
        .values(state=state, reason=reason, settled_at=now, claim_token=None)
        .execution_options(synchronize_session=False)
    )
    if changed(session, statement) != 1:
        return Settled(done=False, person_id=person_id)
    audit.note(
        session,
        actor=reader.actor,
        action="settle",
        subject="outbound_message",
        subject_id=message_id,
        person_id=person_id,
        facility_id=facility_id,
        now=now,
        detail={"outcome": outcome},
    )
    return Settled(done=True, person_id=person_id)


def visible(
    session: Session, reader: Reader, messages: Sequence[OutboundMessage]
) -> Collection[str]:
    """The ids of those messages that are to somebody this reader may see."""
    if not messages or not reader.sees_people:
        return frozenset()
    points = {one.contact_point_id for one in messages if one.person_id is None}
    behind: dict[str, set[str]] = {}
    links = session.exec(
        select(PersonContact.contact_point_id, PersonContact.person_id)
        .where(col(PersonContact.contact_point_id).in_(points))
        .where(col(PersonContact.unlinked_at).is_(None))
    ).all()
    for point, person in links:
        behind.setdefault(point, set()).add(person)
    about = {
        one.id: {one.person_id} if one.person_id else behind.get(one.contact_point_id or "", set())
        for one in messages
        if one.practitioner_id is None and one.purpose != NOTICE
    }
    people = set().union(*about.values())
    seen = set(
        session.exec(
            select(Person.id).where(col(Person.id).in_(people)).where(reader.people())
        ).all()
    )
    return frozenset(one for one, persons in about.items() if persons & seen)


def _about() -> ColumnElement[bool]:
    """Whom a message is about: the person named, else those behind the address."""
    message = OutboundMessage
    behind = (
        select(PersonContact.person_id)
        .where(PersonContact.contact_point_id == message.contact_point_id)
        .where(col(PersonContact.unlinked_at).is_(None))
    )
    return or_(
        col(Person.id) == col(message.person_id),
        and_(col(message.person_id).is_(None), col(Person.id).in_(behind)),
    )


def _to_people() -> ColumnElement[bool]:
    message = OutboundMessage
    return and_(col(message.practitioner_id).is_(None), col(message.purpose) != NOTICE)


def _tries(session: Session, message_id: str) -> tuple[Try, ...]:
    rows = session.exec(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.outbound_message_id == message_id)
        .order_by(col(DeliveryAttempt.number))
    ).all()
    return tuple(
        Try(
            number=row.number,
            route=row.route,
            provider=row.provider or "",
            began_at=row.began_at,
            ended_at=row.ended_at,
            result=row.result,
            code=row.code,
            template=row.template,
        )
        for row in rows
    )


def _sent(
    vault: Vault,
    message: OutboundMessage,
    person: Person,
    channel: str | None,
    *,
    tries: tuple[Try, ...] = (),
) -> Sent:
    return Sent(
        id=message.id,
        person_id=person.id,
        name=readable(vault, person.name_sealed, "persons.name", person.id) or "",
        phone=readable(vault, person.phone_sealed, "persons.phone", person.id) or None,
        channel=channel,
        purpose=message.purpose,
        text=readable(vault, message.body_sealed, BODY, message.id),
        state=message.state,
        reason=message.reason or "",
        created_at=message.created_at,
        expires_at=message.expires_at,
        settled_at=message.settled_at,
        template=message.template,
        tries=tries,
    )
