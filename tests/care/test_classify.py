"""The class of a follow-up and what comes next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from care.classify import NextMeasure, Visit, VisitClass, classify
from care.reading import Reading
from care.situation import Background, Programme
from care.targets import Setting
from texts.catalogue import render

Read = Callable[[str], Reading]
Who = Callable[[str], Background]
GOOD, BAD, SIDE, ILL = VisitClass


@pytest.mark.parametrize(
    ("values", "who", "expected"),
    [
        (["bp 138/88"], "60", GOOD),
        (["bp 140/88"], "60", BAD),
        (["bp 148/88"], "70", GOOD),
        (["bp 150/88"], "70", BAD),
        (["bp 146/88", "bp 132/84"], "60", GOOD),
        (["bp 145/-"], "60", BAD),
        (["bp 130/-"], "60", None),
        (["glucose 6.0 fasting"], "60", None),
        ([], "60", None),
    ],
)
def test_hypertension_goes_by_the_averaged_pressure(
    read: Read, known_as: Who, values: list[str], who: str, expected: VisitClass | None
) -> None:
    visit = Visit(Programme.HYPERTENSION, known_as(who), tuple(read(v) for v in values))
    assert classify(visit).visit_class is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["glucose 6.9 fasting"], GOOD),
        (["glucose 7.0 fasting"], BAD),
        (["glucose 8.2 fasting", "glucose 6.5 fasting"], GOOD),
        (["glucose 9.0 postprandial"], None),
        (["glucose 16.7 postprandial"], BAD),
        (["glucose 3.9"], BAD),
        (["bp 130/80"], None),
    ],
    ids=["6.9", "7.0", "the last fasting", "post-meal alone", "very high", "low", "pressure only"],
)
def test_diabetes_goes_by_the_fasting_glucose(
    read: Read, values: list[str], expected: VisitClass | None
) -> None:
    visit = Visit(Programme.TYPE2_DIABETES, readings=tuple(read(v) for v in values))
    assert classify(visit).visit_class is expected


@pytest.mark.parametrize(
    ("side_effect", "complication", "expected"),
    [(True, False, SIDE), (False, True, ILL), (True, True, ILL)],
    ids=["adverse reaction", "complication", "the most serious wins"],
)
def test_the_most_serious_class_wins(
    read: Read, side_effect: bool, complication: bool, expected: VisitClass
) -> None:
    visit = Visit(
        Programme.HYPERTENSION,
        readings=(read("bp 150/95"),),
        adverse_reaction=side_effect,
        complication=complication,
    )
    assert classify(visit).visit_class is expected


@pytest.mark.parametrize(
    ("value", "previous", "measure", "refer"),
    [
        ("bp 130/80", [], "routine", False),
        ("bp 130/80", [BAD, BAD], "routine", False),
        ("bp 150/95", [], "two_weeks", False),
        ("bp 150/95", [GOOD, BAD], "two_weeks", False),
        ("bp 150/95", [BAD], "referral", True),
        ("bp 150/95", [SIDE, GOOD], "referral", True),
        ("bp 150/95", [ILL], "two_weeks", False),
        ("pulse 70", [BAD], "two_weeks", False),
    ],
)
def test_two_in_a_row_suggest_a_referral(
    read: Read, value: str, previous: list[VisitClass], measure: str, refer: bool
) -> None:
    found = classify(Visit(Programme.HYPERTENSION, readings=(read(value),)), previous)
    assert (found.measure, found.refer) == (NextMeasure(measure), refer)


def test_a_complication_and_a_red_flag_suggest_a_referral(read: Read) -> None:
    visit = Visit(Programme.HYPERTENSION, readings=(read("bp 186/100"),))
    assert classify(replace(visit, complication=True)).measure is NextMeasure.REFERRAL
    critical = classify(replace(visit, critical=True))
    assert critical.measure is NextMeasure.URGENT_REFERRAL
    assert critical.visit_class is BAD
    assert critical.refer


def test_home_readings_can_be_judged_by_the_home_line(read: Read) -> None:
    visit = Visit(Programme.HYPERTENSION, readings=(read("bp 137/80"),))
    assert classify(visit).visit_class is GOOD
    assert classify(replace(visit, setting=Setting.HOME)).visit_class is BAD


def test_the_codes_are_those_of_the_form() -> None:
    assert [c.code for c in VisitClass] == ["1", "2", "3", "4"]
    assert [m.code for m in NextMeasure] == ["1", "2", "3", "4"]
    assert [render(f"visit_class.{c}") for c in VisitClass] == [
        "控制满意",
        "控制不满意",
        "不良反应",
        "并发症",
    ]
    assert all(render(f"next_measure.{m}") for m in NextMeasure)
