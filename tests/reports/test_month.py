"""A month begins and ends where the people live."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.month import Month, MonthError

months = st.builds(Month, st.integers(2000, 2100), st.integers(1, 12))


@given(months)
def test_months_touch_and_never_overlap(month: Month) -> None:
    assert month.ends_at == month.following().begins_at
    assert month.following().preceding() == month
    assert month.preceding() < month < month.following()
    assert month.last_on + timedelta(days=1) == month.following().first_on


@given(months)
def test_a_month_is_read_as_it_is_written(month: Month) -> None:
    assert Month.parse(str(month)) == month


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1 < moment.year < 9000))
def test_every_moment_lies_in_its_month(moment: datetime) -> None:
    month = Month.of(moment)
    assert month.begins_at <= moment < month.ends_at


def test_the_new_year_begins_at_midnight_in_china() -> None:
    last = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    assert Month.of(last) == Month(2026, 12)
    assert Month.of(last + timedelta(minutes=1)) == Month(2027, 1)
    assert Month(2026, 12).last_on == date(2026, 12, 31)


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026", "2026-1", "0000-01", "9999-12", "x"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(MonthError):
        Month.parse(text)
