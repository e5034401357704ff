"""When those who work elsewhere come home: the next spring festival, from data."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

_SOURCE = Path(__file__).parent / "festivals.toml"
_YEAR = timedelta(days=365)


def next_spring_festival(today: date) -> date:
    """The next New Year's day after today; a year from now where the table has ended."""
    return next((day for day in _days() if day > today), today + _YEAR)


@lru_cache(maxsize=1)
def _days() -> tuple[date, ...]:
    with _SOURCE.open("rb") as file:
        return tuple(sorted(tomllib.load(file)["spring_festival"]["days"]))
