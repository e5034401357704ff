"""Which address words about a person may go to: their own, or one of family that they agreed to."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session, col, select

from records.outbound import EDUCATION, REMINDER
from records.tables import Consent, ContactPoint, PersonContact

SELF = "self"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

# Which consent lets words about a person go to the phone of somebody else.
_CONSENT = {REMINDER: "reminders", EDUCATION: "education"}


def own_contact_point(session: Session, person_id: str, purpose: str) -> ContactPoint | None:
    """The address a person holds, else one of family that they agreed to for this purpose.

    Of several: one that is not stopped, one that is followed, then the one last written from. A stop
    holds for its phone only. Without consent: nobody.
    """
    return next(iter(contact_points(session, person_id, purpose)), None)


def contact_points(session: Session, person_id: str, purpose: str) -> list[ContactPoint]:
    """Where words about a person may go: their own addresses, then family's with consent."""
    links = session.exec(
        select(ContactPoint, PersonContact.relation)
        .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
        .where(PersonContact.person_id == person_id)
        .where(col(PersonContact.unlinked_at).is_(None))
        .order_by(col(ContactPoint.id))
    ).all()
    own = [contact for contact, relation in links if relation == SELF]
    family = [contact for contact, relation in links if relation != SELF]
    if family:
        agreed = _agreed(session, person_id, purpose)
        family = [contact for contact in family if contact.id in agreed]
    return [
        *sorted(own, key=_preferred, reverse=True),
        *sorted(family, key=_preferred, reverse=True),
    ]


def is_own(session: Session, person_id: str, contact_point_id: str) -> bool:
    """Whether a person writes from this address themselves."""
    return person_id in _holders(session, contact_point_id)


def same_human(session: Session, contact_point_id: str) -> list[ContactPoint]:
    """Other addresses of whoever holds this one: of one person alone, and of nobody else.

    A phone that two people call their own is not known to be in either's hands.
    """
    holders = _holders(session, contact_point_id)
    if len(holders) != 1:
        return []
    (holder,) = holders
    rows = session.exec(
        select(ContactPoint)
        .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
        .where(PersonContact.person_id == holder)
        .where(PersonContact.relation == SELF)
        .where(col(PersonContact.unlinked_at).is_(None))
        .where(ContactPoint.id != contact_point_id)
        .order_by(col(ContactPoint.id))
    ).all()
    alone = [contact for contact in rows if _holders(session, contact.id) == holders]
    return sorted(alone, key=_preferred, reverse=True)


def _holders(session: Session, contact_point_id: str) -> set[str]:
    return set(
        session.exec(
            select(PersonContact.person_id)
            .where(PersonContact.contact_point_id == contact_point_id)
            .where(PersonContact.relation == SELF)
            .where(col(PersonContact.unlinked_at).is_(None))
        ).all()
    )


def _agreed(session: Session, person_id: str, purpose: str) -> set[str | None]:
    return set(
        session.exec(
            select(Consent.contact_point_id)
            .where(Consent.person_id == person_id)
            .where(Consent.purpose == _CONSENT.get(purpose, "sharing"))
            .where(col(Consent.revoked_at).is_(None))
        ).all()
    )


def _preferred(contact: ContactPoint) -> tuple[bool, bool, datetime]:
    return (
        contact.stopped_at is None,
        contact.unfollowed_at is None,
        contact.last_inbound_at or _LONG_AGO,
    )
