"""A short life of a small county: figures that are there, and what must never happen."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from simulator.county.calendar import Calendar
from simulator.county.happening import Changed, Deed, Followed, Said
from simulator.county.household import phones_of
from simulator.county.speech import spoken, spoken_decimal
from simulator.county.world import World, facts
from suifang import cli

CHINA = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 12, 24)


def county(seed: int = 7, days: int = 30) -> World:
    return World(people=150, first_day=FIRST, days=days, seed=seed)


def everything(world: World) -> list[Any]:
    return list(world.happenings(datetime(2028, 1, 1, tzinfo=CHINA)))


def test_the_same_seed_lives_the_same_life() -> None:
    assert everything(county()) == everything(county())
    assert everything(county()) != everything(county(seed=8))


def test_a_county_speaks_acts_and_changes() -> None:
    kinds = {type(one) for one in everything(county(days=200))}
    assert kinds == {Said, Followed, Changed, Deed}


def test_nobody_speaks_after_they_died() -> None:
    world = county(days=300)
    died = {}
    for one in everything(world):
        if isinstance(one, Changed) and one.status == "deceased":
            died[one.villager] = one.since
        if isinstance(one, Said) and one.truth.about in died:
            assert one.at.date() <= died[one.truth.about] + timedelta(days=1)
    assert died


def test_whoever_left_the_account_writes_nothing_until_they_follow_again() -> None:
    following: dict[str, bool] = {}
    left = set()
    for one in everything(county(days=300)):
        if isinstance(one, Followed):
            following[one.phone] = one.follows
            left |= set() if one.follows else {one.phone}
        if isinstance(one, Said):
            assert following.get(one.phone, True)
    assert left


def test_a_reading_carries_its_truth_in_its_words_or_pieces() -> None:
    told = [one for one in everything(county()) if isinstance(one, Said) and one.truth.measured]
    assert len(told) > 50
    for one in told:
        assert one.truth.about is not None


def test_a_phone_speaks_for_one_or_several_of_a_house() -> None:
    phones = phones_of(county().villagers)
    assert {len(phone.villagers) for phone in phones.values()} == {1, 2}
    assert any(one.phone is None for one in county().villagers)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (165, "一百六十五"),
        (105, "一百零五"),
        (90, "九十"),
        (12, "十二"),
        (200, "二百"),
        (110, "一百一十"),
        (7, "七"),
    ],
)
def test_numbers_are_spoken_as_people_speak_them(number: int, said: str) -> None:
    assert spoken(number) == said


def test_a_decimal_is_spoken_with_a_point() -> None:
    assert spoken_decimal(7.8) == "七点八"
    assert spoken_decimal(10.0) == "十点零"


def test_the_calendar_knows_holidays_and_winter() -> None:
    calendar = Calendar.of(facts()["calendar"])
    assert calendar.festival(date(2027, 2, 6))
    assert not calendar.festival(date(2027, 3, 6))
    assert (
        calendar.cold(date(2027, 1, 20))
        > calendar.cold(date(2027, 4, 20))
        > calendar.cold(date(2027, 7, 20))
    )
    assert calendar.spring_after(date(2026, 12, 24)) == date(2027, 2, 6)


@pytest.fixture(scope="module")
def lived() -> SimpleNamespace:
    """Over the new year, as an operator would run it."""
    asked = ["simulate", "--patients", "40", "--days", "14", "--first-day", str(FIRST), "--json"]
    result = CliRunner().invoke(cli.app, asked)
    return SimpleNamespace(code=result.exit_code, report=json.loads(result.stdout))


@pytest.mark.slow
def test_a_fortnight_over_the_new_year_keeps_every_promise(lived: SimpleNamespace) -> None:
    assert {one["name"]: one["broken"] for one in lived.report["invariants"]} == {
        one["name"]: 0 for one in lived.report["invariants"]
    }
    assert lived.code == 0


@pytest.mark.slow
def test_a_fortnight_gives_figures_to_look_at(lived: SimpleNamespace) -> None:
    report = lived.report
    assert report["days"] == 14
    assert report["follow_ups"]["opened"] > 0
    assert report["readings"]["typed"] > 10
    right, typed = report["readings"]["stored_as_meant"].split(" ")[0].split("/")
    assert int(right) >= 0.95 * int(typed)
    assert report["messages"]["arrived_per_person_year"] < 100


@pytest.mark.slow
def test_a_run_is_shown_as_tables() -> None:
    result = CliRunner().invoke(cli.app, ["simulate", "--patients", "5", "--days", "2"])
    assert result.exit_code == 0
    assert "5 people on" in result.stdout
    assert "✓ nothing routine arrives twice" in result.stdout


def test_a_day_that_is_none_is_refused_in_a_sentence() -> None:
    result = CliRunner().invoke(cli.app, ["simulate", "--first-day", "tomorrow"])
    assert "tomorrow is no day" in str(result.exception)
