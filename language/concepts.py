"""data/concepts.toml as it is looked up: products written out, remarks of single entries left aside.

The file is written for people: 拿不{住|稳}{筷子|碗} is four expressions, and an entry that has a source
of its own is a table, { says = "…", source = "GPHS3", confidence = "high", review = "pending" }.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Any

from language.lexicon import table

_BRACES = re.compile(r"\{([^{}]*)\}")
_LISTS = ("phrases", "diseases", "parts", "troubles", "side", "qualifiers", "noise", "topical")
_KEYS = {"says", "source", "confidence", "review"}


@functools.cache
def concepts() -> Mapping[str, Any]:
    """The whole table, every list of expressions written out."""
    data = table("concepts")
    return {name: written_out(data[name]) if name in _LISTS else data[name] for name in data}


def written_out(section: Mapping[str, Iterable[Any]]) -> dict[str, list[str]]:
    """Every list of a section with its products, each expression once."""
    return {
        name: list(dict.fromkeys(word for entry in entries for word in expand(says(entry))))
        for name, entries in section.items()
    }


def says(entry: str | Mapping[str, str]) -> str:
    """The expression of an entry.

    Raises:
        ValueError: a table with keys that nobody reads, or without its expression.
    """
    if isinstance(entry, str):
        return entry
    if "says" not in entry or not entry.keys() <= _KEYS:
        message = f"concepts.toml: {dict(entry)}: an entry has says, source, confidence, review"
        raise ValueError(message)
    return entry["says"]


def expand(pattern: str) -> list[str]:
    """拿不{住|稳} is 拿不住 and 拿不稳."""
    pieces = _BRACES.split(pattern)
    choices = [p.split("|") if at % 2 else [p] for at, p in enumerate(pieces)]
    return ["".join(chosen) for chosen in itertools.product(*choices)]
