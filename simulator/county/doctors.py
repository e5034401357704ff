"""Village doctors as they are: they sleep, go to market, fall ill, and sometimes miss a ring."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from simulator.clock import PEOPLES_ZONE
from simulator.county.happening import Deed

_CODE = re.compile(r"编号\s*([0-9A-Za-z]{4,6})")
_DAYS_OF_YEAR = 365.25


@dataclass
class Doctor:
    """One who is rung. `market` is the day of the five-day market round, None: never goes."""

    login: str
    chance: random.Random
    facts: Mapping[str, Any]
    market: int | None = None
    ill_until: date | None = None
    taken: dict[str, datetime] = field(default_factory=dict)

    def hears(self, text: str, at: datetime) -> list[Deed]:
        """What a notice leads to: nothing, or taking the case and closing it later."""
        code = _CODE.search(text)
        if code is None or self._at_it(code.group(1), at) or not self._notices(at):
            return []
        self.taken[code.group(1)] = at
        took = at + timedelta(minutes=self._minutes(at))
        deeds = [Deed(took, self.login, "acknowledge", code.group(1))]
        if self.chance.random() < self.facts["replies"]:
            words = str(self.chance.choice(self.facts["reply_words"]))
            deeds.append(
                Deed(took + timedelta(minutes=2), self.login, "reply", code.group(1), words)
            )
        done = took + timedelta(minutes=self.chance.randint(*self.facts["closes_after_minutes"]))
        outcome = str(self.chance.choice(self.facts["outcomes"]))
        deeds.append(Deed(done, self.login, "close", code.group(1), outcome=outcome))
        return deeds

    def morning(self, day: date) -> list[Deed]:
        """Falls ill, or makes the round of lists, on a day that begins."""
        at = datetime.combine(day, time(self.facts["rounds_hour"]), tzinfo=PEOPLES_ZONE)
        if self.ill_until is not None and day <= self.ill_until:
            return []
        if self.chance.random() < self.facts["ill_per_year"] / _DAYS_OF_YEAR:
            days = self.chance.randint(*self.facts["ill_days"])
            self.ill_until = day + timedelta(days=days)
            if self.chance.random() < self.facts["says_ill"]:
                return [Deed(at, self.login, "away", until=self.ill_until)]
            return []
        return [Deed(at + timedelta(minutes=self.chance.randrange(60)), self.login, "rounds")]

    def at_market(self, at: datetime) -> bool:
        """Whether the phone is in a noisy pocket."""
        begins, ends = self.facts["market_hours"]
        round_day = at.toordinal() % self.facts["market_every_days"]
        return round_day == self.market and bool(begins <= at.hour < ends)

    def _at_it(self, code: str, at: datetime) -> bool:
        """Whether this case is in hand already; a ring much later is a new one."""
        took = self.taken.get(code)
        return took is not None and at - took < timedelta(minutes=self.facts["in_hand_minutes"])

    def _notices(self, at: datetime) -> bool:
        if self.ill_until is not None and at.date() <= self.ill_until:
            return False
        if self._asleep(at):
            return bool(self.chance.random() < self.facts["hears_at_night"])
        if self.at_market(at) and self.chance.random() < self.facts["market_misses"]:
            return False
        return bool(self.chance.random() >= self.facts["misses"])

    def _minutes(self, at: datetime) -> float:
        factor = 3 if self.at_market(at) or self._asleep(at) else 1
        return 0.5 + self.chance.expovariate(1 / self.facts["mean_minutes"]) * factor

    def _asleep(self, at: datetime) -> bool:
        sleeps, wakes = self.facts["sleeps"]
        return bool(at.hour >= sleeps or at.hour < wakes)
