"""A clause about medicines must be nearly the passage's own: there is little room for other words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from agent.guarding import forbidden, polarity
from agent.guarding.signs import clauses, quoted, squeezed

_MEDICINE = re.compile(
    "药(?!店|房)|打针|针(?!对|灸|扎|头|线)|胰岛素|[片粒颗丸](?!黑)|胶囊|双胍|地平|普利|沙坦|洛尔|列汀|列净|格列|他汀|波糖|降压的|降糖的"
)
_DENIED_CHANGE = re.compile(
    "(?:别|不要|不能|莫|勿|不可)[^，。；]{0,6}(?:停|减(?!肥)|加|换|断|改)|(?:别|不要|不能|莫|勿).{0,4}双份"
)
_ABOUT_IT = re.compile("药|针|胰岛素|片")
_CHANGE = re.compile("停|减|加|换|断|改|双份")
_CALL = re.compile("(?<![0-9/])120(?![0-9/])")
_AT_ONCE = re.compile(
    "马上|立刻|立即|赶紧|赶快|立马|快打|直接打|现在就|当场|赶忙|别等|快去|快叫|火速|先打"
)
# So many of a clause's meaningful pairs of signs stand in the passages.
_NEARLY = 0.5


def strayed(text: str, passages: Iterable[str]) -> bool:
    """Whether a clause about medicines says something that its passages do not."""
    whole = squeezed("\n".join(passages))
    known = _pairs(whole)
    for clause in map(squeezed, clauses(text)):
        if not _MEDICINE.search(clause) or (_MEDICINE.search(whole) and forbidden.safe(clause)):
            continue
        if quoted(clause, whole):
            continue
        pairs = polarity.said(clause).pairs or _pairs(clause)
        if len(pairs & known) < _NEARLY * len(pairs):
            return True
    return False


def _pairs(text: str) -> frozenset[str]:
    return frozenset(map("".join, itertools.pairwise(text)))


def warning_lost(text: str, passages: Iterable[str], kept: str) -> bool:
    """Whether a warning of the passages is gone: not to change a medicine, to ring 120 at once."""
    whole = "\n".join(passages)
    warned = _DENIED_CHANGE.search(whole) and _ABOUT_IT.search(whole)
    if warned and not any(
        polarity.negated(clause, found.start()) or polarity.deferred(clause)
        for clause in clauses(text)
        for found in _CHANGE.finditer(clause)
    ):
        return True
    if _CALL.search(whole):
        return not _CALL.search(text + kept) or bool(
            _AT_ONCE.search(whole) and not _AT_ONCE.search(text + kept)
        )
    return False
