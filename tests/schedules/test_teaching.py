from __future__ import annotations

import itertools
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import structlog
from sqlmodel import Session, select

from care.level import Level
from care.quiet import may_start
from channels.delivery import Routes
from knowledge.curriculum import curriculum
from knowledge.topic import Topic
from records import consents, escalations, follow_ups, lessons, messages, outbound
from records.consents import Evidence
from records.db import Database
from records.outbound import Draft
from records.tables import ContactPoint, OutboundMessage, Person
from records.times import CHINA
from records.vault import Vault
from schedules import teaching
from schedules.lesson_hours import Timetable
from schedules.ticks import TICKS, Work
from tests.agent.scene import Village
from tests.schedules.classroom import Classroom, a_school


@pytest.fixture
def room(village: Village) -> Classroom:
    found = Classroom(village)
    found.open_window()
    found.at_its_time()
    return found


@pytest.fixture
def anywhere(database: Database, vault: Vault, now: datetime) -> Classroom:
    """The same on both engines."""
    found = Classroom(Village(database, vault, now))
    found.open_window()
    found.at_its_time()
    return found


def revoke(room: Classroom, purpose: str = consents.EDUCATION) -> None:
    with room.village.database.transaction() as session:
        consents.revoke(
            session,
            room.village.patient.id,
            [purpose],
            room.now,
            evidence=Evidence(),
            said_on=room.village.contact_id,
        )


def test_a_lesson_is_given_once_a_week_and_says_where_it_comes_from(anywhere: Classroom) -> None:
    for _ in range(3):
        anywhere.teach()
    (lesson,) = anywhere.lessons()
    (text,) = anywhere.texts()
    assert lesson.article_id in text
    assert text.startswith("小课：")
    assert "（来源：基层指南2025版，待医生审核）" in text
    assert len(text) <= 200
    assert lesson.reason == "new"
    assert len(lesson.digest) == 64


def test_what_to_do_today_is_part_of_it(room: Classroom) -> None:
    room.school = a_school(today="今天量一次血压，记下来。")
    room.teach()
    (text,) = room.texts()
    assert "今天可以做：今天量一次血压，记下来。（来源：" in text


def test_another_one_comes_after_seven_days_and_is_not_the_same(room: Classroom) -> None:
    first = room.now
    for day in range(29):
        room.at_its_time(first.astimezone(CHINA).date() + timedelta(days=day))
        room.teach()
        room.settle()
    given = room.lessons()
    assert len(given) == 5
    assert len({one.article_id for one in given}) == 5
    assert all(
        b.planned_at - a.planned_at >= timedelta(days=7) for a, b in itertools.pairwise(given)
    )


def test_how_to_stop_is_said_once_in_four_weeks(room: Classroom) -> None:
    first = room.now.astimezone(CHINA).date()
    for week in range(6):
        room.at_its_time(first + timedelta(weeks=week))
        room.teach()
        room.settle()
    told = ["不学了" in text for text in room.texts()]
    assert told == [True, False, False, False, True, False]


@pytest.mark.parametrize("hour", [0, 6, 7, 20, 22, 23])
def test_nothing_is_taught_in_quiet_hours(room: Classroom, hour: int) -> None:
    room.contact(reminder_hour=hour)
    day = datetime(2026, 11, 25, hour, tzinfo=CHINA)
    for minute in range(0, 60, 5):
        room.village.now = (day + timedelta(minutes=minute)).astimezone(UTC)
        assert room.teach() == 0


def test_the_hour_that_was_asked_for_is_kept(room: Classroom) -> None:
    room.contact(reminder_hour=8)
    day = datetime(2026, 11, 25, tzinfo=CHINA)
    for minute in range(0, 24 * 60, 5):
        room.village.now = (day + timedelta(minutes=minute)).astimezone(UTC)
        room.teach()
    (lesson,) = room.lessons()
    assert lesson.planned_at.astimezone(CHINA).hour == 8


@pytest.mark.parametrize("status", ["deceased", "moved", "refused", "away", "unidentified"])
def test_who_is_not_under_care_is_not_taught(room: Classroom, status: str) -> None:
    room.person(status=status)
    assert room.teach() == 0


def test_who_is_pregnant_is_left_to_the_doctor(room: Classroom) -> None:
    room.person(pregnant=True)
    assert room.teach() == 0


def test_who_does_not_want_lessons_gets_none_and_still_gets_reminders(room: Classroom) -> None:
    revoke(room)
    assert room.teach() == 0
    with room.village.database.reading() as session:
        left = consents.allowed(session, room.village.patient.id, room.village.contact_id)
    assert consents.REMINDERS in left


