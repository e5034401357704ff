"""What a meter would show: a level of one's own, the season, the medicine, and noise."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from simulator.county.calendar import Calendar
from simulator.county.household import Villager

_DAYS_OF_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Measured:
    """A value as it was: the truth behind whatever is typed."""

    kind: str
    systolic: int | None = None
    diastolic: int | None = None
    value: float | None = None


class Body:
    """One person's values over the run."""

    def __init__(
        self,
        villager: Villager,
        chance: random.Random,
        calendar: Calendar,
        facts: Mapping[str, Any],
    ) -> None:
        self._adherence, self._chance, self._calendar = villager.adherence, chance, calendar
        self._facts = facts
        self._systolic = chance.uniform(*facts["systolic"])
        self._share = chance.uniform(*facts["diastolic_share"])
        self._glucose = chance.uniform(*facts["glucose"])
        self._climbs_from = (
            chance.uniform(0, _DAYS_OF_YEAR)
            if chance.random() < facts["worsens_per_year"]
            else None
        )

    def pressure(self, day: date, passed: int) -> Measured:
        """Blood pressure in mmHg, `passed` days after the run began."""
        facts = self._facts
        level = self._systolic - facts["treated"] * self._adherence
        level += facts["winter"] * self._calendar.cold(day) + facts["climb"] * self._climbed(passed)
        level += facts["festival_systolic"] * self._calendar.festival(day)
        systolic = max(
            facts["lowest_systolic"], self._chance.gauss(level, facts["systolic_wobble"])
        )
        diastolic = systolic * self._share + self._chance.gauss(0, 3)
        return Measured("bp", systolic=round(systolic), diastolic=round(diastolic))

    def glucose(self, day: date, passed: int) -> Measured:
        """Fasting glucose in mmol/L."""
        facts = self._facts
        level = self._glucose + facts["glucose_climb"] * self._climbed(passed)
        level += facts["festival_glucose"] * self._calendar.festival(day)
        value = max(facts["lowest_glucose"], self._chance.gauss(level, facts["glucose_wobble"]))
        return Measured("glucose", value=round(value, 1))

    def _climbed(self, passed: int) -> float:
        if self._climbs_from is None or passed < self._climbs_from:
            return 0.0
        return min(1.0, (passed - self._climbs_from) / 90)
