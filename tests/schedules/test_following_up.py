from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select

from care.situation import Programme
from records import follow_ups, people
from records.db import Database
from records.people import Registration, china_date
from records.tables import FollowUp, OutboundMessage, Person, Task
from records.times import CHINA
from records.vault import Vault
from schedules.following_up import open_due, remind_due
from tests.agent.scene import Village

NIGHT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 23:00 in China


@pytest.fixture
def anywhere(database: Database, vault: Vault, now: datetime) -> Village:
    return Village(database, vault, now)


def plan(village: Village, due_on: date, programme: str = "hypertension") -> None:
    with village.database.transaction() as session:
        follow_ups.plan(session, village.patient.id, programme, due_on)


def sent(village: Village) -> list[str]:
    with village.database.reading() as session:
        rows = session.exec(
            select(OutboundMessage)
            .where(OutboundMessage.purpose == "reminder")
            .order_by(col(OutboundMessage.created_at))
        ).all()
        return [row.text_key for row in rows]


def states(village: Village) -> list[str]:
    with village.database.reading() as session:
        return list(session.exec(select(FollowUp.state).order_by(col(FollowUp.id))).all())


def run(village: Village, **ahead: float) -> None:
    """Let time pass and run both ticks twice: once would do."""
    village.later(**ahead)
    for _ in range(2):
        open_due(village.database, village.tools, village.now)
        remind_due(village.database, village.tools, village.now)


def test_a_follow_up_opens_on_its_day_and_asks_once(anywhere: Village) -> None:
    plan(anywhere, china_date(anywhere.now) + timedelta(days=1))
    run(anywhere)
    assert sent(anywhere) == []
    run(anywhere, days=1)
    assert sent(anywhere) == ["followup.open_bp"]
    assert states(anywhere) == ["open"]


def test_nothing_is_started_in_quiet_hours(village: Village) -> None:
    plan(village, china_date(NIGHT))
    village.now = NIGHT
    run(village)
    assert sent(village) == []
    run(village, hours=9, minutes=1)  # 08:01
    assert sent(village) == ["followup.open_bp"]


def test_what_a_stopped_machine_missed_is_opened_once_when_it_is_back(village: Village) -> None:
    plan(village, china_date(village.now))
    run(village, days=3)
    assert sent(village) == ["followup.open_bp"]


def test_two_programmes_are_one_message(village: Village) -> None:
    today = china_date(village.now)
    plan(village, today)
    plan(village, today, "type2_diabetes")
    run(village)
    assert sent(village) == ["followup.open_both"]
    assert states(village) == ["open", "open"]


def test_the_silent_are_reminded_twice_and_then_phoned(anywhere: Village) -> None:
    plan(anywhere, china_date(anywhere.now))
    run(anywhere)
    for _ in range(10 * 4):
        run(anywhere, hours=6)
    assert sent(anywhere) == [
        "followup.open_bp",
        "followup.reminder1",
        "followup.reminder2",
    ]
    assert states(anywhere) == ["silent"]
    with anywhere.database.reading() as session:
        (task,) = session.exec(select(Task)).all()
    assert (task.kind, task.reason) == ("call", "silent")


def test_an_answer_puts_the_reminder_off(village: Village) -> None:
    plan(village, china_date(village.now))
    run(village)
    village.later(days=1)
    village.say("136 84")
    run(village, days=1, hours=1)
    assert sent(village) == ["followup.open_bp"]


def test_the_dead_are_not_asked(village: Village) -> None:
    plan(village, china_date(village.now))
    with village.database.transaction() as session:
        person = session.get_one(Person, village.patient.id)
        person.status = "deceased"
        session.add(person)
    run(village, days=1)
    assert sent(village) == []


def test_the_new_year_changes_nothing(village: Village) -> None:
    village.now = datetime(2026, 12, 31, 23, 59, tzinfo=CHINA).astimezone(UTC)
    plan(village, date(2027, 1, 1))
    run(village)
    assert sent(village) == []
    run(village, hours=8, minutes=2)
    assert sent(village) == ["followup.open_bp"]


def test_everybody_who_is_due_is_asked(village: Village, vault: Vault) -> None:
    today = china_date(village.now)
    with village.database.transaction() as session:
        for number in range(120):
            person = people.register(
                session,
                vault,
                Registration(f"村民{number}", village.facility.id),
                village.now,
            )
            people.link(session, person.id, village.contact_id, village.now, "self")
            follow_ups.plan(session, person.id, Programme.HYPERTENSION, today)
    for _ in range(3):
        run(village)
    assert len(sent(village)) == 120


def test_who_has_no_wechat_is_phoned_on_the_day(anywhere: Village, vault: Vault) -> None:
    today = china_date(anywhere.now)
    with anywhere.database.transaction() as session:
        person = people.register(
            session, vault, Registration("李大山", anywhere.facility.id), anywhere.now
        )
        follow_ups.plan(session, person.id, Programme.HYPERTENSION, today)
        follow_ups.plan(session, person.id, Programme.TYPE2_DIABETES, today)
    run(anywhere)
    assert sent(anywhere) == []
    assert states(anywhere) == ["silent", "silent"]
    with anywhere.database.reading() as session:
        (task,) = session.exec(select(Task)).all()
    assert (task.kind, task.reason, task.due_on) == ("call", "not_bound", today)