def test_who_stopped_everything_gets_no_lesson(room: Classroom) -> None:
    room.contact(stopped_at=room.now)
    assert room.teach() == 0


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        ("不学了", False),
        ("不想收小课了", False),
        ("别再发小课", False),
        ("不要科普", False),
        ("学", True),
        ("小课不错", True),
    ],
)
def test_one_word_stops_lessons_and_only_lessons(
    room: Classroom, words: str, *, allowed: bool
) -> None:
    room.village.say(words)
    with room.village.database.reading() as session:
        left = consents.allowed(session, room.village.patient.id, room.village.contact_id)
    assert (consents.EDUCATION in left) is allowed
    assert consents.REMINDERS in left
    assert consents.READINGS in left


def test_lessons_begin_again_with_one_word(room: Classroom) -> None:
    room.village.say("不学了")
    said = room.village.say("我还想学")
    room.village.later(days=1)
    room.at_its_time()
    assert room.teach() == 1
    assert "科普" in said[-1]


def test_a_lesson_that_waits_is_not_sent_after_a_no(room: Classroom) -> None:
    room.teach()
    revoke(room)
    with room.village.database.reading() as session:
        allowed = consents.allowed(session, room.village.patient.id, room.village.contact_id)
    assert consents.NEEDED[outbound.EDUCATION] not in allowed


def test_an_open_alarm_and_the_week_after_it_are_no_time_for_lessons(room: Classroom) -> None:
    with room.village.database.transaction() as session:
        alarm = escalations.raise_alarm(
            session,
            person_id=room.village.patient.id,
            contact_point_id=room.village.contact_id,
            facility_id=room.village.facility.id,
            level=Level.URGENT,
            reasons=("bp_high",),
            now=room.now,
            rings_at=room.now,
        )
    assert room.teach() == 0
    with room.village.database.transaction() as session:
        row = session.merge(alarm.escalation)
        row.state, row.closed_at = escalations.CLOSED, room.now
        session.add(row)
    room.at_its_time(date(2026, 11, 27))
    assert room.teach() == 0
    room.at_its_time(date(2026, 12, 1))
    assert room.teach() == 1


def test_what_a_follow_up_asks_is_answered_first(room: Classroom) -> None:
    with room.village.database.transaction() as session:
        follow_ups.plan(session, room.village.patient.id, "hypertension", date(2026, 11, 23))
        rows = follow_ups.due_to_open(session, date(2026, 11, 23), 5)
        follow_ups.start(
            session,
            [row.id for row in rows],
            now=room.now,
            next_step_at=room.now + timedelta(days=2),
        )
    assert room.teach() == 0


def test_a_doctor_who_holds_the_conversation_is_not_interrupted(room: Classroom) -> None:
    room.contact(taken_over_until=room.now + timedelta(hours=2))
    assert room.teach() == 0


def test_nobody_is_taught_while_writing(room: Classroom) -> None:
    room.contact(last_inbound_at=room.now - timedelta(minutes=5))
    assert room.teach() == 0
    room.contact(last_inbound_at=room.now - timedelta(hours=2), awaiting={"confirm": ["x"]})
    assert room.teach() == 0
    room.contact(awaiting={"talk": {"articles": ["life.salt"]}})
    assert room.teach() == 1


def test_a_day_with_a_reminder_has_no_lesson(room: Classroom) -> None:
    with room.village.database.transaction() as session:
        draft = Draft(
            purpose=outbound.REMINDER,
            text_key="followup.reminder1",
            body="量一量",
            send_key="r1",
            person_id=room.village.patient.id,
            expires_at=room.now + timedelta(days=1),
        )
        outbound.queue(session, room.village.vault, draft, room.now)
    assert room.teach() == 0
    room.settle()
    assert room.teach() == 0
    room.at_its_time(date(2026, 11, 24))
    assert room.teach() == 1


@pytest.mark.parametrize(("left", "hours", "given"), [(3, 1, 1), (2, 1, 0), (5, 0, 0)])
def test_on_wechat_the_window_must_be_open_with_sends_to_spare(
    room: Classroom, left: int, hours: int, given: int
) -> None:
    room.open_window(left=left, lasts=timedelta(hours=hours))
    assert room.teach() == given


def test_a_window_is_used_on_any_day_of_the_week(room: Classroom) -> None:
    later = (room.weekday() - 1) % 7
    room.at_its_time(date(2026, 11, 23) + timedelta(days=later))
    assert room.teach() == 1


def test_sms_is_switched_on_by_name_and_says_nothing_a_stranger_may_not_see(
    room: Classroom,
) -> None:
    room.contact(channel="sms", reminder_hour=10)
    days = [datetime(2026, 11, 23, 10, tzinfo=CHINA) + timedelta(days=one) for one in range(7)]

    def week() -> int:
        return sum(_at(room, day + timedelta(minutes=m)) for day in days for m in (5, 20, 35, 55))

    assert week() == 0
    room.school = a_school(by_sms=True)
    assert week() == 1
    (text,) = room.texts()
    assert not any(word in text for word in curriculum().unsaid)


