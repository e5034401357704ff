"""Lessons given, and everything about a phone and a person that decides whether one may be given now.

A phone has one lesson a week, whoever is behind it: the unique key decides, not a read before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select, update

from records import consents, life, people, subscriptions, takeover
from records.db import changed
from records.escalations import CLOSED
from records.follow_ups import OPEN
from records.identity import new_id
from records.insertion import insert_once
from records.outbound import EDUCATION, QUEUED, SPOKEN, STARTED_BY_US
from records.people import Linked, china_date
from records.reaching import own_contact_point
from records.reader import Reader
from records.tables import (
    ContactPoint,
    Escalation,
    FollowUp,
    Lesson,
    OutboundMessage,
    Person,
    PersonContact,
    Turn,
)
from records.times import CHINA

WEEK = timedelta(days=7)
# Not while somebody writes: a lesson between two sentences is noise.
_IN_TALK = timedelta(minutes=30)
# A question of ours this young may still be answered.
_ASKED = timedelta(days=1)
_REMEMBERED = timedelta(days=730)
_SHOWN = 20
_REACHED = (QUEUED, *SPOKEN)
# Where a conversation keeps what was talked about last.
TALK = "talk"


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone that a lesson could go to. `hour`: the hour its holder asked for."""

    id: str
    channel: str
    hour: int | None


