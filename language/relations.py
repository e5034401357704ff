"""Words for relatives and the codes they stand for: 老伴 and 媳妇 are both a spouse."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

_SOURCE = Path(__file__).parent / "data" / "relations.toml"
_SOMEBODY = "家人"
_DOUBLED = {sign: sign * 2 for sign in "爸妈哥姐弟妹爷奶叔伯姑婶"} | {"爹": "爸爸", "娘": "妈妈"}


def code_of(word: str) -> str:
    """The code of a relation as it was said; the word itself when it is not a known one."""
    return _codes().get(word, word)


def word_of(code: str) -> str:
    """The word we say for a code, or for a relation as it was said."""
    words = _table().get(code)
    if words is not None:
        return words[0]
    return _SOMEBODY if code.isascii() else code


def as_said(word: str) -> str:
    """The word for a relative as the sender said it, in the form we say it: 妈 is 妈妈, 姐 is 姐姐."""
    return _DOUBLED.get(word, word) if word else _SOMEBODY


@lru_cache(maxsize=1)
def _table() -> dict[str, list[str]]:
    with _SOURCE.open("rb") as file:
        table: dict[str, list[str]] = tomllib.load(file)["relations"]
    return table


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    return {word: code for code, words in _table().items() for word in words}