def _at(room: Classroom, moment: datetime) -> int:
    room.village.now = moment.astimezone(UTC)
    return room.teach()


def test_a_phone_that_two_people_share_has_one_lesson_a_week_in_turn(room: Classroom) -> None:
    spouse = room.relative()
    agree(room, spouse)
    first = room.now.astimezone(CHINA).date()
    for week in range(4):
        for day in range(3):
            room.at_its_time(first + timedelta(weeks=week, days=day))
            room.teach()
            room.settle()
    given = Counter(one.person_id for one in room.lessons())
    assert given == {room.village.patient.id: 2, spouse: 2}
    assert "给王桂芳的小课" in room.texts()[0]


def agree(room: Classroom, person_id: str) -> None:
    with room.village.database.transaction() as session:
        consents.give(
            session,
            person_id,
            [consents.EDUCATION],
            room.now,
            contact_point_id=room.village.contact_id,
            evidence=Evidence(),
        )


def test_a_relative_is_taught_about_whom_she_agreed_to(room: Classroom) -> None:
    spouse = room.relative()
    room.person(status="deceased")
    assert room.teach() == 0
    agree(room, spouse)
    room.village.later(days=8)
    room.at_its_time()
    assert room.teach() in {0, 1}
    for lesson in room.lessons():
        assert lesson.person_id == spouse


def test_the_new_year_is_a_week_like_any_other(room: Classroom) -> None:
    room.at_its_time(date(2026, 12, 31))
    assert room.teach() == 1
    room.settle()
    room.at_its_time(date(2027, 1, 1))
    assert room.teach() == 0
    room.at_its_time(date(2027, 1, 8))
    assert room.teach() == 1
    assert [one.week_on for one in room.lessons()] == [date(2026, 12, 28), date(2027, 1, 4)]


def test_midnight_belongs_to_nobody(room: Classroom) -> None:
    midnight = datetime(2027, 1, 1, tzinfo=CHINA)
    for second in range(-120, 121, 30):
        room.village.now = (midnight + timedelta(seconds=second)).astimezone(UTC)
        assert room.teach() == 0


