"""What the holder of a phone does with a message: reads it as a person would, and perhaps answers."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulator.county.body import Body, Measured
from simulator.county.calendar import Calendar
from simulator.county.happening import Truth
from simulator.county.household import Phone, Villager
from simulator.county.speech import Speech

_SLEEPS_FROM, _WAKES_AT = 21, 6
_MEASURED_BY = {"hypertension": "bp", "type2_diabetes": "glucose"}
# Which values are sent when they are asked for; "any": whatever this person measures.
_VALUES = {"bp": ["bp"], "glucose": ["glucose"], "both": ["bp", "glucose"], "any": list[str]()}


@dataclass(frozen=True, slots=True)
class Answer:
    """Words to be sent at a moment, with what they mean."""

    at: datetime
    text: str
    truth: Truth


@dataclass
class Mind:
    """The person who holds a phone: answers for everybody it speaks for."""

    phone: Phone
    bodies: Mapping[int, Body]
    speech: Speech
    chance: random.Random
    calendar: Calendar
    facts: Mapping[str, Any]
    gone: set[int]

    def answer(self, text: str, at: datetime, passed: int) -> list[Answer]:
        """What is sent back, piece by piece; often nothing."""
        asked, who = self._asked(text), self._meant(text)
        if asked is None or who is None or not self._bothers(who, at):
            return []
        moment = self._when(at)
        if asked in _VALUES:
            return self._values(who, asked, moment, passed)
        return [Answer(moment, self._short(asked, who), Truth(f"answer_{asked}", who.number))]

    def _asked(self, text: str) -> str | None:
        """What a message wants to know, by the words that any reader would notice."""
        asks = self.facts["asks"]
        if not any(sign in text for sign in asks["signs"]):
            return None
        return next(
            (one["for"] for one in asks["kinds"] if any(w in text for w in one["words"])), None
        )

    def unasked(self, who: Villager, at: datetime, passed: int) -> list[Answer]:
        """A reading that nobody asked for."""
        return self._values(who, _MEASURED_BY[self.chance.choice(who.programmes)], at, passed)

    def _meant(self, text: str) -> Villager | None:
        """Whom a message is about: the one it names, else anybody still here."""
        here = [one for one in self.phone.villagers if one.number not in self.gone]
        named = [one for one in here if one.name in text]
        return next(iter(named or here), None)

    def _bothers(self, who: Villager, at: datetime) -> bool:
        factor = (
            self.facts["calendar"]["festival_answers"] if self.calendar.festival(at.date()) else 1
        )
        return self.chance.random() < who.answers * factor

    def _when(self, at: datetime) -> datetime:
        """After a while, and not in the sleep of the house."""
        hours = self.chance.expovariate(1 / self.facts["habits"]["answer_hours"])
        moment = at + timedelta(minutes=1 + hours * 60)
        if moment.hour >= _SLEEPS_FROM or moment.hour < _WAKES_AT:
            night = moment if moment.hour < _WAKES_AT else moment + timedelta(days=1)
            moment = night.replace(hour=_WAKES_AT, minute=self.chance.randrange(60))
        return moment

    def _values(self, who: Villager, asked: str, moment: datetime, passed: int) -> list[Answer]:
        body, answers = self.bodies[who.number], list[Answer]()
        wanted = _VALUES[asked] or [_MEASURED_BY[one] for one in who.programmes]
        for kind in wanted:
            if kind == "bp":
                measured = body.pressure(moment.date(), passed)
            else:
                measured = body.glucose(moment.date(), passed)
            answers += self._told(who, measured, moment)
            moment += timedelta(seconds=self.chance.randint(20, 90))
        return answers

    def _told(self, who: Villager, measured: Measured, moment: datetime) -> list[Answer]:
        level = _level_of(measured, self.facts["notable"])
        truth = Truth("reading", who.number, measured, level)
        in_pieces = measured.kind == "bp" and self.chance.random() < self.facts["habits"]["pieces"]
        if not in_pieces:
            return [Answer(moment, self.speech.value(self.chance, who, measured), truth)]
        pieces = (f"{self.speech.about(who)}血压", str(measured.systolic), str(measured.diastolic))
        return [
            Answer(
                moment + timedelta(seconds=number),
                piece,
                truth if number == len(pieces) - 1 else Truth("piece", who.number),
            )
            for number, piece in enumerate(pieces)
        ]

    def _short(self, asked: str, who: Villager) -> str:
        if asked == "medicine":
            kept = self.chance.random() < who.adherence
            return self.speech.say(self.chance, "takes" if kept else "misses")
        if asked == "whose":
            return self.speech.about(who) or "我的"
        if asked == "went":
            return str(self.chance.choice(("去了", "去了", "没去")))
        return self.speech.say(self.chance, "yes" if asked == "confirm" else "calm")


def _level_of(measured: Measured, notable: Mapping[str, float]) -> str:
    """What a careful nurse would notice in the bare number."""
    if measured.kind == "bp":
        high = (measured.systolic or 0) >= notable["systolic"] or (
            measured.diastolic or 0
        ) >= notable["diastolic"]
        return "urgent" if high else "none"
    value = measured.value or 0
    return (
        "urgent" if value < notable["glucose_low"] or value >= notable["glucose_high"] else "none"
    )
