"""Somebody stops to follow the account, or follows it again: what is planned goes another way."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select, update

from records import people, tasks
from records.outbound import CHANNEL_CLOSED, QUEUED, REMINDER, STARTED_BY_US
from records.people import china_date
from records.reaching import own_contact_point
from records.stopping import stop_messages
from records.tables import ContactPoint, FollowUp, OutboundMessage, Person, Task

UNFOLLOWED = "unfollowed"
NOT_FOLLOWING = "not_following"
_BACK = "followed_again"


def left(session: Session, contact: ContactPoint, now: datetime) -> None:
    """Planned messages take another address of the person; without one a doctor phones instead."""
    for who in people.behind(session, contact.id):
        other = own_contact_point(session, who.person.id, REMINDER)
        if other is not None and other.id != contact.id and other.unfollowed_at is None:
            _route_anew(session, contact, who.person)
        elif _asked_now(session, who.person.id):
            _call(session, contact, who.person, now)
    whose = col(OutboundMessage.contact_point_id) == contact.id
    stop_messages(session, whose, NOT_FOLLOWING, now, all_of_them=False, state=CHANNEL_CLOSED)


def returned(session: Session, contact: ContactPoint, now: datetime) -> None:
    """Messages reach the person again: nobody need phone for want of an address."""
    session.execute(
        update(Task)
        .where(col(Task.contact_point_id) == contact.id)
        .where(col(Task.reason) == UNFOLLOWED)
        .where(col(Task.closed_at).is_(None))
        .values(closed_at=now, closed_by="agent", outcome=_BACK)
        .execution_options(synchronize_session=False)
    )


def _route_anew(session: Session, contact: ContactPoint, person: Person) -> None:
    """Without an address the person's own one is found when it is sent."""
    session.execute(
        update(OutboundMessage)
        .where(col(OutboundMessage.contact_point_id) == contact.id)
        .where(col(OutboundMessage.person_id) == person.id)
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


def _call(session: Session, contact: ContactPoint, person: Person, now: datetime) -> None:
    tasks.open_task(
        session,
        task_key=f"{UNFOLLOWED}:{contact.id}:{person.id}:{china_date(now)}",
        kind=tasks.CALL,
        reason=UNFOLLOWED,
        person_id=person.id,
        contact_point_id=contact.id,
        facility_id=person.facility_id,
        now=now,
    )
