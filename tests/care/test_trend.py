"""What values of several days show together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.assess import assess
from care.level import Level
from care.protocol import protocol
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Situation
from care.trend import GAINED, LOST, Taken, Trend, trend

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
Read = Callable[[str], Reading]


def weighed(value: float, days_ago: float = 0, *, new: bool = False, **more: object) -> Taken:
    reading = Reading(Kind.WEIGHT, value=value, **more)  # type: ignore[arg-type]
    return Taken(reading, NOW - timedelta(days=days_ago), new)


def fasting(value: float, days_ago: float = 0, *, new: bool = False) -> Taken:
    reading = Reading(Kind.GLUCOSE, value=value, context=GlucoseContext.FASTING)
    return Taken(reading, NOW - timedelta(days=days_ago), new)


def shown(*values: Taken) -> Trend:
    return trend(values, NOW)


@pytest.mark.parametrize(
    ("before", "days", "after", "found"),
    [
        (60, 2, 62, {GAINED}),
        (60.3, 3, 62.3, {GAINED}),
        (60, 3.9, 62, {GAINED}),
        (60, 4, 62, set()),
        (60, 2, 61.9, set()),
        (60, 20, 57, {LOST}),
        (66, 30, 62.7, {LOST}),
        (60, 31, 57, set()),
        (60, 20, 57.1, set()),
        (60, 1, 60, set()),
        (124, 1, 62, set()),
        (62, 1, 124, set()),
    ],
)
def test_two_weights(before: float, days: float, after: float, found: set[str]) -> None:
    assert shown(weighed(before, days), weighed(after, new=True)).findings == found


def test_a_gain_that_went_again_is_none() -> None:
    assert not shown(weighed(60, 2), weighed(63, 1), weighed(60.5, new=True))


def test_stored_values_alone_say_nothing_new() -> None:
    assert not shown(weighed(60, 2), weighed(63, 1), fasting(14.2, 1), fasting(14.5))
    assert not trend((), NOW)


def test_an_earlier_weight_told_later_counts() -> None:
    assert shown(weighed(63), weighed(60, 2, new=True)).findings == {GAINED}


def test_a_gain_of_long_ago_is_no_alarm_today() -> None:
    assert not shown(weighed(60, 22), weighed(63, 20, new=True))


def test_a_weight_about_which_nobody_is_sure_is_not_compared() -> None:
    assert not shown(weighed(60, 2, approximate=True), weighed(63, new=True))
    assert not shown(weighed(60, 2), weighed(63, new=True, low=62.0, high=64.0))


@pytest.mark.parametrize(
    ("before", "days", "after", "found"),
    [
        (13.9, 1, 14.5, (13.9,)),
        (31, 1, 14.5, (14.5,)),
        (14.2, 14, 14.5, (14.2,)),
        (14.2, 15, 14.5, ()),
        (13.8, 1, 15, ()),
        (15, 1, 13.8, ()),
        (14.2, 1, 14.2, (14.2,)),
        (14.2, 0.1, 14.2, ()),
    ],
)
def test_two_fasting_values(before: float, days: float, after: float, found: object) -> None:
    readings = shown(fasting(before, days), fasting(after, new=True)).readings
    assert tuple(one.value for one in readings) == found


def test_a_lower_fasting_value_between_two_high_ones_breaks_the_row() -> None:
    assert not shown(fasting(14.2, 2), fasting(8.0, 1), fasting(14.5, new=True))


def test_a_value_after_a_meal_is_no_fasting_value(read: Read) -> None:
    meal = Taken(read("glucose 14.2 postprandial"), NOW - timedelta(days=1))
    assert not shown(meal, fasting(14.5, new=True))


def test_the_rules_raise_what_was_found(situated: Callable[..., Situation]) -> None:
    heavier = shown(weighed(60, 2), weighed(63, new=True))
    sugar = shown(fasting(14.2, 1), fasting(14.5, new=True))
    said = situated(readings=["glucose 14.5 fasting"])
    assert assess(heavier.added_to(situated())).rules == ("heart.weight_gain",)
    assert assess(heavier.added_to(situated("dyspnoea"))).level is Level.EMERGENCY
    assert assess(said).level is Level.ROUTINE
    assert assess(sugar.added_to(said)).level is Level.URGENT


weights = st.integers(40, 80).map(float)
days = st.floats(0, 40)
quarters = st.integers(0, 40).map(lambda quarter: quarter / 4)


@given(weights, quarters, quarters, days, days)
def test_a_larger_change_in_less_time_is_never_less_urgent(
    weight: float, change: float, more: float, span: float, shorter: float
) -> None:
    """Up to where a change is no longer one, but jin for kg."""
    ratio = protocol().number("weight_unit_ratio")
    for sign in (1, -1):
        further = weight + sign * (change + more)
        if max(further, weight) >= ratio * min(further, weight):
            continue
        less = shown(weighed(weight, span), weighed(weight + sign * change, new=True))
        worse = shown(weighed(weight, min(span, shorter)), weighed(further, new=True))
        assert less.findings <= worse.findings


@given(st.floats(2, 33), st.floats(2, 33), st.floats(0, 10), days, st.floats(0.5, 40))
def test_a_higher_fasting_value_sooner_is_never_less_urgent(
    before: float, after: float, more: float, span: float, shorter: float
) -> None:
    less = shown(fasting(before, span), fasting(after, new=True))
    worse = shown(fasting(before, min(span, shorter)), fasting(after + more, new=True))
    if less and (before != after + more):
        assert worse


@given(
    st.lists(st.builds(weighed, weights, days, new=st.booleans()), max_size=5),
    st.lists(st.builds(fasting, st.floats(2, 33), days, new=st.booleans()), max_size=5),
    st.sampled_from(["", "dyspnoea", "polyuria_polydipsia", "leg_oedema"]),
)
def test_the_days_before_only_raise(
    weighings: list[Taken], sugars: list[Taken], finding: str
) -> None:
    new = tuple(one.reading for one in (*weighings, *sugars) if one.new)
    said = Situation(readings=new, findings=frozenset(finding.split()))
    assert assess(trend((*weighings, *sugars), NOW).added_to(said)).level >= assess(said).level
