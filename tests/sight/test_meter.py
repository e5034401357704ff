"""Two readers must agree, and what they agree on must be a meter's and able to be."""

from __future__ import annotations

import pytest

pytest.importorskip("cv2", reason="the extra [photo] is not installed here")

from care.reading import Kind, Reading
from sight.lines import Line
from sight.meter import Words, agreed_glucose, agreed_pressure, looks_like_pressure, says_error
from sight.number import Number


def column(*texts: str) -> list[Number]:
    """Numbers under each other, set to the right."""
    return [
        Number(text, 300 - 30 * len(text), 100 + 120 * row, 60 * len(text), 100)
        for row, text in enumerate(texts)
    ]


def test_both_see_the_same_three_rows() -> None:
    found = agreed_pressure(column("165", "98", "76"), column("165", "98", "76"))
    assert found == (Reading(Kind.BP, 165, 98), Reading(Kind.PULSE, value=76))


def test_a_pulse_that_only_one_saw_is_left_out() -> None:
    found = agreed_pressure(column("165", "98", "76"), column("165", "98"))
    assert found == (Reading(Kind.BP, 165, 98), None)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("165", "98", "76"), ("155", "98", "76")),
        (("165", "98", "76"), ("98", "76")),
        (("98", "76"), ("98", "76")),
        (("98", "165", "76"), ("98", "165", "76")),
        (("165", "10", "76"), ("165", "10", "76")),
        (("19", "12", "76"), ("19", "12", "76")),
        (("165", "98", "76", "80"), ("165", "98", "76", "80")),
        ((), ()),
    ],
    ids=["digit", "lower-two", "two-rows", "reversed", "impossible", "kpa", "four", "nothing"],
)
def test_anything_less_is_no_pressure(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    assert agreed_pressure(column(*first), column(*second)) is None


def test_rows_that_do_not_stand_under_each_other_are_no_column() -> None:
    beside = [Number("165", 100, 100, 180, 100), Number("98", 400, 230, 120, 100)]
    assert not looks_like_pressure([*beside, Number("76", 700, 360, 120, 100)])
    assert looks_like_pressure(column("165", "98", "76"))


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("8.2", "8.2", Reading(Kind.GLUCOSE, value=8.2)),
        ("HI", "HI", "HI"),
        ("8.2", "3.2", None),
        ("82", "82", None),
        ("0.1", "0.1", None),
    ],
)
def test_glucose_needs_its_point(one: str, other: str, found: object) -> None:
    assert agreed_glucose(column(one), column(other)) == found


def test_of_two_large_numbers_neither_is_the_value() -> None:
    assert agreed_glucose(column("8.2", "7.1"), column("8.2", "7.1")) is None


def test_an_error_of_the_meter_is_seen() -> None:
    assert says_error(column("E-3"))
    assert not says_error(column("8.2"))


@pytest.mark.parametrize(
    ("told", "meter"),
    [("mmHg", True), ("收缩压", True), ("mmol/L", True), ("SpO2", False), ("kg", False)],
)
def test_the_small_print_says_what_machine_it_is(told: str, *, meter: bool) -> None:
    words = Words.of([Line(told, 1.0, 0, 0, 50, 20, 0.0)])
    assert words.some_meter is meter


def test_a_machine_for_something_else_is_no_meter_whatever_else_it_says() -> None:
    lines = [Line(told, 1.0, 0, 0, 50, 20, 0.0) for told in ("SYS", "SpO2")]
    assert not Words.of(lines).some_meter
