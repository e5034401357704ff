"""Whether a clause still says yes where its passage says yes: 能吃 and 不能吃 differ by one sign.

Careful in one direction only: an honest wording refused costs a kinder sentence, a warning turned
round costs more.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agent.guarding.signs import clauses, sentences

_DATA = Path(__file__).parent / "polarity.toml"
_BEFORE = 9
# So much of one clause's pairs of signs in another: they say the same thing, or its opposite.
_SAME = 0.66
_ENOUGH = 2
# A no stands so close before what it denies.
_REACH = 4
# A clause that only names and eats is so short.
_SHORT = 9
_STROKE = "、"


@cache
def _words() -> dict[str, re.Pattern[str]]:
    raw = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return {name: re.compile("|".join(words)) for name, words in raw.items()}


@dataclass(frozen=True, slots=True)
class Said:
    """One clause, and the signs and pairs of signs that carry its meaning.

    `core`: its pairs without yes and no, each with its place. `refuted`: it calls itself untrue.
    """

    text: str
    signs: frozenset[str]
    pairs: frozenset[str]
    core: tuple[tuple[str, tuple[int, int]], ...]
    refuted: bool

    def alike(self, other: Said) -> int:
        return 2 * len(self.pairs & other.pairs) + len(self.signs & other.signs)

    def denials(self, shared: frozenset[str]) -> tuple[int, int]:
        """How often a no stands at the part that is shared, and in the whole clause."""
        places = [place for pair, place in dict(reversed(self.core)).items() if pair in shared]
        plain = blanked(self.text)
        first, last = min(place[0] for place in places), max(place[1] for place in places)
        begin = max(plain.rfind(_STROKE, 0, first) + 1, first - _REACH, 0)
        stroke = plain.find(_STROKE, last)
        end = min(last + _REACH, stroke if stroke >= 0 else len(plain))
        near, whole = plain[begin:end], plain
        return (
            len(_words()["no"].findall(near)) + self.refuted,
            len(_words()["no"].findall(whole)) + self.refuted,
        )


def said(clause: str) -> Said:
    plain = _words()["empty"].sub(_blank, blanked(clause))
    return Said(
        clause,
        frozenset(filter(_is_chinese, plain)),
        frozenset(
            first + second
            for first, second in itertools.pairwise(plain)
            if _is_chinese(first) and _is_chinese(second)
        ),
        _core(clause),
        _words()["refutes"].search(clause) is not None,
    )


def stated(text: str) -> tuple[Said, ...]:
    """The clauses of a text."""
    return tuple(said(clause) for clause in clauses(text))


def turned_round(text: str, passages: Iterable[str]) -> bool:
    """Whether a clause says yes where the passages say no to the same thing, or the reverse."""
    known = tuple(
        said(piece)
        for passage in passages
        for clause in clauses(passage)
        for piece in {clause, *clause.split(_STROKE)}
    )
    return any(_denied(one, known) or _allowed(one, known) for one in stated(text))


def _denied(one: Said, known: tuple[Said, ...]) -> bool:
    """Nearly the same words, and one no more or less."""
    verdicts: dict[float, set[bool]] = {}
    mine = frozenset(pair for pair, _ in one.core)
    for other in known:
        theirs = frozenset(pair for pair, _ in other.core)
        shared = mine & theirs
        if len(shared) < _ENOUGH:
            continue
        likeness = len(shared) / min(len(mine), len(theirs))
        if likeness >= _SAME:
            sums = zip(one.denials(shared), other.denials(shared), strict=True)
            odd = all(sum(pair) % 2 == 1 for pair in sums)
            verdicts.setdefault(round(likeness * len(shared)), set()).add(odd)
    return bool(verdicts) and verdicts[max(verdicts)] == {True}


def _allowed(one: Said, known: tuple[Said, ...]) -> bool:
    """咸菜可以吃, where the nearest clauses of the passages forbid it in whatever words."""
    words = _words()
    plain = blanked(one.text)
    if words["no"].search(plain) or words["concession"].search(plain):
        return False
    if not words["allows"].search(plain) and not (
        len(one.text) <= _SHORT and words["eats"].search(plain)
    ):
        return False
    near = [other for other in known if one.pairs & other.pairs]
    most = max((one.alike(other) for other in near), default=0)
    nearest = [other for other in near if one.alike(other) == most]
    return bool(nearest) and all(
        other.refuted or words["forbids"].search(blanked(other.text)) for other in nearest
    )


def shuffled(text: str, passages: Iterable[str]) -> bool:
    """离下次还早，就跳过: whether a condition is followed by the consequence of another."""
    known = tuple(clause for passage in passages for clause in stated(passage))
    for sentence in sentences(text):
        told = [said(clause) for clause in clauses(sentence)]
        for condition, consequence in itertools.pairwise(told):
            if not _words()["then"].match(consequence.text):
                continue
            before, after = _place(condition, known), _place(consequence, known)
            if before is not None and after is not None and after - before not in (0, 1):
                return True
    return any(_crossed(clause, known) for clause in clauses(text))


def _crossed(clause: str, known: tuple[Said, ...]) -> bool:
    """快到下次了就补上: the same within one clause."""
    condition, then, consequence = clause.partition("就")
    if not then:
        return False
    before, after = _place(said(condition), known), _place(said(then + consequence), known)
    return before is not None and after is not None and after - before not in (0, 1)


def _place(one: Said, known: tuple[Said, ...]) -> int | None:
    """Which clause of the passages this is, if it is plainly one."""
    mine = frozenset(pair for pair, _ in one.core)
    likeness = [len(mine & {pair for pair, _ in other.core}) for other in known]
    most = max(likeness, default=0)
    if most == 0 or most < _SAME * len(mine) or likeness.count(most) > 1:
        return None
    return likeness.index(most)


def negated(text: str, at: int) -> bool:
    """Whether a no stands before this place of a clause."""
    return _words()["denies"].search(blanked(text)[max(0, at - _BEFORE) : at]) is not None


def deferred(clause: str) -> bool:
    """由医生定, 先问村医: the decision is left to a doctor."""
    return _words()["deferred"].search(clause) is not None


def _core(clause: str) -> tuple[tuple[str, tuple[int, int]], ...]:
    words = _words()
    plain = blanked(clause)
    hidden = words["no"].sub(_blank, words["modal"].sub(_blank, plain))
    kept = [
        (sign, place)
        for place, sign in enumerate(clause)
        if _is_chinese(sign) and (hidden[place] == sign or plain[place] != sign)
    ]
    return tuple((one[0] + two[0], (one[1], two[1])) for one, two in itertools.pairwise(kept))


def noes(plain: str) -> Iterator[re.Match[str]]:
    """Every no of a clause whose harmless phrases are blanked."""
    return _words()["no"].finditer(plain)


def blanked(clause: str) -> str:
    """The clause without the phrases that only look like a no; every place stays where it was."""
    return _words()["neutral"].sub(_blank, clause)


def _blank(found: re.Match[str]) -> str:
    return "　" * len(found[0])


def _is_chinese(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff"
