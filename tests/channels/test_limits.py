"""Pauses, quiet hours and days as pure functions, around the edges where they go wrong."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.limits import Limits, day_began
from records.times import CHINA

LIMITS = Limits()
MOMENTS = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2028, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(st.text(max_size=40), st.integers(1, 100))
def test_pauses_stay_between_a_few_seconds_and_the_longest(key: str, tries: int) -> None:
    pause = LIMITS.pause(key, tries)
    assert LIMITS.first_pause * 0.7 <= pause <= LIMITS.longest_pause * 1.3


def test_pauses_of_different_messages_are_spread() -> None:
    assert len({LIMITS.pause(f"{n}", 1) for n in range(50)}) > 25


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [("07:59", True), ("08:00", False), ("19:59", False), ("20:00", True), ("00:00", True)],
)
def test_the_night_is_quiet(clock: str, quiet: bool) -> None:
    now = datetime.combine(datetime(2026, 12, 31, tzinfo=CHINA), time.fromisoformat(clock), CHINA)
    assert LIMITS.is_quiet(now) is quiet


def test_quiet_hours_may_lie_within_a_day() -> None:
    noon_rest = Limits(quiet_from=time(12), quiet_until=time(14))
    assert noon_rest.is_quiet(datetime(2026, 7, 1, 13, tzinfo=CHINA))
    assert not noon_rest.is_quiet(datetime(2026, 7, 1, 14, tzinfo=CHINA))


@given(MOMENTS)
def test_quiet_hours_end_within_a_day_and_then_it_is_not_quiet(now: datetime) -> None:
    end = LIMITS.quiet_ends(now)
    assert now < end <= now + timedelta(days=1)
    assert not LIMITS.is_quiet(end)


@given(MOMENTS)
def test_a_day_begins_at_midnight_where_the_people_live(now: datetime) -> None:
    began = day_began(now)
    assert timedelta(0) <= now - began < timedelta(days=1)
    assert began.astimezone(CHINA).time() == time(0)
