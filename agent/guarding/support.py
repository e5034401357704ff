"""How far a reworded answer rests on its passages: what neither they nor everyday talk hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from agent.guarding import polarity
from agent.guarding.signs import clauses, quoted, squeezed

_DATA = Path(__file__).parent / "everyday.txt"
# So many of a clause's signs, and of the whole text's, may be in neither.
_OF_CLAUSE = 2
_SHARE = 0.06
# So much of what a clause means must be in the passages.
_ANCHORED = 0.6
_LOOSELY = 0.75
_TWO = 2
# Signs that everyday talk has and a sentence about medicine turns on: they must be in a passage.
_WEIGHTY = frozenset("停减断撤药片粒颗针病死癌毒治克升元钱王张马金")
# Said to a person, of nothing.
_SMALL_TALK = re.compile(
    "(?:大娘|大爷|大妈|大叔|老人家|乡亲|您老|您|记住了?|记好了?|记牢了?|听我说|跟您说|给您说|简单说|一句话|总之"
    "|您看|这么说吧|慢慢来|别忘了|好不好|行不行|首先|第一|第二|另外|还有|头一回|头一次|实在(?:要|想)(?:吃|喝)|平时|最后|接着|然后|比如说?|也就是说|就是说|好|啊|呀|呢|哈|嘞|噻|哦|吧|嘛)+"
)
# 您这次量的152: the number has been looked at by then.
_OWN_VALUE = re.compile(
    "您?(?:这次|刚才|刚刚|今天)?(?:量|测|报|说)(?:的|了|到|出来|是|为)*(?:血压|血糖|高压|低压)?(?:是|为)?[0-9./]+"
)
_LESS = re.compile("少(?:吃|喝|放)")
_BARE = re.compile("[吃喝打服用停减加换断]|了$")


@cache
def _everyday() -> frozenset[str]:
    return frozenset(_DATA.read_text(encoding="utf-8")) - _WEIGHTY


def unsupported(text: str, passages: Iterable[str]) -> bool:
    """Whether a clause, or the whole, says what no passage says."""
    whole = squeezed("\n".join(passages))
    known = _everyday() | frozenset(whole)
    if frozenset(text) & _WEIGHTY - known:
        return True
    pieces = tuple(map(squeezed, clauses(text)))
    strange = [sum(sign not in known for sign in filter(_is_chinese, piece)) for piece in pieces]
    if max(strange, default=0) > _OF_CLAUSE or sum(strange) > max(1, _SHARE * len(text)):
        return True
    return not all(_anchored(piece, whole) for piece in pieces)


def of_nothing(clause: str) -> bool:
    """Whether a clause is small talk, or tells the person's own value back."""
    piece = squeezed(clause)
    return _SMALL_TALK.fullmatch(piece) is not None or _OWN_VALUE.fullmatch(piece) is not None


def _anchored(clause: str, whole: str) -> bool:
    if quoted(clause, whole) or of_nothing(clause):
        return True
    told = polarity.said(clause)
    meant = told.signs
    if not meant:
        return not _BARE.search(clause) or bool(_LESS.match(clause) and "药" not in whole)
    there = len(meant & frozenset(whole))
    if len(told.pairs) >= _TWO and not any(pair in whole for pair in told.pairs):
        return there >= _LOOSELY * len(meant)
    return there >= _ANCHORED * len(meant)


def _is_chinese(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff"
