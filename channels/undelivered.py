"""What could not be sent becomes somebody's task: phone the person."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from channels.port import NOT_FOLLOWING
from records import announced, people
from records.following import UNFOLLOWED
from records.outbound import DOCTOR, EXPIRED, REMINDER, REPLY, SAFETY
from records.tables import ContactPoint, OutboundMessage, Person
from records.tasks import CALL, open_task, stands

# Whose failure is worth a phone call. A reminder that grew old is the follow-up's own affair.
_WORTH_A_CALL = frozenset({SAFETY, DOCTOR, REPLY, REMINDER})
_NO_CONSENT = "no_consent"
_STILL_WORTH_IT_WHEN_OLD = frozenset({SAFETY, DOCTOR, REPLY})


def hand_over(
    session: Session, message: OutboundMessage, reason: str, now: datetime, state: str = ""
) -> bool:
    """Open the call task of a message that did not arrive. One message, one task.

    The words that a message announced are the same message.
    """
    worth = _STILL_WORTH_IT_WHEN_OLD if state == EXPIRED else _WORTH_A_CALL
    if message.purpose not in worth:
        return False
    person = _whom(session, message, now)
    if person is None or (reason == _NO_CONSENT and _asked_already(session, person)):
        return False
    if reason == NOT_FOLLOWING and stands(session, person.id, CALL, UNFOLLOWED):
        return False
    return open_task(
        session,
        task_key=f"call:{announced.announcer(session, message) or message.id}",
        kind=CALL,
        reason=f"undelivered:{reason}",
        person_id=person.id,
        contact_point_id=message.contact_point_id,
        facility_id=person.facility_id,
        outbound_message_id=message.id,
        now=now,
    )


def _asked_already(session: Session, person: Person) -> bool:
    """Whoever does not want to be written to is phoned once, not for every message."""
    return stands(session, person.id, CALL, f"undelivered:{_NO_CONSENT}")


def _whom(session: Session, message: OutboundMessage, now: datetime) -> Person | None:
    if message.person_id is not None:
        return session.get(Person, message.person_id)
    if message.contact_point_id is None:
        return None
    contact = session.get_one(ContactPoint, message.contact_point_id)
    return people.ensure_person(session, contact, now)
