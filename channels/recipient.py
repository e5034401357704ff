"""Who gets a message, decided when it is sent: never somebody else, and never somebody who left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from channels.port import NOT_FOLLOWING
from records import consents, life
from records.outbound import CHANNEL_CLOSED, DOCTOR, EDUCATION, NEVER, SAFETY, STARTED_BY_US
from records.people import china_date
from records.reaching import contact_points, is_own, own_contact_point, same_human
from records.sms_contacts import SMS
from records.tables import ContactPoint, OutboundMessage, Person, PersonContact

# Words about one person; a reply and a safety text go to whoever wrote.
_PERSONAL = (*STARTED_BY_US, DOCTOR)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message goes to nobody, and the state that it ends in."""

    state: str
    reason: str

    @property
    def final(self) -> bool:
        """Whether it holds for the person and not only for this address."""
        return self.state == NEVER


def addressed(session: Session, message: OutboundMessage, now: datetime) -> ContactPoint | Refusal:
    """The contact point that is meant: the conversation's own, else the first of the person's."""
    person = session.get(Person, message.person_id) if message.person_id else None
    started = message.purpose in STARTED_BY_US
    if person is not None and started and not life.takes_plans(person, china_date(now)):
        return Refusal(NEVER, f"person_{person.status}")
    return _addressed(session, message) or Refusal(CHANNEL_CLOSED, "no_address")


def elsewhere(
    session: Session, message: OutboundMessage, meant: ContactPoint
) -> Iterator[ContactPoint]:
    """Where else the message may go, the best first.

    Words about a person: their own other addresses, then family who agreed with them. An answer
    stays with the very human who wrote: their own phone, if it is nobody else's.
    """
    person_id = message.person_id
    about = message.purpose in STARTED_BY_US or (
        message.purpose == DOCTOR and person_id and is_own(session, person_id, meant.id)
    )
    if about and person_id is not None:
        found = contact_points(session, person_id, message.purpose)
    else:
        found = same_human(session, meant.id)
    for contact in found:
        if message.purpose == EDUCATION and contact.channel == SMS:
            # A lesson is worded for the phone it was chosen for.
            continue
        if contact.id != meant.id and refused(session, message, contact, elsewhere=True) is None:
            yield contact


def refused(
    session: Session, message: OutboundMessage, contact: ContactPoint, *, elsewhere: bool = False
) -> Refusal | None:
    """Why nothing may go to this address; where it was not meant, a stop there stops everything."""
    person = session.get(Person, message.person_id) if message.person_id else None
    if elsewhere and contact.stopped_at is not None and message.purpose != SAFETY:
        return Refusal(NEVER, "stopped")
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
