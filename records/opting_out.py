"""Somebody wants nothing more that we start on this phone, or the carrier says so for them.

Replies and safety texts go on. What was planned takes another address of the person that is not
stopped; without one, and with a follow-up open, a doctor is asked to phone.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select, update

from records import audit, people, tasks
from records.db import changed
from records.outbound import QUEUED, STARTED_BY_US
from records.people import china_date
from records.stopping import stop_messages
from records.tables import ContactPoint, FollowUp, OutboundMessage, Person, PersonContact

STOPPED = "stopped"
# Who said it: the person in a message, or the carrier with a code.
BY_MESSAGE, BY_CARRIER = "message", "carrier"
_REASONS = {BY_MESSAGE: STOPPED, BY_CARRIER: "stopped_by_carrier"}


def stop(session: Session, contact_point_id: str, now: datetime, *, by: str = BY_MESSAGE) -> bool:
    """Stop what we start on a phone. False when it was stopped before."""
    statement = (
        update(ContactPoint)
        .where(col(ContactPoint.id) == contact_point_id)
        .where(col(ContactPoint.stopped_at).is_(None))
        .values(stopped_at=now)
        .execution_options(synchronize_session=False)
    )
    if changed(session, statement) != 1:
        return False
    for who in people.behind(session, contact_point_id):
        _note(session, contact_point_id, who.person, now, by)
        if _another(session, contact_point_id, who.person.id):
            _route_anew(session, contact_point_id, who.person.id)
        elif _asked_now(session, who.person.id):
            _call(session, contact_point_id, who.person, now, _REASONS[by])
    whose = col(OutboundMessage.contact_point_id) == contact_point_id
    stop_messages(session, whose, STOPPED, now, all_of_them=False)
    return True


def _note(session: Session, contact_point_id: str, person: Person, now: datetime, by: str) -> None:
    audit.note(
        session,
        actor="agent",
        action="consent.stopped",
        subject="consent",
        subject_id=contact_point_id,
        person_id=person.id,
        facility_id=person.facility_id,
        now=now,
        detail={"by": by},
    )


def _another(session: Session, contact_point_id: str, person_id: str) -> bool:
    found = session.exec(
        select(ContactPoint.id)
        .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
        .where(PersonContact.person_id == person_id)
        .where(PersonContact.relation == "self")
        .where(col(PersonContact.unlinked_at).is_(None))
        .where(ContactPoint.id != contact_point_id)
        .where(col(ContactPoint.stopped_at).is_(None))
        .where(col(ContactPoint.unfollowed_at).is_(None))
    ).first()
    return found is not None


def _route_anew(session: Session, contact_point_id: str, person_id: str) -> None:
    """Without an address the person's own one is found when it is sent."""
    session.execute(
        update(OutboundMessage)
        .where(col(OutboundMessage.contact_point_id) == contact_point_id)
        .where(col(OutboundMessage.person_id) == person_id)
        .where(col(OutboundMessage.state) == QUEUED)
        .where(col(OutboundMessage.purpose).in_(STARTED_BY_US))
        .values(contact_point_id=None)
        .execution_options(synchronize_session=False)
    )


def _asked_now(session: Session, person_id: str) -> bool:
    found = session.exec(
        select(FollowUp.id).where(FollowUp.person_id == person_id).where(FollowUp.state == "open")
    ).first()
    return found is not None


def _call(
    session: Session, contact_point_id: str, person: Person, now: datetime, reason: str
) -> None:
    tasks.open_task(
        session,
        task_key=f"{STOPPED}:{contact_point_id}:{person.id}:{china_date(now)}",
        kind=tasks.CALL,
        reason=reason,
        person_id=person.id,
        contact_point_id=contact_point_id,
        facility_id=person.facility_id,
        now=now,
    )
