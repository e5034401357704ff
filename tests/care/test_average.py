"""One pressure from several (2025 primary-care guideline)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from care.average import METHOD, period, sitting
from care.reading import Reading

Read = Callable[[str], Reading]


@pytest.mark.parametrize(
    ("values", "mean", "third"),
    [
        (["bp 148/92"], "148/92", False),
        (["bp 148/92", "bp 142/88"], "145/90", False),
        (["bp 152/92", "bp 140/88"], "146/90", True),
        (["bp 160/100", "bp 142/90", "bp 140/88"], "141/89", False),
        (["bp 139/89", "bp 140/90"], "140/90", False),
        (["pulse 76", "bp 140/90", "bp 150/-"], "140/90", False),
    ],
    ids=["one", "two", "far apart", "third drops the first", "half goes up", "halves are left out"],
)
def test_a_sitting(read: Read, values: list[str], mean: str, third: bool) -> None:
    found = sitting([read(value) for value in values])
    assert str(found.reading) == mean
    assert found.third_needed is third
    assert found.method == METHOD == "HTN_PC_2025"


def test_a_period_averages_everything_the_first_day_too(read: Read) -> None:
    days = [read("bp 160/100"), read("bp 140/90"), read("bp 141/86")]
    found = period(days)
    assert str(found.reading) == "147/92"
    assert found.count == 3


def test_an_approximate_reading_makes_an_approximate_mean(read: Read) -> None:
    rough = replace(read("bp 150/90"), approximate=True)
    assert sitting([rough, read("bp 150/90")]).reading.approximate


def test_nothing_whole_cannot_be_averaged(read: Read) -> None:
    with pytest.raises(ValueError, match="no blood pressure"):
        period([read("bp 150/-"), read("pulse 70")])
