"""The rules run inside the webhook, so their work must not grow with what a patient writes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from care.assess import assess
from care.situation import Situation

# Calls of Python functions, not seconds: the same on every machine. About 0.1 ms on a small one.
MOST_CALLS = 400


def calls_of(work: Callable[[], object]) -> int:
    count = 0

    def note(_frame: FrameType, happening: str, _argument: object) -> None:
        nonlocal count
        count += happening == "call"

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.fixture
def heavy(situated: Callable[..., Situation]) -> Situation:
    return situated(
        "severe_headache nausea chest_pain_radiating vertigo_severe",
        ["bp 188/116", "glucose 18.0", "pulse 110"],
        "60 htn dm",
    )


def test_a_message_full_of_complaints_is_judged_in_a_few_hundred_calls(heavy: Situation) -> None:
    assess(heavy)
    assert 0 < calls_of(lambda: assess(heavy)) < MOST_CALLS


def test_judging_the_same_again_costs_the_same(heavy: Situation) -> None:
    assess(heavy)
    assert calls_of(lambda: assess(heavy)) == calls_of(lambda: assess(heavy))
