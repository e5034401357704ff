"""Which address words about a person may go to: their own, or one of family that they agreed to."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session, col, select

from records.outbound import EDUCATION, REMINDER
from records.tables import Consent, ContactPoint, PersonContact

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

# Which consent lets words about a person go to the phone of somebody else.
_CONSENT = {REMINDER: "reminders", EDUCATION: "education"}


def own_contact_point(session: Session, person_id: str, purpose: str) -> ContactPoint | None:
    """The address a person holds, else one of family that they agreed to for this purpose.

    Of several: one that is followed, then the one last written from. Without consent: nobody.
    """
    links = session.exec(
        select(ContactPoint, PersonContact.relation)
        .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
        .where(PersonContact.person_id == person_id)
        .where(col(PersonContact.unlinked_at).is_(None))
        .order_by(col(ContactPoint.id))
    ).all()
    own = [contact for contact, relation in links if relation == "self"]
    if own:
        return max(own, key=_preferred)
    agreed = _agreed(session, person_id, purpose)
    return max(
        (contact for contact, _ in links if contact.id in agreed), key=_preferred, default=None
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


def _preferred(contact: ContactPoint) -> tuple[bool, datetime]:
    return contact.unfollowed_at is None, contact.last_inbound_at or _LONG_AGO
