"""Quiet hours: 08:00 to 20:00 in Shanghai, whatever zone the moment is written in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.protocol import protocol
from care.quiet import after_minutes_within, may_start, next_allowed

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ("2026-11-22T08:00:00", "2026-11-22T08:00:00"),
        ("2026-11-22T12:34:56", "2026-11-22T12:34:56"),
        ("2026-11-22T19:59:59", "2026-11-22T19:59:59"),
        ("2026-11-22T20:00:00", "2026-11-23T08:00:00"),
        ("2026-11-22T07:59:59", "2026-11-22T08:00:00"),
        ("2026-11-23T00:00:00", "2026-11-23T08:00:00"),
        ("2026-12-31T23:59:59", "2027-01-01T08:00:00"),
        ("2028-02-28T21:00:00", "2028-02-29T08:00:00"),
    ],
)
def test_the_next_allowed_moment(now: str, allowed: str) -> None:
    assert next_allowed(at(now)) == at(allowed)
    assert may_start(at(now)) is (now == allowed)


def test_the_zone_of_the_moment_is_kept() -> None:
    now = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
    assert next_allowed(now) == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert next_allowed(now).tzinfo is UTC


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        may_start(datetime(2026, 11, 22, 9, 0))  # noqa: DTZ001


moments = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001
    datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, SHANGHAI, timezone(timedelta(hours=-5))]),
)


@given(moments)
def test_what_is_allowed_is_allowed_and_never_earlier(now: datetime) -> None:
    then = next_allowed(now)
    assert may_start(then)
    assert timedelta(0) <= then - now <= timedelta(hours=12)
    assert next_allowed(then) == then


@given(moments, st.integers(0, 3000), st.integers(0, 600))
def test_more_minutes_never_end_earlier(now: datetime, minutes: int, more: int) -> None:
    hours = protocol().working
    first = after_minutes_within(hours, now, minutes)
    assert first >= now
    assert after_minutes_within(hours, now, minutes + more) >= first
