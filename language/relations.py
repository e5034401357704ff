"""Words for relatives and the codes they stand for: 老伴 and 媳妇 are both a spouse."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path

_SOURCE = Path(__file__).parent / "data" / "relations.toml"
_SOMEBODY = "家人"
_OTHERS_TOO = {
    "先生",
    "太太",
    "对象",
    "男人",
    "老头",
    "掌柜的",
    "孩子",
    "婆婆",
    "公公",
    "大哥",
    "大姐",
    "小弟",
    "小妹",
}
_DOUBLED = {sign: sign * 2 for sign in "爸妈哥姐弟妹爷奶叔伯姑婶"} | {"爹": "爸爸", "娘": "妈妈"}


def code_of(word: str) -> str:
    """The code of a relation as it was said; the word itself when it is not a known one."""
    return _codes().get(word, word)


def is_small(code: str) -> bool:
    """Whether a relation is a small child, who is nobody's patient here."""
    return code in _data()["small"]["words"]


def word_of(code: str) -> str:
    """The word we say for a code, or for a relation as it was said."""
    words = _table().get(code)
    if words is not None:
        return words[0]
    return _SOMEBODY if code.isascii() else code


def as_said(word: str) -> str:
    """The word for a relative as the sender said it, in the form we say it: 妈 is 妈妈, 姐 is 姐姐."""
    return _DOUBLED.get(word, word) if word else _SOMEBODY


def relation_in(text: str) -> str:
    """The code of the first relative a text names; empty when it names none."""
    found = _named().search(text)
    return _codes()[found["alone"] or found["ours"]] if found else ""


@lru_cache(maxsize=1)
def _named() -> re.Pattern[str]:
    """先生 is a doctor too, 妈 may be 大妈: such words count only behind 我, 俺, 家."""
    words = sorted(_codes(), key=len, reverse=True)
    doubtful = {word for word in words if len(word) == 1 or word in _OTHERS_TOO}
    alone = "|".join(re.escape(word) for word in words if word not in doubtful)
    ours = "|".join(re.escape(word) for word in words if word in doubtful)
    return re.compile(f"(?P<alone>{alone})|(?<=[我俺咱家的他她老])(?P<ours>{ours})")


@lru_cache(maxsize=1)
def _data() -> dict[str, dict[str, list[str]]]:
    with _SOURCE.open("rb") as file:
        return tomllib.load(file)


def _table() -> dict[str, list[str]]:
    return _data()["relations"]


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    return {word: code for code, words in _table().items() for word in words}
