"""Impossible, please confirm, or fine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from care.plausibility import Doubt, Plausibility, check, third_needed
from care.reading import Kind, Reading

Read = Callable[[str], Reading]


@pytest.mark.parametrize(
    ("value", "plausibility", "doubts"),
    [
        ("bp 126/78", "fine", ""),
        ("bp 70/40", "fine", ""),
        ("bp 270/150", "fine", ""),
        ("bp 69/40", "confirm", "unusual"),
        ("bp 271/160", "confirm", "unusual"),
        ("bp 301/100", "impossible", "out_of_range pulse_pressure"),
        ("bp 39/30", "impossible", "out_of_range pulse_pressure"),
        ("bp 1500/80", "impossible", "out_of_range pulse_pressure"),
        ("bp 92/148", "confirm", "reversed"),
        ("bp 120/120", "confirm", "reversed"),
        ("bp 120/106", "confirm", "pulse_pressure"),
        ("bp 120/105", "fine", ""),
        ("bp 200/80", "fine", ""),
        ("bp 201/80", "confirm", "pulse_pressure"),
        ("bp 18/12", "impossible", "out_of_range maybe_kpa"),
        ("bp 182/-", "fine", ""),
        ("bp -/20", "confirm", "unusual"),
        ("bp -/19", "impossible", "out_of_range"),
        ("glucose 2.0", "fine", ""),
        ("glucose 1.9", "confirm", "unusual"),
        ("glucose 0.6", "confirm", "unusual"),
        ("glucose 0.5", "impossible", "out_of_range"),
        ("glucose 33.3", "fine", ""),
        ("glucose 34", "confirm", "unusual"),
        ("glucose 36", "confirm", "unusual maybe_mgdl"),
        ("glucose 126", "impossible", "out_of_range maybe_mgdl"),
        ("glucose 600", "impossible", "out_of_range maybe_mgdl"),
        ("glucose 925", "impossible", "out_of_range"),
        ("pulse 39", "confirm", "unusual"),
        ("pulse 251", "impossible", "out_of_range"),
        ("hba1c 7.2", "fine", ""),
        ("hba1c 21", "impossible", "out_of_range"),
        ("weight 130", "fine", ""),
        ("weight 160", "confirm", "unusual"),
        ("temp 36.8", "fine", ""),
        ("temp 46", "impossible", "out_of_range"),
    ],
)
def test_a_value(read: Read, value: str, plausibility: str, doubts: str) -> None:
    found = check(read(value))
    assert found.plausibility is Plausibility(plausibility)
    assert set(found.doubts) == {Doubt(doubt) for doubt in doubts.split()}


@pytest.mark.parametrize(
    ("value", "recent", "changed"),
    [
        ("bp 190/90", ["bp 138/80", "bp 140/82", "bp 142/84"], False),
        ("bp 191/90", ["bp 138/80", "bp 140/82", "bp 142/84"], True),
        ("glucose 17.1", ["glucose 7.0"], True),
        ("glucose 17.0", ["glucose 7.0"], False),
        ("weight 55", ["weight 66"], True),
        ("pulse 150", ["pulse 60"], False),
        ("bp 191/90", ["glucose 7.0"], False),
        ("bp -/90", ["bp 138/80"], False),
    ],
)
def test_a_value_far_from_the_persons_own_median_is_read_back(
    read: Read, value: str, recent: list[str], changed: bool
) -> None:
    found = check(read(value), [read(words) for words in recent])
    assert (Doubt.CHANGED in found.doubts) is changed


def test_both_ends_of_a_range_are_checked() -> None:
    reading = Reading(Kind.BP, systolic=150, diastolic=90, low=15, high=150)
    assert check(reading).plausibility is Plausibility.IMPOSSIBLE


@pytest.mark.parametrize(
    ("first", "second", "needed"),
    [
        ("bp 150/90", "bp 140/90", False),
        ("bp 151/90", "bp 140/90", True),
        ("bp 150/79", "bp 150/90", True),
        ("bp 170/-", "bp -/90", False),
    ],
)
def test_a_third_measurement(read: Read, first: str, second: str, needed: bool) -> None:
    assert third_needed(read(first), read(second)) is needed