def test_a_worker_that_dies_half_way_teaches_once(
    anywhere: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = outbound.queue

    def die(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(outbound, "queue", die)
    assert anywhere.teach() == 0
    assert anywhere.lessons() == []
    monkeypatch.setattr(outbound, "queue", real)
    assert anywhere.teach() == 1
    assert len(anywhere.texts()) == 1


def test_two_workers_teach_once(anywhere: Classroom) -> None:
    plan = lessons.Plan(
        anywhere.village.patient.id, anywhere.village.contact_id, "a", "s", "d", "basic", False
    )
    with anywhere.village.database.transaction() as session:
        assert lessons.taken(session, plan, anywhere.now) is not None
    with anywhere.village.database.transaction() as session:
        assert lessons.taken(session, plan, anywhere.now) is None
    assert anywhere.teach() == 0


def test_a_lesson_that_was_never_sent_was_not_taught(room: Classroom) -> None:
    room.teach()
    room.settle("channel_closed")
    with room.village.database.reading() as session:
        assert lessons.history(session, room.village.patient.id, room.now) == ()
    room.village.later(days=8)
    room.at_its_time()
    room.teach()
    first, second = room.lessons()
    assert first.article_id == second.article_id


def test_what_was_just_asked_about_is_not_taught(room: Classroom) -> None:
    room.village.say("盐吃多少")
    asked = {}
    with room.village.database.reading() as session:
        asked = lessons.asked(session, room.village.patient.id, room.now - timedelta(days=1))
    assert set(asked) == {"life.salt"}


def test_one_broken_phone_stops_nobody_else(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    with room.village.database.transaction() as session:
        address = messages.Address("wechat", "wx1", "openid-2")
        broken = messages.ensure_contact_point(session, room.village.vault, address, room.now)
    real, mine = lessons.pupils, teaching.due
    phone = lessons.Phone(broken.id, "wechat", None)

    def fail(session: Session, contact: ContactPoint, *more: Any) -> list[lessons.Pupil]:
        if contact.id == phone.id:
            raise ValueError
        return real(session, contact, *more)

    monkeypatch.setattr(teaching, "due", lambda *args: [phone, *mine(*args)])
    monkeypatch.setattr(lessons, "pupils", fail)
    with structlog.testing.capture_logs() as told:
        assert room.teach() == 1
    assert "lesson.failed" in {one["event"] for one in told}


def test_a_burst_is_cut_into_ticks(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "_AT_ONCE", 1)
    mine = teaching.due
    monkeypatch.setattr(teaching, "due", lambda *args: mine(*args) * 2)
    assert room.teach() == 1


def test_a_question_after_the_lesson_finds_what_it_was_about(room: Classroom) -> None:
    room.teach()
    (lesson,) = room.lessons()
    talk = room.village.contact().awaiting["talk"]
    assert Topic.of(talk).articles == (lesson.article_id,)
    assert (talk["whom"], talk["at"]) == ("self", room.now.isoformat())


def test_what_was_said_of_the_kidneys_keeps_unfit_lessons_away(room: Classroom) -> None:
    room.contact(awaiting={"talk": {"ailments": ["pregnant"]}})
    assert room.teach() == 0


def test_what_became_of_the_phone_meanwhile_counts(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor took the conversation between the look and the deed."""
    monkeypatch.setattr(teaching, "_likely", lambda *_: True)
    room.contact(taken_over_until=room.now + timedelta(hours=2))
    assert room.teach() == 0
    assert room.lessons() == []


def test_a_lesson_whose_key_was_used_is_not_said_again(room: Classroom) -> None:
    with room.village.database.transaction() as session:
        draft = Draft(
            purpose=outbound.EDUCATION,
            text_key="lesson.head",
            body="小课",
            send_key=f"lesson:{room.village.contact_id}:2026-11-23",
            contact_point_id=None,
            expires_at=room.now,
        )
        outbound.queue(session, room.village.vault, draft, room.now)
    room.settle("expired")
    assert room.teach() == 0
    assert room.texts() == ["小课"]


def test_lessons_outside_their_days_are_not_given(village: Village) -> None:
    room = Classroom(village, a_school(Timetable(weekdays=frozenset({6}))))
    room.open_window()
    room.at_its_time(date(2026, 11, 28))
    assert room.teach() == 0
    room.at_its_time(date(2026, 11, 29))
    assert room.teach() == 1


def test_a_lesson_grows_old_in_a_day(room: Classroom) -> None:
    room.teach()
    with room.village.database.reading() as session:
        (message,) = session.exec(
            select(OutboundMessage).where(OutboundMessage.purpose == "education")
        ).all()
        person = session.get_one(Person, room.village.patient.id)
    assert message.expires_at - message.created_at == timedelta(days=1)
    assert message.person_id == person.id
    assert message.template == {"name": "lesson"}


def test_two_workers_at_the_same_moment_teach_once(anywhere: Classroom) -> None:
    with ThreadPoolExecutor(4) as threads:
        given = list(threads.map(lambda _: anywhere.teach(), range(4)))
    assert sum(given) == 1
    assert len(anywhere.texts()) == len(anywhere.lessons()) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_happens_in_ten_weeks_the_promises_hold(room: Classroom, seed: int) -> None:
    """Days in any order of events: reminders, yes and no, closed windows, a worker that stands still."""
    chance = random.Random(seed)
    agreed, refused_at = True, []
    first = room.now.astimezone(CHINA).date()
    day = 0
    while day < 70:
        room.at_its_time(first + timedelta(days=day))
        room.open_window(left=chance.choice([0, 2, 3, 5]))
        happening = chance.random()
        if happening < 0.15:
            room.village.later(hours=-1)
            room.village.say("不学了" if agreed else "我想学")
            agreed = not agreed
            room.at_its_time(first + timedelta(days=day))
        if chance.random() < 0.2:
            room.village.later(hours=12)
        if not agreed:
            refused_at.append(room.now)
        room.teach()
        room.settle()
        day += chance.choice([1, 1, 2, 9])
    given = [one.planned_at for one in room.lessons()]
    assert given
    assert all(later - one >= timedelta(days=7) for one, later in itertools.pairwise(given))
    assert not set(given) & set(refused_at)
    assert all(may_start(one) for one in given)
    articles = [one.article_id for one in room.lessons()]
    assert len(set(articles)) == len(articles)


async def test_the_tick_teaches_where_there_is_a_school(room: Classroom) -> None:
    (tick,) = [one for one in TICKS if one.name == "teach"]
    work = Work(
        database=room.village.database,
        tools=room.village.tools,
        routes=Routes({}, None),
        media={},
        clock=lambda: room.now,
        worker="one",
    )
    assert await tick.run(work) == 0
    assert await tick.run(replace(work, school=room.school)) == 1


def test_whoever_may_not_be_taught_makes_no_writer_wait(
    anywhere: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, begun = anywhere.village.database, []
    transaction = database.transaction

    def counted() -> AbstractContextManager[Session]:
        begun.append(anywhere.now)
        return transaction()

    revoke(anywhere)
    monkeypatch.setattr(database, "transaction", counted)
    assert anywhere.teach() == 0
    assert not begun
    # With somebody who agreed there is something to write.
    monkeypatch.undo()
    agree(anywhere, anywhere.village.patient.id)
    monkeypatch.setattr(database, "transaction", counted)
    assert anywhere.teach() == 1
    assert len(begun) == 1
