"""Who is behind a phone. A phone may have several people, and a person several phones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select, update

from records.db import changed
from records.tables import ContactPoint, Person, PersonContact

SELF = "self"
# In the file of several people stands the same number: each is behind it, and nobody knows who holds it.
HOUSEHOLD = "household"
# What the holder of the phone is to the person, from what the person is to the holder.
_HOLDER = {
    "spouse": "老伴",
    "father": "子女",
    "mother": "子女",
    "child": "父母",
    "grandfather": "孙辈",
    "grandmother": "孙辈",
    "sibling": "兄弟姐妹",
}


@dataclass(frozen=True, slots=True)
class Tied:
    """A phone that a person is behind now, and what she is to its holder."""

    link_id: str
    person_id: str
    contact_point_id: str
    channel: str
    relation: str
    linked_at: datetime
    unfollowed: bool
    stopped: bool


def tie(
    session: Session,
    person_id: str,
    contact_point_id: str,
    now: datetime,
    *,
    relation: str = SELF,
) -> PersonContact:
    """Put a person behind a phone, or put her there again. Nothing is started until she agrees."""
    link = session.exec(
        select(PersonContact)
        .where(PersonContact.person_id == person_id)
        .where(PersonContact.contact_point_id == contact_point_id)
    ).first()
    if link is None:
        link = PersonContact(person_id=person_id, contact_point_id=contact_point_id, linked_at=now)
    elif link.unlinked_at is not None:
        link.linked_at, link.unlinked_at, link.consent_asked_at = now, None, None
    # Somebody said so now, whatever stands in the file.
    link.relation, link.basis = relation, ""
    link.consent_asked_at = link.consent_asked_at or now
    session.add(link)
    session.flush()
    return link


def holder_word(relation: str) -> str:
    """What to call the holder of a phone when speaking to the person."""
    return _HOLDER.get(relation, "家里人")


def untie(session: Session, link_id: str, now: datetime) -> bool:
    """Take a person from behind a phone. False when somebody was faster."""
    statement = (
        update(PersonContact)
        .where(col(PersonContact.id) == link_id)
        .where(col(PersonContact.unlinked_at).is_(None))
        .values(unlinked_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def phones_of(session: Session, person_id: str) -> list[Tied]:
    """The phones a person is behind now: her own first."""
    rows = session.exec(
        select(PersonContact, ContactPoint)
        .join(ContactPoint, col(ContactPoint.id) == col(PersonContact.contact_point_id))
        .where(PersonContact.person_id == person_id)
        .where(col(PersonContact.unlinked_at).is_(None))
        .order_by(col(PersonContact.linked_at), col(PersonContact.id))
    ).all()
    found = [
        Tied(
            link_id=link.id,
            person_id=person_id,
            contact_point_id=contact.id,
            channel=contact.channel,
            relation=link.relation,
            linked_at=link.linked_at,
            unfollowed=contact.unfollowed_at is not None,
            stopped=contact.stopped_at is not None,
        )
        for link, contact in rows
    ]
    return sorted(found, key=lambda one: one.relation != SELF)


def holder_of(
    session: Session, contact_point_id: str, *, but_not: str | None = None
) -> Person | None:
    """Whose own phone this is, as far as we know."""
    statement = (
        select(Person)
        .join(PersonContact, col(PersonContact.person_id) == col(Person.id))
        .where(PersonContact.contact_point_id == contact_point_id)
        .where(PersonContact.relation == SELF)
        .where(col(PersonContact.unlinked_at).is_(None))
        .order_by(col(PersonContact.linked_at), col(PersonContact.id))
    )
    if but_not is not None:
        statement = statement.where(PersonContact.person_id != but_not)
    return session.exec(statement).first()
