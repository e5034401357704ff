"""The invented people of the demonstration: who they are, what they have, who shares a phone."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from care.situation import Programme


@dataclass(frozen=True, slots=True)
class Villager:
    """One invented person. `village` is a place in the list of villages."""

    name: str
    sex: str
    born_on: date
    height_cm: float
    village: int
    phone: str
    programmes: tuple[Programme, ...]
    drugs: tuple[str, ...]
    joins_after_days: int


@cache
def county() -> Mapping[str, Any]:
    """The county as data."""
    text = Path(__file__).with_name("county.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def villagers(chance: random.Random) -> list[Villager]:
    """Sixty people, the same for the same chance. A spouse on the same phone lives next door."""
    people = [
        _villager(chance, place, group)
        for place, group in enumerate(
            group for group in county()["groups"] for _ in range(group["count"])
        )
    ]
    for pair in county()["wechat"]["together"]:
        people[pair["other"]] = _spouse(chance, people[pair["holder"]], people[pair["other"]])
    return people


def _villager(chance: random.Random, place: int, group: Mapping[str, Any]) -> Villager:
    facts = county()["people"]
    sex = chance.choice(("male", "female"))
    return Villager(
        name=_name(chance, sex),
        sex=sex,
        born_on=date(
            chance.randint(facts["born_from"], facts["born_to"]),
            chance.randint(1, 12),
            chance.randint(1, 28),
        ),
        height_cm=_height(chance, sex),
        village=place % len(county()["villages"]),
        phone=f"1390000{place:04d}",
        programmes=tuple(Programme(name) for name in group["programmes"]),
        drugs=tuple(chance.choice(group["drugs"])),
        joins_after_days=_joins(chance),
    )


def _spouse(chance: random.Random, holder: Villager, other: Villager) -> Villager:
    sex = "female" if holder.sex == "male" else "male"
    return Villager(
        name=_name(chance, sex),
        sex=sex,
        born_on=holder.born_on.replace(year=holder.born_on.year + chance.choice((-3, -1, 2))),
        height_cm=_height(chance, sex),
        village=holder.village,
        phone=holder.phone,
        programmes=other.programmes,
        drugs=other.drugs,
        joins_after_days=holder.joins_after_days,
    )


def _joins(chance: random.Random) -> int:
    habits = county()["habits"]
    if chance.random() >= habits["joins_late"]:
        return 0
    return chance.randint(1, habits["latest_join_days"])


def _name(chance: random.Random, sex: str) -> str:
    facts = county()["people"]
    given: list[str] = facts["men" if sex == "male" else "women"]
    return str(chance.choice(facts["surnames"]) + chance.choice(given))


def _height(chance: random.Random, sex: str) -> float:
    low, high = county()["people"]["men_cm" if sex == "male" else "women_cm"]
    return float(chance.randint(low, high))
