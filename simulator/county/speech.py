"""How people say it: the region's words, numbers as spoken, and thumbs that slip."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.county.body import Measured
from simulator.county.household import SELF, Villager

_DIGITS = "零一二三四五六七八九"
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_SLIPS: tuple[tuple[float, Callable[[str], str]], ...] = (
    (0.05, lambda text: text.translate(_WIDE)),
    (0.05, lambda text: text.replace("/", "，")),
    (0.04, lambda text: text.replace("血压", "血鸭")),
    (0.04, lambda text: text + "。。"),
    (0.03, lambda text: text.replace("高压", "高呀")),
)


@dataclass(frozen=True, slots=True)
class Speech:
    """The words of one region."""

    region: Mapping[str, Any]
    others: Mapping[str, Any]

    def value(self, chance: random.Random, villager: Villager, measured: Measured) -> str:
        """A reading as this household would type it, naming whose it is when it is not the writer's."""
        told = str(chance.choice(self.region[measured.kind])).format(
            s=measured.systolic,
            d=measured.diastolic,
            g=measured.value,
            S=spoken(measured.systolic or 0),
            D=spoken(measured.diastolic or 0),
            G=spoken_decimal(measured.value or 0),
        )
        return slip(chance, self.about(villager) + told)

    def about(self, villager: Villager) -> str:
        """老伴, 我妈, or nothing for oneself."""
        if villager.relation == SELF:
            return ""
        return str(self.others["relations"][villager.relation])

    def say(self, chance: random.Random, what: str) -> str:
        """One of the region's ways to say calm, takes, misses or yes."""
        return str(chance.choice(self.region[what]))

    def other(self, chance: random.Random, what: str) -> str:
        """A question, a chat or the word that stops it all."""
        return str(chance.choice(self.others[what]))


def slip(chance: random.Random, text: str) -> str:
    """The text as a hurried thumb leaves it."""
    for odds, slipped in _SLIPS:
        if chance.random() < odds:
            text = slipped(text)
    return text


def spoken(number: int) -> str:
    """A whole number below 1,000 as it is said: 165 → 一百六十五, 92 → 九十二, 105 → 一百零五."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    said = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        said += ("" if tens == 1 and not hundreds else _DIGITS[tens]) + "十"
    elif hundreds and ones:
        said += "零"
    return said + (_DIGITS[ones] if ones or not said else "")


def spoken_decimal(number: float) -> str:
    """7.8 → 七点八."""
    whole, tenth = divmod(round(number * 10), 10)
    return f"{spoken(whole)}点{_DIGITS[tenth]}"
