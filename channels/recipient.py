"""Who gets a message, decided when it is sent: never somebody else, and never somebody who left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from channels.port import NOT_FOLLOWING
from records import consents, life
from records.outbound import CHANNEL_CLOSED, DOCTOR, NEVER, STARTED_BY_US
from records.people import china_date
from records.reaching import own_contact_point
from records.tables import ContactPoint, OutboundMessage, Person, PersonContact

# Words about one person; a reply and a safety text go to whoever wrote.
_PERSONAL = (*STARTED_BY_US, DOCTOR)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message goes to nobody, and the state that it ends in."""

    state: str
    reason: str


def resolve(session: Session, message: OutboundMessage, now: datetime) -> ContactPoint | Refusal:
    """The contact point that may get this message now."""
    person = session.get(Person, message.person_id) if message.person_id else None
    started = message.purpose in STARTED_BY_US
    if person is not None and started and not life.takes_plans(person, china_date(now)):
        return Refusal(NEVER, f"person_{person.status}")
    contact = _addressed(session, message)
    if contact is None:
        return Refusal(CHANNEL_CLOSED, "no_address")
    return _refused(session, message, person, contact) or contact


def _refused(
    session: Session, message: OutboundMessage, person: Person | None, contact: ContactPoint
) -> Refusal | None:
    if person is not None and _written_to_the_dead(message, person, contact):
        return Refusal(NEVER, "person_deceased")
    if message.purpose in _PERSONAL and _unlinked(session, message, contact):
        return Refusal(CHANNEL_CLOSED, "no_longer_theirs")
    unwanted = _unwanted(session, message, contact)
    if unwanted is not None:
        return unwanted
    if contact.unfollowed_at is not None:
        return Refusal(CHANNEL_CLOSED, NOT_FOLLOWING)
    return None


def _written_to_the_dead(message: OutboundMessage, person: Person, contact: ContactPoint) -> bool:
    """Only to whoever wrote from that phone since is anything said there, and only as an answer."""
    if person.status != life.DECEASED or person.status_since is None:
        return False
    heard = contact.last_inbound_at
    return heard is None or heard < person.status_since or message.created_at < person.status_since


def _unwanted(session: Session, message: OutboundMessage, contact: ContactPoint) -> Refusal | None:
    """What we start goes only where it was agreed to, and never where it was stopped."""
    if message.purpose not in STARTED_BY_US:
        return None
    if contact.stopped_at is not None:
        return Refusal(NEVER, "stopped")
    purpose = consents.NEEDED.get(message.purpose)
    if purpose is None or message.person_id is None:
        return None
    agreed = consents.allowed(session, message.person_id, contact.id)
    return None if purpose in agreed else Refusal(NEVER, "no_consent")


def _addressed(session: Session, message: OutboundMessage) -> ContactPoint | None:
    if message.contact_point_id is not None:
        return session.get(ContactPoint, message.contact_point_id, populate_existing=True)
    if message.person_id is None:
        return None
    return own_contact_point(session, message.person_id, message.purpose)


def _unlinked(session: Session, message: OutboundMessage, contact: ContactPoint) -> bool:
    """The phone was given to somebody else since: every link of this person to it has ended."""
    if message.person_id is None:
        return False
    links = session.exec(
        select(PersonContact)
        .where(PersonContact.person_id == message.person_id)
        .where(PersonContact.contact_point_id == contact.id)
    ).all()
    return bool(links) and all(link.unlinked_at is not None for link in links)
