"""Reporting cut-offs, HEARTS lines and treatment targets: three yardsticks, never one constant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from care.reading import GlucoseContext, Kind, Reading
from care.situation import Background
from care.targets import (
    Setting,
    controlled,
    controlled_all,
    hearts_controlled,
    hearts_worse,
    pressure_cutoff,
    pressure_target,
    sugar_cutoff,
    sugar_target,
)

Read = Callable[[str], Reading]
Who = Callable[[str], Background]


@pytest.mark.parametrize(
    ("value", "who", "setting", "expected"),
    [
        ("bp 139/89", "60", "clinic", True),
        ("bp 140/89", "60", "clinic", False),
        ("bp 139/90", "60", "clinic", False),
        ("bp 140/80", "64", "clinic", False),
        ("bp 149/89", "65", "clinic", True),
        ("bp 150/89", "65", "clinic", False),
        ("bp 149/90", "65", "clinic", False),
        ("bp 145/80", "", "clinic", False),
        ("bp 134/84", "60", "home", True),
        ("bp 135/84", "60", "home", False),
        ("bp 134/85", "60", "home", False),
        ("bp 140/85", "70", "home", True),
        ("bp 120/-", "60", "clinic", None),
        ("bp 150/-", "60", "clinic", False),
        ("bp -/95", "60", "clinic", False),
        ("glucose 6.9 fasting", "60", "clinic", True),
        ("glucose 7.0 fasting", "60", "clinic", False),
        ("glucose 9.9 postprandial", "60", "clinic", True),
        ("glucose 10.0 postprandial", "60", "clinic", False),
        ("glucose 11.0 random", "60", "clinic", True),
        ("glucose 11.1", "60", "clinic", False),
        ("hba1c 6.9", "60", "clinic", True),
        ("hba1c 7.0", "60", "clinic", False),
        ("pulse 70", "60", "clinic", None),
    ],
)
def test_the_reporting_cut_off(
    read: Read, known_as: Who, value: str, who: str, setting: str, expected: bool | None
) -> None:
    assert controlled(read(value), known_as(who), Setting(setting)) is expected


def test_several_readings_are_controlled_only_together(read: Read, known_as: Who) -> None:
    who = known_as("60")
    assert controlled_all([read("bp 130/80"), read("glucose 6.5 fasting")], who) is True
    assert controlled_all([read("bp 130/80"), read("glucose 7.5 fasting")], who) is False
    assert controlled_all([read("pulse 70")], who) is None


def test_the_treatment_target_is_not_the_reporting_cut_off(known_as: Who) -> None:
    target, cutoff = pressure_target(known_as("70")), pressure_cutoff(known_as("70"))
    assert (target.systolic, target.diastolic, target.then) == (130, 80, None)
    assert (cutoff.systolic, cutoff.diastolic) == (150, 90)


def test_from_eighty_the_target_comes_in_two_steps(known_as: Who) -> None:
    target = pressure_target(known_as("80"))
    assert (target.systolic, target.diastolic, target.then) == (150, 90, (140, 90))


def test_the_sugar_lines() -> None:
    fasting = sugar_cutoff(Kind.GLUCOSE, GlucoseContext.FASTING)
    bedtime = sugar_cutoff(Kind.GLUCOSE, GlucoseContext.BEDTIME)
    assert fasting is not None
    assert bedtime is not None
    assert (fasting.value, bedtime.value) == (7.0, 11.1)
    assert sugar_cutoff(Kind.PULSE) is None
    assert (sugar_target().fasting_from, sugar_target().fasting_below) == (4.4, 7.0)


def test_every_line_says_where_it_comes_from(known_as: Who) -> None:
    assert pressure_cutoff(known_as("66")).origin.note
    assert pressure_target(known_as("66")).origin.source.edition == "2025版"


@pytest.mark.parametrize(
    ("value", "expected", "worse"),
    [
        ("bp 139/89", True, False),
        ("bp 140/80", False, False),
        ("bp 145/-", False, False),
        ("glucose 6.9 fasting", True, False),
        ("glucose 7.0 fasting", False, False),
        ("glucose 11.1 fasting", False, True),
        ("glucose 11.0 postprandial", True, False),
        ("glucose 11.1", False, False),
        ("glucose 16.7", False, True),
        ("hba1c 7.0", False, False),
        ("hba1c 9.0", False, True),
        ("weight 60", None, False),
    ],
)
def test_hearts_has_its_own_line_at_any_age(
    read: Read, value: str, expected: bool | None, worse: bool
) -> None:
    assert hearts_controlled(read(value)) is expected
    assert hearts_worse(read(value)) is worse


def test_a_value_that_was_not_said_is_not_judged(known_as: Who) -> None:
    assert controlled(Reading(Kind.GLUCOSE), known_as("60")) is None
    assert hearts_controlled(Reading(Kind.GLUCOSE)) is None
