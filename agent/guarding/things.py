"""What is said of each thing a clause names: what the passages only ever deny, nobody affirms.

The words around a thing may be new; whether it is advised, warned of or left to a doctor may not.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from agent.guarding import figures, polarity
from agent.guarding.signs import clauses, sentences

_DATA = Path(__file__).parent / "things.toml"
# So far behind a no stands what it denies.
_SCOPE = 5
# The opposite fits so much better, and nearly whole.
_BETTER, _NEARLY = 0.3, 0.66
_SAYS_NO, _SENDS = "no", "sends"


@cache
def _words() -> dict[str, re.Pattern[str]]:
    raw = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return {name: re.compile("|".join(words)) for name, words in raw.items() if name != "opposites"}


@cache
def _opposites() -> tuple[tuple[str, str], ...]:
    raw = tomllib.loads(_DATA.read_text(encoding="utf-8"))["opposites"]
    return tuple((one, other) for pair in raw for one, other in (pair, pair[::-1]))


@dataclass(frozen=True, slots=True)
class _Place:
    """A clause, and how its sentence goes on."""

    clause: str
    rest: str

    @property
    def kinds(self) -> frozenset[str]:
        """How a passage warns here: it says no, or it sends to somebody."""
        if _affirms(self.clause):
            return _kinds(self.clause)
        return _kinds(self.clause) | _kinds(self.rest)

    @property
    def own_kinds(self) -> frozenset[str]:
        """How a reworded clause warns: what already affirms is not taken back behind it."""
        behind = _kinds(self.rest)
        if _affirms(self.clause):
            behind &= {_SENDS}
        return _kinds(self.clause) | behind


def misused(text: str, passages: Iterable[str], advice: str) -> bool:
    """Whether a thing is affirmed, denied, or turned into its opposite against the passages."""
    known = tuple(place for passage in (*passages, advice) for place in _parts(passage))
    whole = [clause for passage in (*passages, advice) for clause in clauses(passage)]
    return any(
        (place.clause not in whole and _affirmed(place, known))
        or _denied(place.clause, whole)
        or _opposite(place.clause, whole)
        for place in _places(text)
    )


def _places(text: str) -> Iterator[_Place]:
    for sentence in sentences(text):
        pieces = clauses(sentence)
        for at, clause in enumerate(pieces):
            yield _Place(clause, "，".join(pieces[at + 1 :]))


def _parts(text: str) -> Iterator[_Place]:
    """用保温袋带、不托运 are two; a list that is affirmed at its end is affirmed in each part."""
    for place in _places(text):
        pieces = place.clause.split("、")
        behind = "" if _affirms(place.clause) else place.rest
        for at, piece in enumerate(pieces):
            yield _Place(piece, "，".join((*pieces[at + 1 :], behind)))


def _affirms(clause: str) -> bool:
    """Whether it says a yes, and does not only tell of whom or when it speaks."""
    if _words()["of_whom"].search(clause):
        return False
    return _words()["affirms"].search(polarity.blanked(clause)) is not None


def call_lost(text: str, passages: Iterable[str]) -> bool:
    """Whether a sign that means 120 in the passages is told without it."""
    known = tuple(sentence for passage in passages for sentence in sentences(passage))
    urgent = tuple(one for one in known if _words()["call"].search(one))
    calm = "".join(one for one in known if one not in urgent)
    meant = frozenset(pair for one in urgent for pair in _pairs(one) if pair not in calm)
    return any(
        _enough(_pairs(sentence) & meant, sentence)
        for sentence in sentences(text)
        if not _words()["call"].search(sentence)
    )


def _enough(shared: frozenset[str], sentence: str) -> bool:
    """More than a word that happens to stand there."""
    return len(shared) > max(1, len(_pairs(sentence)) // 4)


def _affirmed(place: _Place, known: tuple[_Place, ...]) -> bool:
    """怀孕的人能用, where the passages name 怀孕 only to say no or to send to a doctor."""
    if _words()["headline"].search(place.clause):
        return False
    mine = place.own_kinds
    for thing in _things(place.clause):
        there = [one.kinds for one in known if _holds(one.clause, thing)]
        if there and all(there) and not mine & frozenset().union(*there):
            return True
    return False


def _things(clause: str) -> Iterator[object]:
    signs = polarity.said(clause).signs
    yield from _pairs(clause) | {pair for pair in _core(clause) if signs & frozenset(pair)}
    yield from _words()["groups"].findall(clause)
    yield from (one.amount for one in figures.figures([clause]))


def _denied(clause: str, known: list[str]) -> bool:
    """不会反弹, where the passages say that it does."""
    plain = polarity.blanked(clause)
    found = list(polarity.noes(plain))
    if len(found) != 1 or _words()["concession"].search(clause):
        return False
    scope = range(found[0].end(), found[0].end() + _SCOPE)
    for pair, (begin, end) in polarity.said(clause).core:
        if begin in scope and end in scope:
            places = [one for one in known if pair in one]
            if places and not any(_has_no(one) for one in places):
                return True
    return False


def _has_no(clause: str) -> bool:
    return any(polarity.noes(clause)) or _words()["denies"].search(clause) is not None


def _opposite(clause: str, known: list[str]) -> bool:
    """降血压, where a clause of the passages would say the same with 升."""
    before = _covered(clause, known)
    return any(
        _covered(clause.replace(one, other), known) >= max(before + _BETTER, _NEARLY)
        for one, other in _opposites()
        if one in clause and other not in clause
    )


def _covered(clause: str, known: list[str]) -> float:
    mine = _core(clause)
    return max((len(mine & _core(one)) / len(mine) for one in known if mine), default=0.0)


@lru_cache(maxsize=2048)
def _core(clause: str) -> frozenset[str]:
    return frozenset(pair for pair, _ in polarity.said(clause).core)


def _holds(clause: str, thing: object) -> bool:
    if isinstance(thing, str):
        return thing in clause
    return any(one.amount == thing for one in figures.figures([clause]))


def _kinds(text: str) -> frozenset[str]:
    found = set()
    plain = polarity.blanked(text)
    noes = [one for one in polarity.noes(plain) if not _words()["told"].match(one[0])]
    # 不能空着不吃 says yes.
    if len(noes) % 2 == 1 or (not noes and _words()["denies"].search(plain)):
        found.add(_SAYS_NO)
    if _words()["sends"].search(text):
        found.add(_SENDS)
    return frozenset(found)


def _pairs(text: str) -> frozenset[str]:
    return polarity.said(text).pairs
