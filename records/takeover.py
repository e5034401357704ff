"""A conversation that a doctor holds: until then the agent only reads, stores and alarms.

It begins with a doctor's reply (or a tap), slides with every further reply, and ends by handing it
back or by itself. The row is the clock: nothing has to run for it to lapse.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, update

from care.escalation import takeover_ends
from records import audit
from records.caseload import called
from records.db import changed
from records.reader import Reader
from records.tables import ContactPoint, Practitioner
from records.vault import Vault


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds a conversation, and until when."""

    contact_point_id: str
    until: datetime
    by_id: str | None
    by: str | None


def is_held(contact: ContactPoint, now: datetime) -> bool:
    """Whether a doctor holds this conversation now."""
    return contact.taken_over_until is not None and contact.taken_over_until > now


def held(
    session: Session, vault: Vault, contact_point_id: str | None, now: datetime
) -> Held | None:
    """Who holds a conversation now; None when the agent answers."""
    contact = session.get(ContactPoint, contact_point_id) if contact_point_id else None
    if contact is None or not is_held(contact, now) or contact.taken_over_until is None:
        return None
    doctor = session.get(Practitioner, contact.taken_over_by) if contact.taken_over_by else None
    return Held(contact.id, contact.taken_over_until, contact.taken_over_by, called(vault, doctor))


def take(session: Session, reader: Reader, contact_point_id: str, now: datetime) -> datetime:
    """Hold a conversation from now on, or a while longer. Returns until when."""
    until = takeover_ends(now)
    _set(session, contact_point_id, reader.practitioner_id, until)
    _note(session, reader, "takeover.begun", contact_point_id, now)
    return until


def hand_back(session: Session, reader: Reader, contact_point_id: str, now: datetime) -> bool:
    """Let the agent answer again. False when nobody held it."""
    statement = (
        update(ContactPoint)
        .where(col(ContactPoint.id) == contact_point_id)
        .where(col(ContactPoint.taken_over_until) > now)
        .values(taken_over_by=None, taken_over_until=None)
    )
    if changed(session, statement) != 1:
        return False
    _note(session, reader, "takeover.ended", contact_point_id, now)
    return True


def _set(session: Session, contact_point_id: str, by: str, until: datetime) -> None:
    session.execute(
        update(ContactPoint)
        .where(col(ContactPoint.id) == contact_point_id)
        .values(taken_over_by=by, taken_over_until=until)
    )


def _note(
    session: Session, reader: Reader, action: str, contact_point_id: str, now: datetime
) -> None:
    audit.note(
        session,
        actor=reader.actor,
        action=action,
        subject="conversation",
        subject_id=contact_point_id,
        facility_id=reader.facility_id,
        now=now,
    )
