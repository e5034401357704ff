"""From a number in the register to an address we may write to. A number alone ties nobody to a phone.

A number that stands in the file of one living person is her own. One that stands in several files is a
household's: each of them is behind it, nobody holds it, and what comes from there is asked about.
Whoever writes first from an unknown number is a stranger; the doctor sees in whose file it stands.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from language.consenting import REMINDERS
from records import messages, people
from records.links import HOUSEHOLD, SELF
from records.messages import Address
from records.outbound import SPOKEN
from records.people import UNIDENTIFIED
from records.phone_numbers import domestic, e164
from records.tables import Consent, ContactPoint, OutboundMessage, Person, PersonContact
from records.vault import Vault, VaultError

SMS, ACCOUNT = "sms", "main"
_LOOKED_AFTER = ("active", "away")


def registered_number(vault: Vault, person: Person) -> str | None:
    """The mobile in a person's file, in E.164; None when there is none."""
    try:
        return e164(vault.open(person.phone_sealed, "persons.phone", person.id))
    except VaultError:
        return None


def sms_contact_of(
    session: Session, vault: Vault, person: Person, now: datetime
) -> ContactPoint | None:
    """Where a person can be written to by SMS; made from the register when nobody wrote from there.

    None where there is no mobile, where the tie was ended, where reminders were taken back or
    stopped anywhere, and while a stranger who writes from that number waits for the doctor.
    """
    known = session.exec(
        select(ContactPoint, PersonContact)
        .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
        .where(PersonContact.person_id == person.id)
        .where(ContactPoint.channel == SMS)
        .order_by(col(PersonContact.relation) != SELF, col(PersonContact.linked_at).desc())
    ).all()
    living = [contact for contact, link in known if link.unlinked_at is None]
    if living:
        return living[0]
    number = registered_number(vault, person)
    if number is None or person.status not in _LOOKED_AFTER or not _wanted(session, person):
        return None
    contact = messages.ensure_contact_point(session, vault, Address(SMS, ACCOUNT, number), now)
    if any(contact.id == before.id for before, _ in known):
        return None
    return contact if _tied(session, vault, person, contact, number, now) else None


def in_whose_file(session: Session, vault: Vault, number: str) -> list[Person]:
    """The people we look after in whose file a number stands, however it was written there."""
    indexes = {vault.index(form, "phone") for form in (number, domestic(number))}
    return list(
        session.exec(
            select(Person)
            .where(col(Person.phone_index).in_(indexes))
            .where(col(Person.status).in_(_LOOKED_AFTER))
            .order_by(col(Person.id))
        ).all()
    )


def said_since(
    session: Session, message: OutboundMessage, contact_point_id: str | None, since: datetime
) -> list[OutboundMessage]:
    """What else went, or perhaps went, to a contact point."""
    return list(
        session.exec(
            select(OutboundMessage)
            .where(OutboundMessage.contact_point_id == contact_point_id)
            .where(OutboundMessage.id != message.id)
            .where(col(OutboundMessage.state).in_(SPOKEN))
            .where(col(OutboundMessage.created_at) >= since)
        ).all()
    )


def _wanted(session: Session, person: Person) -> bool:
    """A no said on any phone, and a stop on a phone of one's own, count for the register's too."""
    rows = session.exec(
        select(Consent).where(Consent.person_id == person.id).where(Consent.purpose == REMINDERS)
    ).all()
    if rows and all(row.revoked_at is not None for row in rows):
        return False
    stopped = session.exec(
        select(ContactPoint.id)
        .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
        .where(PersonContact.person_id == person.id)
        .where(PersonContact.relation == SELF)
        .where(col(PersonContact.unlinked_at).is_(None))
        .where(col(ContactPoint.stopped_at).is_not(None))
    ).first()
    return stopped is None


def _tied(
    session: Session,
    vault: Vault,
    person: Person,
    contact: ContactPoint,
    number: str,
    now: datetime,
) -> bool:
    behind = {who.person.id: who.person for who in people.behind(session, contact.id)}
    if any(who.status == UNIDENTIFIED for who in behind.values()):
        return False
    others = [who for who in in_whose_file(session, vault, number) if who.id != person.id]
    relation = HOUSEHOLD if others or behind else SELF
    tied_ever = set(
        session.exec(
            select(PersonContact.person_id).where(PersonContact.contact_point_id == contact.id)
        ).all()
    )
    for who in (person, *others):
        if who.id not in tied_ever:
            people.link(session, who.id, contact.id, now, relation)
    return True
