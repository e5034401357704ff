"""Which signs a reworded answer may be written with, and how it is cut into clauses."""

from __future__ import annotations

import re
from functools import lru_cache

from language.normalise import normalise

# Plain Chinese, digits, the punctuation of a letter. Everything else is a disguise or a decoration.
_ALLOWED = re.compile(r"[\u4e00-\u9fff0-9A-Za-z，。！？、；：（）“”‘’…～％%/.,!?:;()~\n +℃－—-]*")
_LATIN = re.compile(r"[A-Za-z]+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
# A space, a stroke or a dot between two Chinese signs hides a word from a reader of patterns.
_SPLIT = re.compile(r"(?<=[\u4e00-\u9fff0-9])[ /.~～…—－+、（）()“”‘’-]+(?=[\u4e00-\u9fff0-9])")
_SPACE = re.compile(r"(?<=[^\x00-\x7f]) +| +(?=[^\x00-\x7f])")
_CLAUSE = re.compile(r"[，。！？；：\n,!?;:]+")
_SENTENCE = re.compile(r"[。！？；\n!?;]+")
# 盐盐盐盐: a sign or a phrase over and over.
_AGAIN = re.compile(r"(.{1,6}?)\1{3,}")
# Of the signs of a text so many are Chinese, or it is not a Chinese text.
_MOSTLY = 0.5


def problem(text: str, sources: str) -> str | None:
    """Why the text cannot be written like this: `signs`, `latin`, `language`."""
    if not _ALLOWED.fullmatch(text) or any(_is_traditional(sign) for sign in text):
        return "signs"
    known = {word.lower() for word in _LATIN.findall(sources)}
    if any(word.lower() not in known for word in _LATIN.findall(text)):
        return "latin"
    if _AGAIN.search(text):
        return "signs"
    if len(_CHINESE.findall(text)) < _MOSTLY * len(text):
        return "language"
    return None


@lru_cache(maxsize=8192)
def _is_traditional(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff" and normalise(sign).text != sign


def closed(text: str) -> str:
    """The text without the spaces that stand beside Chinese signs."""
    return _SPACE.sub("", text)


def squeezed(text: str) -> str:
    """停、药 and 停 药 as 停药: what is hidden between strokes shows."""
    return _SPLIT.sub("", closed(text))


def clauses(text: str) -> tuple[str, ...]:
    return tuple(piece for piece in _CLAUSE.split(closed(text)) if piece)


def sentences(text: str) -> tuple[str, ...]:
    return tuple(piece for piece in _SENTENCE.split(closed(text)) if piece)


_NO = frozenset("不别没莫勿甭未无")
_CLOSE = 2


def quoted(piece: str, known: str, *, denied: bool = False) -> bool:
    """Whether the piece stands in the known text, denied or not as it is here.

    信偏方 does not stand in 不信偏方.
    """
    at = known.find(piece)
    while at >= 0:
        if behind_no(known, at) == denied:
            return True
        at = known.find(piece, at + 1)
    return False


def behind_no(text: str, at: int) -> bool:
    """Whether a no stands right before this place."""
    return bool(_NO & frozenset(text[max(0, at - _CLOSE) : at]))
