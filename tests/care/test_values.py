"""The two value types everything shares: levels in order, readings in words."""

from __future__ import annotations

from itertools import pairwise

import pytest

from care.level import Level
from care.reading import UNITS, Kind, Reading

MIXED = [Level.URGENT, Level.NONE, Level.EMERGENCY, Level.ROUTINE]
ORDER = [Level.NONE, Level.ROUTINE, Level.URGENT, Level.EMERGENCY]


def test_levels_are_ordered_by_urgency_not_by_spelling() -> None:
    assert sorted(MIXED) == ORDER
    assert max(ORDER) is Level.EMERGENCY
    for lower, higher in pairwise(ORDER):
        assert lower < higher
        assert lower <= higher
        assert higher > lower
        assert higher >= lower
        assert not higher <= lower


def test_a_level_compares_with_its_name() -> None:
    assert Level.URGENT > "routine"
    assert Level.URGENT <= "urgent"


@pytest.mark.parametrize(
    ("reading", "text"),
    [
        (Reading(Kind.BP, systolic=148, diastolic=92), "148/92"),
        (Reading(Kind.BP, diastolic=92), "?/92"),
        (Reading(Kind.BP, systolic=148), "148/?"),
        (Reading(Kind.GLUCOSE, value=6.5), "6.5"),
        (Reading(Kind.GLUCOSE, value=7.0), "7"),
    ],
)
def test_a_reading_prints_as_it_is_said(reading: Reading, text: str) -> None:
    assert str(reading) == text


def test_every_kind_has_a_unit() -> None:
    assert set(UNITS) == set(Kind)
