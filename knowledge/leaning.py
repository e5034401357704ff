"""Questions that cannot stand alone: 那西瓜呢, 为啥, 再说一遍. Only wording; what they lean on is elsewhere."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

LEANING = Path(__file__).parent / "leaning.toml"

# A value, or something counted: such a message says something of its own.
_NUMBER = re.compile(r"[0-9]{2}|[0-9]\.[0-9]|[一二三四五六七八九十][个点][一二三四五六七八九]")
_THEN = ("那", "咁", "格末", "格么")
_AGE = re.compile(r"今年[0-9]{2,3}岁?了?|[0-9]{2,3}岁了?")


class Lean(StrEnum):
    """What is wanted of the last answer.

    The first ones are about its words. `SWITCH`: for another person or disease; `AMOUNT`, `TIME`
    and `COOKING` one side of it; `REST` something else that leans on it.
    """

    AGAIN = "again"
    SIMPLER = "simpler"
    LONGER = "longer"
    MORE = "more"
    WHY = "why"
    WHAT_TO_DO = "what_to_do"
    SWITCH = "switch"
    AMOUNT = "amount"
    TIME = "time"
    COOKING = "cooking"
    REST = "rest"


# Said of the last answer as a whole; without one they mean nothing.
WORDS = frozenset({Lean.AGAIN, Lean.SIMPLER, Lean.LONGER, Lean.MORE, Lean.WHY})
_SIDES_IN_ORDER = (Lean.AMOUNT, Lean.TIME, Lean.COOKING)
SIDES = frozenset(_SIDES_IN_ORDER)


@dataclass(frozen=True, slots=True)
class Leaning:
    """How a message leans, and what is left of it without its particles.

    `rest` is what weighs beside the words that ask for one side. `elliptical`: its form
    alone (那…, …呢) says that it leans, whatever it names.
    """

    kind: Lean
    bare: str
    rest: str = ""
    elliptical: bool = False


def leaning(text: str) -> Leaning | None:
    """How a normalised message leans on the last answer; None when it stands on its own."""
    table = _table()
    before, _, last = text.rpartition(",")
    if before and last.startswith(_THEN):
        # 香蕉不行,那苹果呢: what leans stands behind what only says what was heard.
        text = last
    elliptical = re.search(table["elliptical"], text) is not None
    short_of_it = elliptical or re.search(table["short_of_it"], text) is not None
    bare = _bare(_AGE.sub("", text))
    if not bare and elliptical:
        return Leaning(Lean.REST, "", "", elliptical)
    if not bare or len(bare) > table["longest"] or _NUMBER.search(bare):
        return None
    command = _command(bare, text) if len(bare) <= table["longest_command"] else None
    if command is not None:
        return Leaning(command, bare, "", elliptical)
    if _only_switches(bare, named=not short_of_it):
        return Leaning(Lean.SWITCH, bare, "", elliptical)
    side = next((one for one in _SIDES_IN_ORDER if _of_side(one, "asked").search(bare)), None)
    if side is not None:
        rest = re.sub(table["light"], "", _of_side(side, "asked").sub("", bare))
        if len(rest) <= table["longest_rest"]:
            return Leaning(side, bare, rest, elliptical)
    return Leaning(Lean.REST, bare, bare, elliptical) if short_of_it else None


def fresh(kind: Lean, age: timedelta) -> bool:
    """Whether somebody can still mean an answer of this age."""
    minutes = _table()["lasts"]["words" if kind in WORDS else "question"]
    return age <= timedelta(minutes=minutes)


def forgotten(age: timedelta) -> bool:
    """Whether nobody can mean an answer of this age any more."""
    return age > timedelta(minutes=max(_table()["lasts"].values()))


def sentences_on(side: str, text: str) -> str:
    """The sentences of an answer that speak of one side of it (`amount`, `time`, `cooking`, `why`)."""
    said = _of_side(side, "said")
    return ended("".join(one for one in split(text) if said.search(one)))


def without_denied(text: str) -> str:
    """The text without the diseases that somebody says not to have."""
    return re.sub(_table()["switch"]["denied"], "", text)


def sentences_with(word: str, text: str) -> str:
    """The sentences that hold a word."""
    return ended("".join(one for one in split(text) if word in one))


def sentences_like(pattern: re.Pattern[str], text: str) -> str:
    """The sentences in which a pattern is found."""
    return ended("".join(one for one in split(text) if pattern.search(one)))


def weighs(piece: str) -> bool:
    """Whether a piece of a message says enough to look for it: 太极, but not 了吃."""
    return len(re.sub(_table()["light"], "", piece)) > 1


def medicines() -> tuple[str, ...]:
    """The words for medicines that a question about one leaves out."""
    return tuple(_table()["medicines"]["words"])


def said(name: str, **values: str) -> str:
    """A sentence of our own around what is told again."""
    return str(_table()["say"][name]).format(**values)


def unit_of(text: str) -> re.Pattern[str] | None:
    """What an amount was asked in, as it stands in an answer: 遍 in 要量几遍; None when it is open."""
    for asked, said in _table()["units"]:
        if re.search(asked, text):
            return re.compile(said)
    return None


def asked_of(side: str, text: str) -> str:
    """The words by which one side was asked for: 晚上 in 那晚上呢."""
    found = _of_side(side, "asked").search(text)
    return found.group() if found else ""


def split(text: str) -> list[str]:
    """A text in sentences, each with its stop."""
    return [one for one in re.split(r"(?<=[。；！？\n])", text.replace("\n", "")) if one.strip()]


def ended(text: str) -> str:
    """A piece of a text, ended as a sentence."""
    return f"{text[:-1]}。" if text.endswith(("；", "，")) else text


def _command(bare: str, text: str) -> Lean | None:
    """What is wished of the last answer's words. 没懂吗 loses its weight with its particles."""
    for name, pattern in _commands():
        if pattern.search(bare) or (name == Lean.SIMPLER and pattern.search(text)):
            return Lean(name)
    return None


def says_nothing(bare: str) -> bool:
    """Whether nothing of weight is left: 我老伴吃的, the rest of 那我老伴吃的缬沙坦呢."""
    return _only_switches(bare, named=False)


def _only_switches(bare: str, *, named: bool) -> bool:
    """Whether nothing but a person, a disease and words without weight is said.

    Args:
        bare: the message without its particles.
        named: whether a person or a disease must be named.
    """
    table = _table()["switch"]
    if named and re.search(f"{table['persons']}|{table['diseases']}", bare) is None:
        return False
    left = re.sub(table["diseases"], "", bare)
    left = re.sub(table["persons"], "", left)
    return not re.sub(table["filler"], "", left)


def _bare(text: str) -> str:
    table = _table()
    front, back = re.sub(table["front"], "", text), ""
    while front != back:
        back, front = front, re.sub(table["back"], "", front)
    return front.strip(" ,.。、:?!")


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(LEANING.read_text(encoding="utf-8"))


@cache
def _commands() -> tuple[tuple[str, re.Pattern[str]], ...]:
    listed = _table()["commands"]
    return tuple((name, re.compile("|".join(words))) for name, words in listed.items())


@cache
def _of_side(side: str, which: str) -> re.Pattern[str]:
    return re.compile(_table()["aspects"][side][which])
