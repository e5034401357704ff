"""The rules run inside the webhook: well under 0.2 ms even for a message full of complaints."""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable

import pytest

from care.assess import assess
from care.situation import Situation

REPEAT, TIMES, BUDGET = 7, 100, 0.0002


def test_a_heavy_situation_is_judged_in_a_fifth_of_a_millisecond(
    situated: Callable[..., Situation],
) -> None:
    if sys.gettrace() is not None:
        pytest.skip("a tracer (coverage) is running: timings mean nothing")
    heavy = situated(
        "severe_headache nausea chest_pain_radiating vertigo_severe",
        ["bp 188/116", "glucose 18.0", "pulse 110"],
        "60 htn dm",
    )
    best = min(timeit.repeat(lambda: assess(heavy), number=TIMES, repeat=REPEAT)) / TIMES
    assert best < BUDGET
