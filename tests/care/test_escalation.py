"""The ladder: emergency 10/20/30 minutes at any hour, urgent 60 minutes in working hours."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from care.escalation import ladder, lapses_at, reopens_at, roles_at, takeover_ends
from care.hours import Ladder
from care.level import Level
from care.protocol import protocol

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


def rungs(level: Level) -> Ladder:
    found = ladder(level)
    assert found is not None
    return found


def test_an_emergency_climbs_after_ten_twenty_and_thirty_minutes_even_at_night() -> None:
    opened = told = at("11-22T23:55")
    waited = []
    for step in range(3):
        told = lapses_at(rungs(Level.EMERGENCY), step, told)
        waited.append((told - opened).total_seconds() / 60)
    assert waited == [10, 20, 30]


@pytest.mark.parametrize(
    ("told", "lapses"),
    [
        ("11-22T10:00", "11-22T11:00"),
        ("11-22T17:00", "11-22T18:00"),
        ("11-22T17:30", "11-23T08:30"),
        ("11-22T22:00", "11-23T09:00"),
        ("11-22T06:00", "11-22T09:00"),
    ],
    ids=["morning", "to the end", "over night", "at night", "before opening"],
)
def test_an_urgent_case_waits_in_working_hours_only(told: str, lapses: str) -> None:
    assert lapses_at(rungs(Level.URGENT), 0, at(told)) == at(lapses)


def test_new_years_eve_is_a_night_like_any_other() -> None:
    told = datetime(2026, 12, 31, 17, 45, tzinfo=SHANGHAI)
    assert lapses_at(rungs(Level.URGENT), 0, told) == datetime(2027, 1, 1, 8, 45, tzinfo=SHANGHAI)


def test_the_village_comes_first_and_the_county_last_and_then_again() -> None:
    steps = [roles_at(rungs(Level.EMERGENCY), step) for step in range(4)]
    assert "village_doctor" in steps[0]
    assert steps[1:3] == [("township_doctor",), ("county_duty",)]
    assert steps[3] == steps[0]


def test_routine_rings_nobody() -> None:
    assert ladder(Level.ROUTINE) is None


def test_what_was_acknowledged_and_never_closed_rings_again() -> None:
    assert reopens_at(rungs(Level.EMERGENCY), at("11-22T23:00")) == at("11-23T01:00")
    assert reopens_at(rungs(Level.URGENT), at("11-22T17:00")) == at("11-23T15:00")


def test_a_doctor_who_replied_holds_the_conversation_for_the_minutes_of_the_protocol() -> None:
    replied = at("11-22T09:00")
    held = takeover_ends(replied) - replied
    assert held.total_seconds() == 60 * protocol().number("takeover_minutes")
