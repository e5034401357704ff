"""Every phone has its own time: never quiet hours, never everybody at once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.quiet import may_start
from records.identity import new_id
from records.times import CHINA
from schedules.lesson_hours import Timetable, is_time, own_minute, own_weekday

TABLE = Timetable()
MONDAY = date(2026, 11, 23)
phones = st.uuids().map(str)
hours = st.none() | st.integers(0, 23)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def minutes_of(day: date) -> list[datetime]:
    midnight = datetime(day.year, day.month, day.day, tzinfo=CHINA).astimezone(UTC)
    return [midnight + timedelta(minutes=minute) for minute in range(0, 24 * 60, 2)]


@given(phone=phones, hour=hours, now=moments, fleeting=st.booleans())
def test_never_in_quiet_hours(
    phone: str, hour: int | None, now: datetime, *, fleeting: bool
) -> None:
    if is_time(TABLE, phone, now, hour=hour, fleeting=fleeting):
        assert may_start(now)


@given(phone=phones, hour=hours, week=st.integers(0, 120))
def test_every_phone_has_a_time_in_every_week(phone: str, hour: int | None, week: int) -> None:
    first = MONDAY + timedelta(weeks=week)
    on = first + timedelta(days=own_weekday(TABLE, phone))
    found = [one for one in minutes_of(on) if is_time(TABLE, phone, one, hour=hour, fleeting=False)]
    assert found
    assert (found[-1] - found[0]).total_seconds() < 3600


@given(phone=phones, day=st.dates(MONDAY, MONDAY + timedelta(days=800)))
def test_the_minute_is_the_same_every_day(phone: str, day: date) -> None:
    assert own_minute(TABLE, phone, day, None) == own_minute(TABLE, phone, MONDAY, None)


def test_the_lessons_of_a_county_are_spread_over_the_week_and_the_hours() -> None:
    names = [new_id() for _ in range(2000)]
    days = Counter(own_weekday(TABLE, name) for name in names)
    assert set(days) == set(range(7))
    assert max(days.values()) < 2000 / 7 * 1.3
    minutes = Counter(own_minute(TABLE, name, MONDAY, None) // 60 for name in names)
    assert set(minutes) == set(range(9, 17))
    assert max(minutes.values()) < 2000 / 8 * 1.35


def test_a_machine_that_was_away_writes_to_few_at_a_time() -> None:
    """Away from Monday to Thursday noon: what was missed comes at everybody's own minute."""
    names = [new_id() for _ in range(400)]
    back = datetime(2026, 11, 26, 12, tzinfo=CHINA).astimezone(UTC)
    waiting = set(names)
    most = 0
    for minute in range(0, 4 * 24 * 60, 10):
        now = back + timedelta(minutes=minute)
        due = {one for one in waiting if is_time(TABLE, one, now, hour=None, fleeting=False)}
        most = max(most, len(due))
        waiting -= due
    assert most < 400 / 6
    assert waiting == set()


@pytest.mark.parametrize("hour", [8, 12, 19])
def test_the_hour_asked_for_is_the_hour(hour: int) -> None:
    for phone in (new_id() for _ in range(20)):
        assert own_minute(TABLE, phone, MONDAY, hour) // 60 == hour


@pytest.mark.parametrize("hour", [0, 5, 20, 23])
def test_an_hour_of_the_night_is_not_kept(hour: int) -> None:
    assert 9 <= own_minute(TABLE, new_id(), MONDAY, hour) // 60 < 18


def test_a_fleeting_chance_is_taken_on_any_day() -> None:
    phone = next(one for one in (new_id() for _ in range(100)) if own_weekday(TABLE, one) == 6)
    monday = minutes_of(MONDAY)
    assert any(is_time(TABLE, phone, one, hour=None, fleeting=True) for one in monday)
    assert not any(is_time(TABLE, phone, one, hour=None, fleeting=False) for one in monday)


def test_days_that_are_not_named_are_left_alone() -> None:
    table = Timetable(weekdays=frozenset({1, 3}))
    for phone in (new_id() for _ in range(20)):
        assert own_weekday(table, phone) in {1, 3}
        for day in range(7):
            found = any(
                is_time(table, phone, one, hour=None, fleeting=True)
                for one in minutes_of(MONDAY + timedelta(days=day))
            )
            assert found is (day in {1, 3})


def test_the_last_hour_is_kept_even_when_there_are_few() -> None:
    table = Timetable(first_hour=10, last_hour=12)
    for phone in (new_id() for _ in range(50)):
        assert 10 * 60 <= own_minute(table, phone, MONDAY, None) < 11 * 60
