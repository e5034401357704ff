"""Words for relatives and the codes they stand for: 老伴 and 媳妇 are both a spouse."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

_SOURCE = Path(__file__).parent / "data" / "relations.toml"
_SOMEBODY = "家人"


def code_of(word: str) -> str:
    """The code of a relation as it was said; the word itself when it is not a known one."""
    return _codes().get(word, word)


def word_of(code: str) -> str:
    """The word we say for a code, or for a relation as it was said."""
    words = _table().get(code)
    if words is not None:
        return words[0]
    return _SOMEBODY if code.isascii() else code


@lru_cache(maxsize=1)
def _table() -> dict[str, list[str]]:
    with _SOURCE.open("rb") as file:
        table: dict[str, list[str]] = tomllib.load(file)["relations"]
    return table


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    return {word: code for code, words in _table().items() for word in words}
