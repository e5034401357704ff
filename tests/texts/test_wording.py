"""Readings in words."""

from __future__ import annotations

import pytest

from care.reading import GlucoseContext, Kind, Reading
from texts.catalogue import render
from texts.wording import listed, spoken


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (Reading(Kind.BP, systolic=148, diastolic=92), "血压148/92"),
        (Reading(Kind.BP, systolic=182), "高压182"),
        (Reading(Kind.GLUCOSE, value=6.5, context=GlucoseContext.FASTING), "空腹血糖6.5"),
        (Reading(Kind.GLUCOSE, value=11.0), "血糖11"),
        (Reading(Kind.PULSE, value=76, approximate=True), "心跳约76"),
        (Reading(Kind.HBA1C, value=7.2), "糖化7.2%"),
        (Reading(Kind.WEIGHT, value=65), "体重65公斤"),
        (Reading(Kind.TEMP, value=38.5), "体温38.5℃"),
    ],
)
def test_a_reading_is_said_plainly(reading: Reading, words: str) -> None:
    assert spoken(reading) == words


def test_two_readings_are_joined() -> None:
    readings = [Reading(Kind.BP, systolic=148, diastolic=92), Reading(Kind.PULSE, value=76)]
    assert listed(readings) == "血压148/92、心跳76"


def test_a_long_list_is_cut_so_that_it_still_renders() -> None:
    text = listed([Reading(Kind.BP, systolic=148, diastolic=92)] * 40)
    assert text.endswith("92等")
    assert render("reading.recorded_many", count=40, values=text)
