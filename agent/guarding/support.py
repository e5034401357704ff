"""How far a reworded answer rests on its passages: signs that neither they nor everyday talk hold."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from agent.guarding.signs import clauses

_DATA = Path(__file__).parent / "everyday.txt"
# So many of a clause's signs, and of the whole text's, may be in neither.
_OF_CLAUSE = 2
_SHARE = 0.06
# Signs that everyday talk has and a sentence about medicine turns on: they must be in a passage.
_WEIGHTY = frozenset("停减断撤药片粒颗针病死癌毒治克升元钱王张马金")


@cache
def _everyday() -> frozenset[str]:
    return frozenset(_DATA.read_text(encoding="utf-8")) - _WEIGHTY


def unsupported(text: str, passages: Iterable[str]) -> bool:
    """Whether a clause, or the whole, says what no passage and no everyday talk has signs for."""
    known = _everyday() | frozenset("".join(passages))
    if frozenset(text) & _WEIGHTY - known:
        return True
    strange = [
        sum(1 for sign in clause if "\u4e00" <= sign <= "\u9fff" and sign not in known)
        for clause in clauses(text)
    ]
    return max(strange, default=0) > _OF_CLAUSE or sum(strange) > max(1, _SHARE * len(text))
