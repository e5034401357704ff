"""From a number in the register to an address we may write to. A number alone ties nobody to a phone.

A number that stands in the file of one living person is her own. One that stands in several files is a
household's: each of them is behind it, nobody holds it, and what comes from there is asked about.
What rests on the file alone ends with it: another number there, and nothing goes to the old one.
Whoever writes first from an unknown number is a stranger; the doctor sees in whose file it stands.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select, update

from language.consenting import REMINDERS
from records import messages, people
from records.links import HOUSEHOLD, SELF
from records.messages import Address
from records.outbound import DOCTOR, QUEUED, SPOKEN, STARTED_BY_US
from records.people import UNIDENTIFIED
from records.phone_numbers import domestic, e164
from records.tables import Consent, ContactPoint, OutboundMessage, Person, PersonContact
from records.vault import Vault, VaultError

SMS, ACCOUNT = "sms", "main"
_LOOKED_AFTER = ("active", "away")
# What a tie rests on: the number in the file, or one that stood there.
BY_NUMBER, FORMER = "register", "former"
# What is about the person, and goes wherever she can be reached now.
_ABOUT = (*STARTED_BY_US, DOCTOR)


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
    known = [
        (contact, link)
        for contact, link in follow_the_file(session, vault, person, now)
        if link.basis != FORMER
    ]
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


def follow_the_file(
    session: Session, vault: Vault, person: Person, now: datetime
) -> list[tuple[ContactPoint, PersonContact]]:
    """End what rested on a number that stands in the file no more. Returns every tie to an SMS phone.

    Where somebody wrote from the old number, whoever it is goes on being answered there; it is the
    person's own phone only if she agreed to something on it.
    """
    known = [
        (contact, link)
        for contact, link in session.exec(
            select(ContactPoint, PersonContact)
            .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
            .where(PersonContact.person_id == person.id)
            .where(ContactPoint.channel == SMS)
            .order_by(col(PersonContact.relation) != SELF, col(PersonContact.linked_at).desc())
        ).all()
    ]
    resting = [
        (contact, link)
        for contact, link in known
        if link.basis == BY_NUMBER and link.unlinked_at is None
    ]
    if not resting:
        return known
    try:
        number = e164(vault.open(person.phone_sealed, "persons.phone", person.id))
    except VaultError:
        # Nobody knows what stands there: nothing ends for that.
        return known
    stands = vault.index(number, "address") if number else None
    for contact, link in resting:
        if contact.address_index != stands:
            _end(session, person, contact, link, now)
    return known


def _end(
    session: Session, person: Person, contact: ContactPoint, link: PersonContact, now: datetime
) -> None:
    if contact.last_inbound_at is None:
        link.basis, link.unlinked_at = FORMER, now
    elif _agreed_here(session, person, contact):
        link.basis = ""
    else:
        link.basis, link.relation = FORMER, HOUSEHOLD
    session.add(link)
    session.flush()
    session.execute(
        update(OutboundMessage)
        .where(col(OutboundMessage.contact_point_id) == contact.id)
        .where(col(OutboundMessage.person_id) == person.id)
        .where(col(OutboundMessage.state) == QUEUED)
        .where(col(OutboundMessage.purpose).in_(_ABOUT))
        .values(contact_point_id=None)
        .execution_options(synchronize_session=False)
    )


def _agreed_here(session: Session, person: Person, contact: ContactPoint) -> bool:
    found = session.exec(
        select(Consent.id)
        .where(Consent.person_id == person.id)
        .where(Consent.contact_point_id == contact.id)
        .where(col(Consent.evidence_message_id).is_not(None))
        .where(col(Consent.revoked_at).is_(None))
    ).first()
    return found is not None


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
    behind.pop(person.id, None)
    if any(who.status == UNIDENTIFIED for who in behind.values()):
        return False
    others = [who for who in in_whose_file(session, vault, number) if who.id != person.id]
    relation = HOUSEHOLD if others or behind else SELF
    for who in (person, *others):
        _put_behind(session, who, contact, relation, now)
    return True


def _put_behind(
    session: Session, person: Person, contact: ContactPoint, relation: str, now: datetime
) -> None:
    """By the number in the file alone. A tie that somebody ended is not made again."""
    link = session.exec(
        select(PersonContact)
        .where(PersonContact.person_id == person.id)
        .where(PersonContact.contact_point_id == contact.id)
    ).first()
    if link is None:
        link = people.link(session, person.id, contact.id, now, relation)
    elif link.basis != FORMER:
        return
    elif link.unlinked_at is not None:
        link.linked_at, link.unlinked_at = now, None
    link.relation, link.basis = relation, BY_NUMBER
    session.add(link)
    session.flush()
