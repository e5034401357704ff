"""How the values of one invented person go through the year."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from care.reading import GlucoseContext, Kind, Reading
from care.situation import Programme
from suifang.seed.roster import county


class Course:
    """The values of one person. `part` is how much of the year has gone, from 0 to 1."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._pressure = _Line(chance, county()["health"]["bp"])
        self._sugar = _Line(chance, county()["health"]["glucose"])
        self._share = chance.uniform(*county()["health"]["bp"]["diastolic_share"])

    def reading(self, programme: Programme, part: float) -> Reading:
        """What the meter of this programme shows."""
        if programme is Programme.HYPERTENSION:
            systolic = round(self._pressure.at(part))
            diastolic = round(systolic * self._share + self._chance.gauss(0, 3))
            return Reading(Kind.BP, systolic=systolic, diastolic=diastolic)
        value = round(self._sugar.at(part), 1)
        return Reading(Kind.GLUCOSE, value=value, context=GlucoseContext.FASTING)


class _Line:
    def __init__(self, chance: random.Random, facts: Mapping[str, Any]) -> None:
        self._chance, self._facts = chance, facts
        self._begins = chance.uniform(*facts["begins"])
        self._falls = chance.uniform(0, facts["falls"])

    def at(self, part: float) -> float:
        for rare in self._facts["rare"]:
            if self._chance.random() < rare["chance"]:
                return self._chance.uniform(*rare["between"])
        middle = self._begins - self._falls * part
        return self._chance.gauss(middle, self._facts["wobble"])
