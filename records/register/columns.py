"""Which column holds what: headers compared with the words of fields.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from records.register.cells import Cell, squeezed
from records.register.workbook import Line

_FILE = Path(__file__).with_name("fields.toml")
_HEADER_WITHIN = 8
_SAME = 100
_ASIDE = re.compile(r"\(.*?\)|\[.*?\]|[*:：#]+|^\d+[.、]")
# A header without one of these is a title or the first row of people.
_NEEDED = frozenset({"name", "identity_number"})
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Field:
    """What a column may hold."""

    key: str
    label: str
    same: frozenset[str]
    part: tuple[str, ...]
    never: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header stands among the lines, its words, and the field of each column."""

    index: int
    words: list[str]
    mapping: dict[int, str]

    @property
    def known(self) -> bool:
        return len(self.mapping) >= _FEWEST and not _NEEDED.isdisjoint(self.mapping.values())


@lru_cache(maxsize=1)
def fields() -> Mapping[str, Field]:
    found = tomllib.loads(_FILE.read_text("utf-8"))
    return {
        key: Field(
            key,
            one["label"],
            frozenset(_bare(word) for word in one["same"]),
            tuple(_bare(word) for word in one.get("part", ())),
            tuple(one.get("never", ())),
        )
        for key, one in found.items()
    }


def guess(words: Sequence[Cell]) -> dict[int, str]:
    """The field of each column that is recognised; one column for each field, the best one."""
    scored = sorted(
        (
            (-score, column, field.key)
            for column, word in enumerate(words)
            for field in fields().values()
            if (score := _score(field, _bare(word)))
        ),
    )
    found: dict[int, str] = {}
    for _, column, key in scored:
        if column not in found and key not in found.values():
            found[column] = key
    return dict(sorted(found.items()))


def header_of(lines: Sequence[Line]) -> Header:
    """The header among the first lines: the one with most columns recognised, or the fullest."""
    candidates = [
        Header(index, words, guess(words))
        for index in range(min(_HEADER_WITHIN, len(lines)))
        if (words := _words(lines, index))
    ]
    known = [one for one in candidates if one.known]
    if known:
        return max(known, key=lambda one: (len(one.mapping), -one.index))
    fullest = max(candidates, key=lambda one: (sum(map(bool, one.words)), -one.index))
    return Header(fullest.index, fullest.words, {})


def _words(lines: Sequence[Line], index: int) -> list[str]:
    """The header's words. A cell merged over two header rows holds its word in the upper one."""
    words = [squeezed(cell) for cell in lines[index].cells]
    if index and lines[index].number - lines[index - 1].number == 1:
        above = [squeezed(cell) for cell in lines[index - 1].cells]
        # A title is one long cell; a second row of headers is several.
        if sum(map(bool, above)) > _FEWEST:
            width = max(len(words), len(above))
            words += [""] * (width - len(words))
            above += [""] * (width - len(above))
            words = [low or high for low, high in zip(words, above, strict=True)]
    return words


def _bare(word: Cell) -> str:
    return _ASIDE.sub("", squeezed(word).lower())


def _score(field: Field, word: str) -> int:
    if not word:
        return 0
    if word in field.same:
        return _SAME + len(word)
    if any(other in word for other in field.never):
        return 0
    return max((len(part) for part in field.part if part in word), default=0)
