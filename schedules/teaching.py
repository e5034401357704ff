"""The weekly lesson: one article for one person on one phone, never in quiet hours, never a burst.

One transaction per phone, so that a bad row stops nobody else and a crash teaches nobody twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from channels.limits import Limits
from knowledge.article import Article
from knowledge.composing import SHORT_LIMIT
from knowledge.corpus import digest_of
from knowledge.curriculum import Choice, Curriculum, Learner, curriculum, ranking
from knowledge.topic import Topic
from records import lessons, outbound, people, risks
from records.db import Database
from records.festivals import next_spring_festival
from records.lessons import Phone, Pupil
from records.outbound import EDUCATION, Draft
from records.people import china_date
from records.tables import ContactPoint, Lesson
from records.vault import Vault
from schedules.lesson_hours import Timetable, is_time
from schedules.lesson_words import FREE_LIMIT, discreet, words

log = structlog.get_logger(__name__)

TEXT_KEY = "lesson.head"
# Channels that can only be written to while the person's window is open, and those that cost money
# for every message.
WINDOWED = frozenset({"wechat"})
PAID = frozenset({"sms"})
_AT_ONCE = 30
# An old lesson is of no use; the next one comes anyway.
_LIVES = timedelta(days=1)
_TELLS_AGAIN = timedelta(days=28)
_ASKED_BACK = timedelta(weeks=12)


# What announces a lesson to those who subscribed, while no chat is open.
_ANNOUNCED = {"name": "lesson"}


@dataclass(frozen=True, slots=True)
class School:
    """What teaching needs. `article` gives an article that may be shown to patients on that day.

    `leave`: id and kind of the WeChat template that people subscribe to for their lessons.
    """

    article: Callable[[str, datetime], Article | None]
    timetable: Timetable = field(default_factory=Timetable)
    by_sms: bool = False
    known: Curriculum = field(default_factory=curriculum)
    spare: int = field(default_factory=lambda: Limits().reserved[EDUCATION])
    leave: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody would be taught, in which words."""

    pupil: Pupil
    choice: Choice
    text: str
    opt_out: bool


def teach_due(database: Database, vault: Vault, school: School, now: datetime) -> int:
    """Give the lessons whose time has come. Returns how many were given."""
    with database.reading() as session:
        # Looked at before any writing transaction, which would make others wait for nothing.
        phones = [one for one in due(session, school, now) if _likely(session, school, one, now)]
    given = 0
    for phone in phones:
        try:
            with database.transaction() as session:
                given += _teach(session, vault, school, phone, now)
        except Exception as error:
            log.exception("lesson.failed", contact_point_id=phone.id, error=type(error).__name__)
        if given >= _AT_ONCE:
            break
    return given


def due(session: Session, school: School, now: datetime) -> list[Phone]:
    """The phones whose own time it is."""
    open_now = lessons.phones(
        session,
        now,
        windowed=WINDOWED,
        spare=school.spare,
        gap=school.timetable.gap,
        leave=school.leave,
    )
    return [
        phone
        for phone in open_now
        if (school.by_sms or phone.channel not in PAID)
        and is_time(
            school.timetable,
            phone.id,
            now,
            hour=phone.hour,
            fleeting=phone.channel in WINDOWED,
        )
    ]


def chosen(
    session: Session, vault: Vault, school: School, contact: ContactPoint, now: datetime
) -> Chosen | None:
    """Who behind a phone would be taught what; None when nobody, or nothing fits."""
    several = len(people.behind(session, contact.id)) > 1
    opt_out = not lessons.opt_out_told(session, contact.id, now - _TELLS_AGAIN)
    for pupil in lessons.pupils(session, contact, now, school.timetable.gap):
        relative = pupil.relation != "self"
        name = people.name_of(vault, pupil.person) if several or relative else ""
        for choice in _ranked(session, school, contact, pupil, now):
            text = words(
                choice.article,
                name=name,
                opt_out=opt_out,
                today=school.known.today_of(choice.article),
                limit=SHORT_LIMIT if contact.channel in PAID else FREE_LIMIT,
            )
            if text is None or not _may_carry(school, contact, text, name):
                continue
            return Chosen(pupil, choice, text, opt_out)
    return None


def _likely(session: Session, school: School, phone: Phone, now: datetime) -> bool:
    """Nothing stands against a lesson, and somebody there may be taught."""
    contact = session.get_one(ContactPoint, phone.id)
    if lessons.busy(session, contact, now) is not None:
        return False
    try:
        return bool(lessons.pupils(session, contact, now, school.timetable.gap))
    except Exception:  # noqa: BLE001 - a row that cannot be read fails by itself, and is told, below
        return True


def _ranked(
    session: Session, school: School, contact: ContactPoint, pupil: Pupil, now: datetime
) -> tuple[Choice, ...]:
    today, person = china_date(now), pupil.person
    known = people.background(session, person, today)
    learner = Learner(
        programmes=frozenset(str(one) for one in known.conditions),
        signals=risks.risks(session, person, now) | lessons.ailments(contact),
        taught=lessons.history(session, person.id, now),
        asked=lessons.asked(session, person.id, now - _ASKED_BACK),
        age=known.age,
        relative=pupil.relation != "self",
    )

    def article(article_id: str) -> Article | None:
        return school.article(article_id, now)

    return ranking(school.known, learner, today, article, next_spring_festival(today))


def _may_carry(school: School, contact: ContactPoint, text: str, name: str) -> bool:
    """On SMS a lesson names no disease, no value and nobody: strangers look at that screen."""
    return contact.channel not in PAID or (discreet(text, school.known.unsaid) and not name)


def _teach(session: Session, vault: Vault, school: School, phone: Phone, now: datetime) -> int:
    contact = lessons.locked(session, phone.id)
    if contact is None or lessons.busy(session, contact, now) is not None:
        return 0
    found = chosen(session, vault, school, contact, now)
    if found is None:
        return 0
    lesson = lessons.taken(session, _plan(contact, found), now)
    if lesson is None or not _queue(session, vault, lesson, found, now):
        return 0
    topic = Topic(articles=(lesson.article_id,), about=found.choice.article.about)
    codes = {**topic.codes(), "whom": found.pupil.relation, "at": now.isoformat()}
    lessons.talk_about(session, contact, codes)
    return 1


def _plan(contact: ContactPoint, found: Chosen) -> lessons.Plan:
    return lessons.Plan(
        person_id=found.pupil.person.id,
        contact_point_id=contact.id,
        article_id=found.choice.article.id,
        subject=found.choice.subject,
        digest=digest_of(found.choice.article),
        reason=found.choice.reason,
        told_opt_out=found.opt_out,
    )


def _queue(session: Session, vault: Vault, lesson: Lesson, found: Chosen, now: datetime) -> bool:
    draft = Draft(
        purpose=EDUCATION,
        text_key=TEXT_KEY,
        body=found.text,
        send_key=f"lesson:{lesson.contact_point_id}:{lesson.week_on}",
        contact_point_id=lesson.contact_point_id,
        person_id=lesson.person_id,
        template=_ANNOUNCED,
        expires_at=now + _LIVES,
    )
    message = outbound.queue(session, vault, draft, now)
    if message is None:
        return False
    lessons.queued_as(session, lesson.id, message.id)
    log.info("lesson.given", lesson_id=lesson.id, name=lesson.article_id, reason=lesson.reason)
    return True
