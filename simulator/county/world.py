"""The county on a clock of its own: a heap of things to come, drawn from one seed."""

from __future__ import annotations

import heapq
import random
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from simulator.clock import PEOPLES_ZONE
from simulator.county.body import Body, Measured
from simulator.county.calendar import Calendar
from simulator.county.doctors import Doctor
from simulator.county.happening import Changed, Followed, Happening, Said, Truth
from simulator.county.household import Villager, phones_of, settle
from simulator.county.mind import Answer, Mind
from simulator.county.speech import Speech

_DAYS_OF_YEAR = 365.25
_CRISES = ((182, 236), (108, 132))


@cache
def facts() -> Mapping[str, Any]:
    """The county as data."""
    return tomllib.loads(Path(__file__).with_name("facts.toml").read_text(encoding="utf-8"))


class World:
    """So many people from a first day on. Everything depends on the seed and on what it is told.

    `doctors` are the logins to be rung, village by village, then whoever is above them.
    """

    def __init__(self, *, people: int, first_day: date, days: int, seed: int) -> None:
        self.first_day, self.days = first_day, days
        self.chance = random.Random(seed)  # noqa: S311 - a story, not a secret
        self.calendar = Calendar.of(facts()["calendar"])
        self.villagers = settle(self.chance, people, first_day, facts())
        self.village_names = tuple(facts()["people"]["villages"][: self._villages()])
        self.phones = phones_of(self.villagers)
        self.gone: set[int] = set()
        self._to_come: list[tuple[datetime, int, Happening]] = []
        self._order, self._numbers = count(), count(1)
        self._followed = dict.fromkeys(self.phones, True)
        self._bodies = {
            one.number: Body(one, self.chance, self.calendar, facts()["body"])
            for one in self.villagers
        }
        self._minds = {
            address: Mind(
                phone,
                self._bodies,
                Speech(facts()["speech"]["regions"][phone.region], facts()["speech"]["others"]),
                self.chance,
                self.calendar,
                facts(),
                self.gone,
            )
            for address, phone in self.phones.items()
        }
        self.doctors = self._staff()
        self._drawn = 0

    @property
    def next_at(self) -> datetime | None:
        """When the next thing happens; None when the county has nothing more to say."""
        moments = [self._to_come[0][0]] if self._to_come else []
        if self._drawn < self.days:
            moments.append(self._dawn())
        return min(moments, default=None)

    def happenings(self, until: datetime) -> Iterator[Happening]:
        """What happens up to a moment, in order. A day is drawn when it begins, not before."""
        while self._drawn < self.days and self._dawn() <= until:
            self._draw(self.first_day + timedelta(days=self._drawn), self._drawn)
            self._drawn += 1
        while self._to_come and self._to_come[0][0] <= until:
            one = heapq.heappop(self._to_come)[2]
            if isinstance(one, Followed):
                self._followed[one.phone] = one.follows
            # Whoever left the account has nowhere to write.
            if not isinstance(one, Said) or self._followed[one.phone]:
                yield one

    def receive(self, phone: str, text: str, at: datetime) -> None:
        """A message arrives on a phone."""
        if self._followed.get(phone):
            self._say(phone, self._minds[phone].answer(text, at, (at.date() - self.first_day).days))

    def ring(self, login: str, text: str, at: datetime) -> None:
        """A notice arrives on a doctor's phone."""
        self._push(*self.doctors[login].hears(text, at))

    def measured(self, villager: int, at: datetime) -> list[Measured]:
        """What the doctor's own meter shows of somebody."""
        body, passed = self._bodies[villager], (at.date() - self.first_day).days
        programmes = self.villagers[villager].programmes
        values = [body.pressure(at.date(), passed)]
        return values + [body.glucose(at.date(), passed)] * ("type2_diabetes" in programmes)

    def call(self, villager: int) -> bool:
        """A doctor phones: whether somebody picks up."""
        if villager in self.gone:
            return True
        return bool(self.chance.random() < facts()["doctors"]["reached_by_phone"])

    def _dawn(self) -> datetime:
        day = self.first_day + timedelta(days=self._drawn)
        return datetime.combine(day, time.min, tzinfo=PEOPLES_ZONE)

    def _villages(self) -> int:
        per_village = facts()["people"]["per_village"]
        most = len(facts()["people"]["villages"])
        return min(most, 1 + int((len(self.villagers) - 1) // per_village))

    def _staff(self) -> dict[str, Doctor]:
        logins = [f"village{number}" for number in range(len(self.village_names))]
        every = facts()["doctors"]["market_every_days"]
        staff = {
            login: Doctor(login, self.chance, facts()["doctors"], market=number % every)
            for number, login in enumerate(logins)
        }
        for login in ("township", "county"):
            staff[login] = Doctor(login, self.chance, facts()["doctors"])
        return staff

    def _draw(self, day: date, passed: int) -> None:
        """Everything about one day that does not depend on what is said to anybody."""
        for doctor in self.doctors.values():
            self._push(*doctor.morning(day))
        for villager in self.villagers:
            self._draw_life(villager, day)
            if villager.phone is not None and villager.number not in self.gone:
                self._draw_words(villager, villager.phone, day, passed)

    def _draw_words(self, villager: Villager, phone: str, day: date, passed: int) -> None:
        habits, mind = facts()["habits"], self._minds[phone]
        if self._today(habits["measures_per_year"]):
            self._say(phone, mind.unasked(villager, self._daytime(day, 6, 20), passed))
        for what, rate in (("questions", "questions_per_year"), ("chats", "chats_per_year")):
            if self._today(habits[rate]):
                words = mind.speech.other(self.chance, what)
                self._say(phone, [Answer(self._daytime(day, 7, 21), words, Truth(what))])
        if self._today(habits["stops_per_year"]):
            words = mind.speech.other(self.chance, "stop")
            self._say(phone, [Answer(self._daytime(day, 7, 21), words, Truth("stop"))])
        if self._today(facts()["emergencies"]["per_year"]):
            self._fall_ill(villager, phone, day)
        if self._today(habits["unfollows_per_year"]):
            at = self._daytime(day, 8, 22)
            back = at + timedelta(days=self.chance.randint(*habits["follows_again_days"]))
            self._push(Followed(at, phone, follows=False), Followed(back, phone, follows=True))

    def _fall_ill(self, villager: Villager, phone: str, day: date) -> None:
        """At any hour of the day or night somebody writes in need."""
        kind = self.chance.choice(facts()["emergencies"]["kinds"])
        systolic, diastolic = (self.chance.randint(*span) for span in _CRISES)
        text = str(self.chance.choice(kind["words"])).format(
            who=self._minds[phone].speech.about(villager), crisis=f"{systolic}/{diastolic}"
        )
        truth = Truth(kind["name"], villager.number, level=kind["level"])
        self._say(phone, [Answer(self._daytime(day, 0, 24), text, truth)])

    def _draw_life(self, villager: Villager, day: date) -> None:
        life = facts()["life"]
        if villager.number in self.gone:
            return
        for status, rate in (
            ("deceased", "deaths_per_year"),
            ("moved", "moves_per_year"),
            ("away", "leaves_for_work_per_year"),
        ):
            if not self._today(life[rate]):
                continue
            told = day + timedelta(days=self.chance.randint(*life["told_after_days"]))
            until = self.calendar.spring_after(day) if status == "away" else None
            if status != "away":
                self.gone.add(villager.number)
            self._push(Changed(self._daytime(told, 8, 18), villager.number, status, day, until))
            return

    def _say(self, phone: str, answers: list[Answer]) -> None:
        for answer in answers:
            said = Said(answer.at, phone, answer.text, next(self._numbers), answer.truth)
            self._push(said)
            if self.chance.random() < facts()["habits"]["repeats"]:
                again = said.at + timedelta(seconds=5)
                self._push(Said(again, phone, said.text, said.number, said.truth, again=True))

    def _push(self, *happenings: Happening) -> None:
        for one in happenings:
            heapq.heappush(self._to_come, (one.at, next(self._order), one))

    def _today(self, per_year: float) -> bool:
        return self.chance.random() < per_year / _DAYS_OF_YEAR

    def _daytime(self, day: date, begins: int, ends: int) -> datetime:
        seconds = self.chance.randrange(begins * 3600, ends * 3600)
        return datetime.combine(day, time.min, tzinfo=PEOPLES_ZONE) + timedelta(seconds=seconds)