@dataclass(frozen=True, slots=True)
class Pupil:
    """Somebody behind a phone who may be taught now, and since when nothing was taught."""

    person: Person
    relation: str
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is written down of one lesson."""

    person_id: str
    contact_point_id: str
    article_id: str
    subject: str
    digest: str
    reason: str
    told_opt_out: bool


@dataclass(frozen=True, slots=True)
class Taught:
    """A lesson as it is shown: what, when, why, what became of it, and whether she wrote after it."""

    article_id: str
    subject: str
    reason: str
    at: datetime
    state: str
    wrote: bool


def week_of(day: date) -> date:
    """The Monday of the week."""
    return day - timedelta(days=day.weekday())


def phones(
    session: Session,
    now: datetime,
    *,
    windowed: frozenset[str],
    spare: int,
    gap: timedelta,
    leave: tuple[str, str] | None = None,
) -> list[Phone]:
    """The phones that took no lesson for a while, and can be written to now.

    On a channel with a window it must be open, with more sends left than are kept for what matters
    more, or the holder agreed to be sent lessons: `leave` is the template's id and kind.
    """
    open_to_us = or_(col(ContactPoint.channel).not_in(windowed), _window_open(now, spare))
    if leave is not None:
        open_to_us = or_(open_to_us, subscriptions.subscribed(*leave))
    lately = select(Lesson.contact_point_id).where(col(Lesson.planned_at) > now - gap)
    rows = session.exec(
        select(ContactPoint.id, ContactPoint.channel, ContactPoint.reminder_hour)
        .where(col(ContactPoint.stopped_at).is_(None))
        .where(col(ContactPoint.unfollowed_at).is_(None))
        .where(col(ContactPoint.waiting_since).is_(None))
        .where(open_to_us)
        .where(col(ContactPoint.id).not_in(lately))
        .order_by(col(ContactPoint.id))
    ).all()
    return [Phone(*row) for row in rows]


def locked(session: Session, contact_point_id: str) -> ContactPoint | None:
    """The phone, taken for this transaction; None when another worker has it."""
    return session.exec(
        select(ContactPoint)
        .where(ContactPoint.id == contact_point_id)
        .with_for_update(skip_locked=True)
    ).one_or_none()


def busy(session: Session, contact: ContactPoint, now: datetime) -> str | None:
    """Why nothing is taught on this phone now; None when nothing stands against it."""
    persons = [who.person.id for who in people.behind(session, contact.id)]
    if takeover.is_held(contact, now):
        return "doctor_talks"
    heard = contact.last_inbound_at
    if heard is not None and now - heard < _IN_TALK:
        return "in_talk"
    if heard is not None and now - heard < _ASKED and _awaits(contact):
        return "asked"
    if _alarmed(session, persons, now):
        return "alarm"
    if _being_asked(session, persons):
        return "follow_up"
    return "written_today" if _written_today(session, contact.id, persons, now) else None


def pupils(session: Session, contact: ContactPoint, now: datetime, gap: timedelta) -> list[Pupil]:
    """Who behind a phone may be taught on it, the one who waits longest first."""
    found = []
    for who in people.behind(session, contact.id):
        last = last_lesson(session, who.person.id)
        early = last is not None and now - last < gap
        if not early and _may_be_taught(session, who, contact, now):
            found.append(Pupil(who.person, who.relation, last))
    return sorted(found, key=lambda one: (one.last is not None, one.last or now, one.person.id))


def taken(session: Session, plan: Plan, now: datetime) -> Lesson | None:
    """Write a lesson down before it is queued. None: this phone has one this week already."""
    row = Lesson(
        id=new_id(),
        person_id=plan.person_id,
        contact_point_id=plan.contact_point_id,
        week_on=week_of(china_date(now)),
        article_id=plan.article_id,
        subject=plan.subject,
        digest=plan.digest,
        reason=plan.reason,
        told_opt_out=plan.told_opt_out,
        planned_at=now,
    )
    return row if insert_once(session, row) else None


def queued_as(session: Session, lesson_id: str, outbound_message_id: str) -> bool:
    """Note which message carries a lesson."""
    statement = (
        update(Lesson)
        .where(col(Lesson.id) == lesson_id)
        .values(outbound_message_id=outbound_message_id)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def last_lesson(session: Session, person_id: str) -> datetime | None:
    """When a person was last given a lesson, on whatever phone."""
    return session.exec(
        select(Lesson.planned_at)
        .where(Lesson.person_id == person_id)
        .order_by(col(Lesson.planned_at).desc())
    ).first()


def history(session: Session, person_id: str, now: datetime) -> tuple[tuple[str, date], ...]:
    """The articles a person was taught and when; what never left does not count."""
    rows = session.exec(
        select(Lesson.article_id, Lesson.planned_at)
        .join(OutboundMessage, col(OutboundMessage.id) == col(Lesson.outbound_message_id))
        .where(Lesson.person_id == person_id)
        .where(col(Lesson.planned_at) > now - _REMEMBERED)
        .where(col(OutboundMessage.state).in_(_REACHED))
        .order_by(col(Lesson.planned_at))
    ).all()
    return tuple((article_id, china_date(at)) for article_id, at in rows)


def asked(session: Session, person_id: str, since: datetime) -> dict[str, date]:
    """The articles that answered a question of this person, each with its last day."""
    rows = session.exec(
        select(Turn.citations, Turn.ended_at)
        .where(Turn.person_id == person_id)
        .where(col(Turn.ended_at) > since)
        .order_by(col(Turn.ended_at))
    ).all()
    return {article_id: china_date(at) for citations, at in rows for article_id in citations}


def opt_out_told(session: Session, contact_point_id: str, since: datetime) -> bool:
    """Whether this phone was told lately how to stop lessons."""
    found = session.exec(
        select(Lesson.id)
        .where(Lesson.contact_point_id == contact_point_id)
        .where(col(Lesson.told_opt_out).is_(True))
        .where(col(Lesson.planned_at) > since)
    ).first()
    return found is not None


def of_person(session: Session, reader: Reader, person_id: str) -> tuple[Taught, ...]:
    """The last lessons of somebody this reader may see, the newest first."""
    visible = select(Person.id).where(Person.id == person_id).where(reader.people())
    return _shown(session, col(Lesson.person_id).in_(visible))


def for_operator(session: Session, person_id: str) -> tuple[Taught, ...]:
    """The same for the command line, whose user holds the database anyway."""
    return _shown(session, col(Lesson.person_id) == person_id)


def _shown(session: Session, whose: ColumnElement[bool]) -> tuple[Taught, ...]:
    rows = session.exec(
        select(Lesson, OutboundMessage, ContactPoint.last_inbound_at)
        .join(OutboundMessage, col(OutboundMessage.id) == col(Lesson.outbound_message_id))
        .join(ContactPoint, col(ContactPoint.id) == col(Lesson.contact_point_id))
        .where(whose)
        .order_by(col(Lesson.planned_at).desc())
        .limit(_SHOWN)
    ).all()
    return tuple(
        Taught(
            lesson.article_id,
            lesson.subject,
            lesson.reason,
            message.settled_at or lesson.planned_at,
            message.state,
            heard is not None and message.settled_at is not None and heard > message.settled_at,
        )
        for lesson, message, heard in rows
    )


def _window_open(now: datetime, spare: int) -> ColumnElement[bool]:
    return (col(ContactPoint.window_until) > now) & (col(ContactPoint.window_left) > spare)


def _awaits(contact: ContactPoint) -> bool:
    """Whether an answer to a question of ours is still expected. What was talked about is none."""
    return bool(contact.awaiting.keys() - {TALK})


def _alarmed(session: Session, persons: Sequence[str], now: datetime) -> bool:
    """An alarm that is open, or was within a week, about anybody behind the phone."""
    found = session.exec(
        select(Escalation.id)
        .where(col(Escalation.person_id).in_(persons))
        .where(
            or_(
                Escalation.state != CLOSED,
                col(Escalation.opened_at) > now - WEEK,
                col(Escalation.closed_at) > now - WEEK,
            )
        )
    ).first()
    return found is not None


def _being_asked(session: Session, persons: Sequence[str]) -> bool:
    found = session.exec(
        select(FollowUp.id)
        .where(col(FollowUp.person_id).in_(persons))
        .where(FollowUp.state == OPEN)
    ).first()
    return found is not None


def _written_today(
    session: Session, contact_point_id: str, persons: Sequence[str], now: datetime
) -> bool:
    """One message a day that we start is enough; the fuse of delivery is only the last resort."""
    midnight = datetime.combine(china_date(now), time.min, tzinfo=CHINA)
    theirs = or_(
        OutboundMessage.contact_point_id == contact_point_id,
        col(OutboundMessage.contact_point_id).is_(None)
        & col(OutboundMessage.person_id).in_(persons),
    )
    found = session.exec(
        select(OutboundMessage.id)
        .where(theirs)
        .where(col(OutboundMessage.purpose).in_(STARTED_BY_US))
        .where(
            or_(
                OutboundMessage.state == QUEUED,
                col(OutboundMessage.state).in_(SPOKEN)
                & (col(OutboundMessage.next_attempt_at) >= midnight),
            )
        )
    ).first()
    return found is not None


def _may_be_taught(session: Session, who: Linked, contact: ContactPoint, now: datetime) -> bool:
    """Under management, agreed to it for this phone, and reached best on this very phone."""
    person = who.person
    if person.status != life.ACTIVE or not life.takes_plans(person, china_date(now)):
        return False
    if not people.background(session, person, china_date(now)).conditions:
        return False
    own = own_contact_point(session, person.id, EDUCATION)
    if own is None or own.id != contact.id:
        return False
    return consents.EDUCATION in consents.allowed(session, person.id, contact.id)


def holders(session: Session, person_id: str | None = None) -> list[tuple[str, str]]:
    """Every phone that somebody, or this person, is behind: its id and channel."""
    behind = select(PersonContact.contact_point_id).where(col(PersonContact.unlinked_at).is_(None))
    if person_id is not None:
        behind = behind.where(PersonContact.person_id == person_id)
    rows = session.exec(
        select(ContactPoint.id, ContactPoint.channel)
        .where(col(ContactPoint.id).in_(behind))
        .order_by(col(ContactPoint.id))
    ).all()
    return [(contact_id, channel) for contact_id, channel in rows]


def ailments(contact: ContactPoint) -> frozenset[str]:
    """What else somebody on this phone said to have lately: it keeps unfit articles away."""
    talk = contact.awaiting.get(TALK)
    said = talk.get("ailments") if isinstance(talk, dict) else None
    return frozenset(map(str, said or ()))


def talk_about(session: Session, contact: ContactPoint, codes: Mapping[str, Any]) -> None:
    """Remember what the lesson was about: 为啥 after it means the lesson."""
    session.execute(
        update(ContactPoint)
        .where(col(ContactPoint.id) == contact.id)
        .values(awaiting={**contact.awaiting, TALK: dict(codes)})
        .execution_options(synchronize_session=False)
    )
