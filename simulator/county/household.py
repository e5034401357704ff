"""Who lives in the county: households, what ails them, and whose phone they are reached on."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

SELF = "self"
_LONGEST_YEAR = 365


@dataclass(frozen=True, slots=True)
class Villager:
    """One person of the county, as a register would know them, and their habits.

    `relation` is what this person is to whoever holds `phone`; no phone: only the doctor reaches
    them. `adherence` and `answers` are chances.
    """

    number: int
    name: str
    sex: str
    born_on: date
    village: int
    region: int
    programmes: tuple[str, ...]
    phone: str | None
    relation: str
    adherence: float
    answers: float


@dataclass
class Phone:
    """A phone in somebody's hand and the people it speaks for."""

    address: str
    region: int
    villagers: list[Villager] = field(default_factory=list)


def settle(
    chance: random.Random, count: int, today: date, facts: Mapping[str, Any]
) -> list[Villager]:
    """Fill the villages with so many people, household by household."""
    villagers: list[Villager] = []
    while len(villagers) < count:
        villagers += _household(chance, len(villagers), today, facts)
    return villagers[:count]


def phones_of(villagers: list[Villager]) -> dict[str, Phone]:
    """The phones, each with those it speaks for."""
    phones: dict[str, Phone] = {}
    for one in villagers:
        if one.phone is not None:
            phones.setdefault(one.phone, Phone(one.phone, one.region)).villagers.append(one)
    return phones


def _household(
    chance: random.Random, number: int, today: date, facts: Mapping[str, Any]
) -> list[Villager]:
    people, phones = facts["people"], facts["phones"]
    region = chance.randrange(len(facts["speech"]["regions"]))
    village = (number // people["per_village"]) % len(people["villages"])
    first = _villager(chance, number, village, region, today, facts)
    drawn = chance.random()
    if drawn < phones["own"]:
        first = _reached(first, f"phone-{number:05d}", SELF)
    elif drawn < phones["own"] + phones["child"]:
        parent = "mother" if first.sex == "female" else "father"
        first = _reached(first, f"phone-{number:05d}", parent)
    if chance.random() >= people["share_two_in_household"]:
        return [first]
    second = _villager(chance, number + 1, village, region, today, facts, beside=first)
    return [first, _beside(chance, first, second, phones["own"])]


def _beside(chance: random.Random, first: Villager, second: Villager, own: float) -> Villager:
    """The other in the house: an own phone, or the one that is there already."""
    if chance.random() < own / 2:
        return _reached(second, f"phone-{second.number:05d}", SELF)
    if first.phone is None:
        return second
    if first.relation == SELF:
        return _reached(second, first.phone, "spouse")
    return _reached(second, first.phone, "mother" if second.sex == "female" else "father")


def _villager(
    chance: random.Random,
    number: int,
    village: int,
    region: int,
    today: date,
    facts: Mapping[str, Any],
    *,
    beside: Villager | None = None,
) -> Villager:
    people, habits = facts["people"], facts["habits"]
    sex = chance.choice(("female", "male"))
    if beside is not None:
        sex = "male" if beside.sex == "female" else "female"
    youngest, oldest = people["born_before_years"]
    given = chance.choice(people["women" if sex == "female" else "men"])
    return Villager(
        number=number,
        name=chance.choice(people["surnames"]) + given,
        sex=sex,
        born_on=date.fromordinal(
            today.toordinal() - chance.randint(youngest * _LONGEST_YEAR, oldest * _LONGEST_YEAR)
        ),
        village=village,
        region=region,
        programmes=tuple(chance.choice(people["programmes"])),
        phone=None,
        relation=SELF,
        adherence=chance.uniform(*habits["adherence"]),
        answers=chance.uniform(*habits["answers"]),
    )


def _reached(villager: Villager, phone: str, relation: str) -> Villager:
    return replace(villager, phone=phone, relation=relation)
