"""The weekly lessons as an operator looks at them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import select, update

from care.situation import Programme
from inbox.words import word
from knowledge.article import Article
from records import lessons, messages, people
from records.people import Registration
from records.tables import ContactPoint, Facility
from records.times import CHINA
from schedules.lesson_hours import EVERY_DAY, own_minute
from schedules.teaching import teach_due
from suifang import clock, schooling
from suifang.errors import EXIT_CONFIGURATION
from suifang.installation import Installation, open_installation
from suifang.settings import Settings, load_settings
from tests.suifang.conftest import Command


@pytest.fixture
def person(suifang: Command, installed: Path) -> str:
    """A patient on WeChat whose window is open."""
    made = open_installation(load_settings())
    now = clock.now()
    with made.database.transaction() as session:
        session.add(Facility(id="v", kind="village_clinic", name="东沟村", path="v/"))
        session.flush()
        found = people.register(
            session,
            made.vault,
            Registration(
                "王桂芳", "v", born_on=date(1954, 3, 8), programmes=(Programme.HYPERTENSION,)
            ),
            now,
        )
        address = messages.Address("wechat", "gh", "o1")
        contact = messages.ensure_contact_point(session, made.vault, address, now)
        people.link(session, found.id, contact.id, now)
        row = session.get_one(ContactPoint, contact.id)
        row.window_until, row.window_left = now + timedelta(hours=40), 5
        session.add(row)
    made.database.dispose()
    return found.id


@pytest.fixture
def pending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUIFANG_SERVE_PENDING", "true")


@pytest.mark.usefixtures("pending")
def test_the_plan_counts_what_would_be_sent(suifang: Command, person: str) -> None:
    done = suifang("lessons", "plan")
    assert done.code == 0
    assert "1 phones: 1 lessons could go now, 0 more" in " ".join(done.out.split())
    assert "about_hypertension" in done.out


def test_what_nobody_signed_is_not_planned(suifang: Command, person: str) -> None:
    done = suifang("lessons", "plan")
    assert "0 lessons could go now" in " ".join(done.out.split())
    assert word("lesson_hindrance", "nobody") in done.out


@pytest.mark.usefixtures("pending")
def test_the_words_of_the_next_lesson_are_shown(suifang: Command, person: str) -> None:
    done = suifang("lessons", "preview", person)
    assert done.out.startswith("小课：高血压是怎么回事。")
    assert "待医生审核" in done.out


@pytest.mark.usefixtures("pending")
def test_what_somebody_was_taught_is_shown_with_what_comes_next(
    suifang: Command, person: str
) -> None:
    done = suifang("lessons", "show", person)
    assert done.code == 0
    assert "Next: htn.what (about_hypertension, 刚确诊, " in " ".join(done.out.split())


@pytest.mark.usefixtures("pending")
def test_a_lesson_that_was_given_is_listed(suifang: Command, person: str) -> None:
    made = open_installation(load_settings())
    table = schooling.timetable(made.settings)
    with made.database.reading() as session:
        school = schooling.at_hand(made, session)
        contact = session.exec(select(ContactPoint)).one()
    now = clock.now()
    minute = own_minute(table, contact.id, now.astimezone(CHINA).date(), None)
    midnight = now.astimezone(CHINA).replace(hour=0, minute=0, second=0)
    at = midnight + timedelta(minutes=minute + 1)
    with made.database.transaction() as session:
        row = session.get_one(ContactPoint, contact.id)
        row.window_until, row.window_left = at + timedelta(hours=40), 5
        session.add(row)
    assert teach_due(made.database, made.vault, school, at) == 1
    made.database.dispose()
    done = suifang("lessons", "show", person)
    assert "htn.what" in done.out
    assert "Nothing for her now." in done.out
    assert "Nothing for her now." in suifang("lessons", "preview", person).out


@pytest.mark.usefixtures("pending")
@pytest.mark.parametrize(
    ("changes", "line", "hindrance"),
    [
        ({"window_until": None}, "0 lessons could go now, 1 more", "window_shut"),
        ({"channel": "sms"}, "0 lessons could go now, 0 more", "sms_off"),
        ({"channel": "console"}, "1 lessons could go now, 0 more", ""),
        ({"taken_over_until": clock.now() + timedelta(hours=9)}, "0 lessons could", "doctor_talks"),
        ({"stopped_at": clock.now()}, "0 phones", ""),
    ],
)
def test_the_plan_says_what_stands_against_a_lesson(
    suifang: Command, person: str, changes: dict[str, object], line: str, hindrance: str
) -> None:
    made = open_installation(load_settings())
    with made.database.transaction() as session:
        session.execute(update(ContactPoint).values(**changes))
    made.database.dispose()
    done = suifang("lessons", "plan")
    assert line in " ".join(done.out.split())
    assert word("lesson_hindrance", hindrance) in done.out
    assert hindrance == "" or hindrance not in done.out


def test_nobody_is_refused_in_a_sentence(suifang: Command, installed: Path) -> None:
    for command in ("show", "preview"):
        done = suifang("lessons", command, "nobody")
        assert (done.code, done.err) == (EXIT_CONFIGURATION, "✗ There is no person nobody.")


@pytest.mark.usefixtures("pending")
def test_lessons_that_are_off_say_so(
    suifang: Command, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUIFANG_LESSONS", "false")
    assert "SUIFANG_LESSONS is off" in suifang("lessons", "plan").out
    assert schooling.taught_from(load_settings(), _Shelf()) is None


class _Shelf:
    def article(self, article_id: str) -> Article | None:
        return None


def test_the_settings_make_the_timetable(
    suifang: Command, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = schooling.timetable(load_settings())
    assert (table.first_hour, table.last_hour, table.weekdays) == (9, 18, EVERY_DAY)
    monkeypatch.setenv("SUIFANG_LESSON_DAYS", "2, 4")
    monkeypatch.setenv("SUIFANG_LESSON_HOURS", "10-12")
    table = schooling.timetable(load_settings())
    assert (table.first_hour, table.last_hour) == (10, 12)
    assert table.weekdays == {1, 3}
    assert table.gap == lessons.WEEK


@pytest.mark.parametrize("value", ["", "8", "1,x", "0"])
def test_days_that_are_none_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="name days"):
        Settings(lesson_days=value)


@pytest.mark.parametrize("value", ["9", "9-10", "18-9", "3-12", "9-30"])
def test_hours_that_are_none_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="write the first"):
        Settings(lesson_hours=value)


def test_a_shelf_without_articles_teaches_nothing(installed: Path) -> None:
    assert schooling.taught_from(load_settings(), object()) is None
    made: Installation = open_installation(load_settings())
    school = schooling.taught_from(made.settings, _Shelf())
    assert school is not None
    assert school.article("life.salt", clock.now()) is None
    made.database.dispose()
