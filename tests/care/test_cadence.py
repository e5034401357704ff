"""Due dates across month ends, leap years and the new year."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.cadence import Purpose, add_months, call_again, chase, next_due, referral_check
from care.classify import Classification, NextMeasure, VisitClass

GOOD = Classification(VisitClass.SATISFACTORY, NextMeasure.ROUTINE, refer=False)
BAD = Classification(VisitClass.UNSATISFACTORY, NextMeasure.TWO_WEEKS, refer=False)
REFERRED = Classification(VisitClass.UNSATISFACTORY, NextMeasure.REFERRAL, refer=True)
NOTHING = Classification(None, NextMeasure.TWO_WEEKS, refer=False)


@pytest.mark.parametrize(
    ("done", "due"),
    [
        ("2026-03-15", "2026-06-15"),
        ("2026-10-31", "2027-01-31"),
        ("2026-11-30", "2027-02-28"),
        ("2027-11-30", "2028-02-29"),
        ("2028-02-29", "2028-05-29"),
        ("2026-12-31", "2027-03-31"),
        ("2026-01-31", "2026-04-30"),
    ],
    ids=[
        "plain",
        "new year",
        "February",
        "leap year",
        "from leap day",
        "new year 2",
        "short month",
    ],
)
def test_a_satisfactory_follow_up_is_due_again_in_three_months(done: str, due: str) -> None:
    found = next_due(date.fromisoformat(done), GOOD)
    assert (found.on.isoformat(), found.purpose) == (due, Purpose.ROUTINE)


@pytest.mark.parametrize("result", [BAD, NOTHING], ids=["unsatisfactory", "nothing to judge by"])
@pytest.mark.parametrize(
    ("done", "due"),
    [("2026-12-25", "2027-01-08"), ("2028-02-20", "2028-03-05"), ("2027-02-20", "2027-03-06")],
    ids=["new year", "leap year", "no leap year"],
)
def test_an_unsatisfactory_one_is_due_again_in_two_weeks(
    result: Classification, done: str, due: str
) -> None:
    found = next_due(date.fromisoformat(done), result)
    assert (found.on.isoformat(), found.purpose) == (due, Purpose.RECHECK)


def test_a_referral_is_checked_after_two_weeks() -> None:
    found = next_due(date(2026, 12, 25), REFERRED)
    assert found == referral_check(date(2026, 12, 25))
    assert (found.on, found.purpose) == (date(2027, 1, 8), Purpose.REFERRAL_CHECK)


def test_the_silent_are_reminded_twice_and_then_called() -> None:
    found = chase(date(2026, 12, 30))
    opened = date(2026, 12, 30)
    assert opened < found.first_reminder < found.second_reminder < found.call_list
    assert found.call_list == date(2027, 1, 6)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 24))
def test_months_move_forward_and_keep_the_day_when_they_can(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_nobody_waits_longer_than_a_quarter(day: date) -> None:
    assert timedelta(days=14) <= next_due(day, GOOD).on - day <= timedelta(days=92)


def test_who_did_not_pick_up_is_called_sooner_than_who_asked_for_another_day() -> None:
    day = date(2026, 12, 31)
    unanswered, put_off = (call_again(day, reached=reached) for reached in (False, True))
    assert day < unanswered < put_off
    assert unanswered == date(2027, 1, 1)
