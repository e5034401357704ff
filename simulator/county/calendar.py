"""Holidays, seasons and market days: why people eat, sleep and do not answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

_NATIONAL_DAY = (10, 1)
_COLDEST = 20
_DAYS_OF_YEAR = 365.25
_HALF_A_YEAR = timedelta(weeks=26)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The year of the county, as far as it matters to readings and answers."""

    spring_festivals: tuple[date, ...]
    spring_festival_days: int
    national_day_days: int

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Calendar:
        return cls(
            tuple(date.fromisoformat(day) for day in facts["spring_festival"]),
            facts["spring_festival_days"],
            facts["national_day_days"],
        )

    def festival(self, day: date) -> bool:
        """Whether it is one of the long holidays."""
        national = date(day.year, *_NATIONAL_DAY)
        spans = [(first, self.spring_festival_days) for first in self.spring_festivals]
        spans.append((national, self.national_day_days))
        return any(first <= day < first + timedelta(days=length) for first, length in spans)

    def spring_after(self, day: date) -> date:
        """When somebody who leaves for work is expected home again."""
        ahead = [first for first in self.spring_festivals if first > day]
        return ahead[0] if ahead else day + _HALF_A_YEAR

    @staticmethod
    def cold(day: date) -> float:
        """How much of winter it is: 1 in late January, -1 in late July."""
        turn = (day.timetuple().tm_yday - _COLDEST) / _DAYS_OF_YEAR
        return math.cos(2 * math.pi * turn)
