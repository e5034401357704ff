"""When the product itself has something to do next: the earliest of all its clocks."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlmodel import Session, col, func, select

from care.quiet import next_allowed
from records.people import china_date
from records.tables import ContactPoint, Escalation, FollowUp, OutboundMessage
from records.times import CHINA
from schedules.lesson_hours import Timetable
from schedules.teaching import School

_OPENING = time(8, 0)
_LESSONS_EVERY = timedelta(minutes=30)


def next_due(session: Session, now: datetime, school: School | None = None) -> datetime:
    """The next moment at which a tick would find something; at the latest the next opening hour."""
    asked = (
        select(func.min(col(ContactPoint.wake_at))),
        select(func.min(col(OutboundMessage.next_attempt_at))).where(
            OutboundMessage.state == "queued"
        ),
        select(func.min(col(Escalation.next_escalation_at))).where(Escalation.state == "open"),
    )
    moments = [session.exec(one).one() for one in asked]
    chased = session.exec(
        select(func.min(col(FollowUp.next_step_at))).where(FollowUp.state == "open")
    ).one()
    if chased is not None:
        moments.append(next_allowed(max(chased, now)))
    if school is not None:
        moments.append(_next_lesson(session, school.timetable, now))
    known = [moment for moment in moments if moment is not None]
    return min([*known, _next_opening(now)])


def _next_lesson(session: Session, table: Timetable, now: datetime) -> datetime | None:
    """While anybody can be written to: twice an hour within the hours of lessons."""
    open_now = select(ContactPoint.id).where(col(ContactPoint.window_until) > now).limit(1)
    hour = (now + _LESSONS_EVERY).astimezone(CHINA).hour
    if not table.first_hour <= hour < table.last_hour or session.exec(open_now).first() is None:
        return None
    return now + _LESSONS_EVERY


def _next_opening(now: datetime) -> datetime:
    today = datetime.combine(china_date(now), _OPENING, tzinfo=CHINA)
    return today if today > now else today + timedelta(days=1)
