"""Whether a clause allows or forbids: 能吃 and 不能吃 differ by one sign, and by everything.

Careful in one direction only: an honest wording refused costs a kinder sentence, a warning turned
round costs more.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from agent.guarding.signs import clauses, sentences

_DATA = Path(__file__).parent / "polarity.toml"
_BEFORE = 9


class Stance(StrEnum):
    """What a clause says of what it names."""

    ALLOWS = "allows"
    FORBIDS = "forbids"
    NEITHER = "neither"


@cache
def _words() -> dict[str, re.Pattern[str]]:
    raw = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return {name: re.compile("|".join(words)) for name, words in raw.items()}


@dataclass(frozen=True, slots=True)
class Said:
    """One clause with its stance and the signs and pairs of signs that carry its meaning."""

    text: str
    stance: Stance
    signs: frozenset[str]
    pairs: frozenset[str]

    def alike(self, other: Said) -> int:
        return 2 * len(self.pairs & other.pairs) + len(self.signs & other.signs)


def said(clause: str, *, refuted: bool = False) -> Said:
    plain = _words()["empty"].sub("　", _words()["neutral"].sub("　", clause))
    meaning = [sign for sign in plain if "\u4e00" <= sign <= "\u9fff"]
    pairs = frozenset(
        first + second
        for first, second in itertools.pairwise(plain)
        if "\u4e00" <= first <= "\u9fff" and "\u4e00" <= second <= "\u9fff"
    )
    stance = Stance.FORBIDS if refuted else stance_of(clause)
    return Said(clause, stance, frozenset(meaning), pairs)


def stance_of(clause: str) -> Stance:
    """What the clause says, without the phrases that only look like a no."""
    words = _words()
    if words["concession"].search(clause):
        return Stance.NEITHER
    plain = words["neutral"].sub("　", clause)
    if words["forbids"].search(plain):
        return Stance.FORBIDS
    return Stance.ALLOWS if words["allows"].search(plain) else Stance.NEITHER


def stated(text: str) -> tuple[Said, ...]:
    """The clauses of a passage. What a sentence calls untrue counts as forbidden in all of it."""
    found: list[Said] = []
    for sentence in sentences(text):
        refuted = bool(_words()["refutes"].search(sentence))
        found.extend(said(clause, refuted=refuted) for clause in clauses(sentence))
    return tuple(found)


def turned_round(text: str, passages: Iterable[str]) -> bool:
    """Whether a clause allows what its nearest clauses of the passages forbid, or the reverse."""
    known = tuple(clause for passage in passages for clause in stated(passage))
    return any(_against(clause, known) for clause in stated(text))


def _against(one: Said, known: tuple[Said, ...]) -> bool:
    if one.stance is Stance.NEITHER:
        return False
    likeness = [(one.alike(other), other) for other in known]
    most = max((score for score, _ in likeness), default=0)
    if most == 0:
        return False
    nearest = {other.stance for score, other in likeness if score == most}
    opposite = Stance.FORBIDS if one.stance is Stance.ALLOWS else Stance.ALLOWS
    return nearest == {opposite}


def negated(text: str, at: int) -> bool:
    """Whether a no stands before this place of a clause."""
    plain = _words()["neutral"].sub(lambda m: "　" * len(m[0]), text)
    return _words()["denies"].search(plain[max(0, at - _BEFORE) : at]) is not None


def deferred(clause: str) -> bool:
    """由医生定, 先问村医: the decision is left to a doctor."""
    return _words()["deferred"].search(clause) is not None
