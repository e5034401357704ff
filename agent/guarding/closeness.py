"""Whether every clause is nearly a clause of its passage, and stands beside the same neighbours.

What the other checks look for may stand anywhere in a passage, so a passage cut up and put together
again can pass them. Here the pieces of a text (what stands between two signs) are laid along the
pieces of the passage: a piece may be said a little otherwise, a list may lose a part, sentences may
change places; a condition keeps its consequence, and a no its place.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from agent.guarding import polarity, support
from agent.guarding.signs import closed

_DATA = Path(__file__).parent / "closeness.toml"
_PIECE = re.compile(r"([，。！？、；：\n（）,!?;:()]+)")
_ASIDE = re.compile("（[^（）]*）")
_ENDS = frozenset("。！？；\n!?;")
_LIST, _OF = "、", "："
# So many pieces of a text are compared with so many of a passage at once.
_TOLD, _KNOWN = 5, 5
# So much of a passage's piece may be left out.
_LEFT_OUT = 0.5
# So many signs of a piece may be new that are not free, one in so many, and so much then left out.
_OTHERWISE, _SOME, _KEPT = 2, 5, 0.25


@dataclass(frozen=True, slots=True)
class _Piece:
    """What stands between two signs: the sign before it, the number of its sentence."""

    text: str
    before: str
    sentence: int

    @property
    def first(self) -> bool:
        return not self.before or bool(_ENDS & frozenset(self.before))

    @property
    def listed(self) -> bool:
        return self.before == _LIST


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(_DATA.read_text(encoding="utf-8"))


@cache
def _words(name: str) -> re.Pattern[str]:
    return re.compile("|".join(_data()[name]))


@cache
def _signs(name: str) -> frozenset[str]:
    words: str = _data()[name]
    return frozenset(words) | (_signs("kept") if name == "weighty" else frozenset())


@cache
def _folds() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), folded) for pattern, folded in _data()["folds"])


@lru_cache(maxsize=8192)
def folded(text: str) -> str:
    """The text in one spelling, without what carries nothing."""
    for pattern, other in _folds():
        text = pattern.sub(other, text)
    return "".join(sign for sign in text if sign not in _signs("dropped"))


def distant(text: str, passages: Iterable[str]) -> bool:
    """Whether the text cannot be laid along its passages piece by piece."""
    known = tuple(
        piece
        for passage in passages
        for whole in dict.fromkeys((passage, _ASIDE.sub("", passage)))
        for piece in _pieces(whole)
    )
    told = tuple(piece for piece in _pieces(text) if not support.of_nothing(piece.text))
    return not _laid(told, known)


def _pieces(text: str) -> Iterator[_Piece]:
    parts = _PIECE.split(closed(text))
    sentence, sign = 0, ""
    for at, part in enumerate(parts):
        if at % 2:
            sign += part
        elif folded(part):
            sentence += bool(_ENDS & frozenset(sign))
            yield _Piece(part, sign, sentence)
            sign = ""


def _laid(told: tuple[_Piece, ...], known: tuple[_Piece, ...]) -> bool:
    """Every way to lay the text along the passage, kept as the places where its last piece may lie."""
    reached: list[set[int | None]] = [set() for _ in range(len(told) + 1)]
    reached[0] = {None}
    for at in range(len(told)):
        for end in range(at + 1, min(at + _TOLD, len(told)) + 1):
            if not reached[at] or told[end - 1].sentence != told[at].sentence:
                continue
            places = _places(told[at:end], known)
            reached[end] |= {
                last
                for first, last in places
                if any(_follows(told[at], before, first, known) for before in reached[at])
            }
    return bool(reached[-1])


def _places(told: tuple[_Piece, ...], known: tuple[_Piece, ...]) -> Iterator[tuple[int, int]]:
    """Where in the passage these pieces lie, as the first and the last of its pieces."""
    mine = folded("".join(piece.text for piece in told))
    for first in range(len(known)):
        for last in range(first, min(first + _KNOWN, len(known))):
            if known[last].sentence != known[first].sentence:
                break
            if _near(mine, folded("".join(one.text for one in known[first : last + 1]))):
                yield first, last


@lru_cache(maxsize=65536)
def _near(mine: str, theirs: str) -> bool:
    """Nearly the same signs in the same order; the object may stand in front."""
    if not _allowed(Counter(mine) - Counter(theirs), Counter(theirs) - Counter(mine), len(theirs)):
        return False
    return any(
        _allowed(*_differences(mine[cut:] + mine[:cut], theirs), len(theirs))
        for cut in range(max(len(mine), 1))
    )


def _allowed(new: Counter[str], lost: Counter[str], length: int) -> bool:
    if any(new[one] and lost[two] for one, two in _data()["rivals"]):
        return False
    other = Counter({sign: new[sign] for sign in new if sign not in _signs("free")})
    for sign in _signs("movable"):
        other[sign] -= min(other[sign], lost[sign])
    other = +other
    if other.total() > min(_OTHERWISE, length // _SOME):
        return False
    if other and lost.total() > _KEPT * length:
        return False
    if any(sign in _signs("weighty") for sign in other):
        return False
    return not any(sign in _signs("kept") for sign in lost) and lost.total() <= _LEFT_OUT * length


def _differences(mine: str, theirs: str) -> tuple[Counter[str], Counter[str]]:
    """The signs beside the longest common run of signs: new here, lost there."""
    rows: list[list[int]] = [[0] * (len(theirs) + 1)]
    for sign in mine:
        above, row = rows[-1], [0]
        for place, other in enumerate(theirs):
            row.append(above[place] + 1 if sign == other else max(above[place + 1], row[-1]))
        rows.append(row)
    one, two = len(mine), len(theirs)
    new: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    while one or two:
        if one and two and mine[one - 1] == theirs[two - 1]:
            one, two = one - 1, two - 1
        elif one and (not two or rows[one - 1][two] >= rows[one][two - 1]):
            one -= 1
            new[mine[one]] += 1
        else:
            two -= 1
            lost[theirs[two]] += 1
    return new, lost


def _follows(piece: _Piece, before: int | None, first: int, known: tuple[_Piece, ...]) -> bool:
    """Whether a piece of the text may go on at this place of the passage."""
    if before is not None and not piece.first:
        if first == before + 1:
            return True
        if _beside(before, first, known):
            return True
        if _conditional(before, known):
            return False
    return _begins(first, known)


def _beside(before: int, first: int, known: tuple[_Piece, ...]) -> bool:
    """Both in one list, or the second behind the list that the first is part of."""
    low, high = sorted((before, first))
    if known[low].sentence != known[high].sentence:
        return False
    if first < before:
        return all(one.listed for one in known[low + 1 : high + 1])
    return all(one.listed for one in known[low + 1 : high])


def _conditional(at: int, known: tuple[_Piece, ...]) -> bool:
    """Whether what stands here only says of whom or when."""
    if _words("condition").search(known[at].text):
        return True
    if at + 1 < len(known) and known[at + 1].before in {_LIST, _OF}:
        return True
    head = at
    while known[head].listed:
        head -= 1
    return head < at and "是" not in known[head].text


def _is_case(piece: _Piece) -> bool:
    """降糖药多了：and what is to be done then."""
    return _words("case").search(piece.text) is not None


def _begins(at: int, known: tuple[_Piece, ...]) -> bool:
    """Whether a sentence may begin at this place of the passage."""
    piece = known[at]
    if piece.first:
        return True
    if piece.listed:
        head = at
        while known[head].listed:
            head -= 1
        whole = "".join(one.text for one in known[head:at])
        return not _words("denies").search(polarity.blanked(whole)) and _begins(head, known)
    if _words("leaning").search(piece.text) or (piece.before == _OF and _is_case(known[at - 1])):
        return False
    return _words("condition").search(known[at - 1].text) is None and not known[at - 1].listed
