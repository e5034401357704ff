"""Finding words of illness in a text: phrases, parts and troubles of the body, qualifiers.

Only what is said is found here; whether it counts is `language.context`'s.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from language.concepts import concepts
from language.normalise import normalise

_CLAUSE_END = re.compile(r"[,，。!！?？;；\n]")
_WILD = 6
_MOST = 200
_T = TypeVar("_T")
_NAMES = frozenset({"phrase", "disease"})


class Entry(NamedTuple):
    """`text` is the first fragment; `rest` the fragments behind `*`."""

    text: str
    kind: str
    name: str
    rest: tuple[str, ...] = ()


class Mark(NamedTuple):
    """One expression found: its kind (phrase, disease, part, trouble, side, qualifier) and name."""

    kind: str
    name: str
    start: int
    end: int
    core: int
    wild: bool = False

    def text_in(self, text: str) -> str:
        return text[self.start : self.end]


@dataclass(slots=True)
class Marks:
    """All expressions of one text, by kind, each list in order of place."""

    found: dict[str, list[Mark]] = field(default_factory=dict)

    def of(self, kind: str) -> list[Mark]:
        return self.found.get(kind, [])

    def add(self, mark: Mark) -> None:
        self.found.setdefault(mark.kind, []).append(mark)


class _Index:
    """Entries by their first two characters, longest first; single characters apart."""

    def __init__(self) -> None:
        self.long: dict[str, list[Entry]] = {}
        self.short: dict[str, list[Entry]] = {}

    def add(self, entry: Entry) -> None:
        place = self.long if len(entry.text) > 1 else self.short
        place.setdefault(entry.text[:2], []).append(entry)

    def sort(self) -> None:
        for entries in (*self.long.values(), *self.short.values()):
            entries.sort(key=lambda e: -len(e.text))

    def at(self, text: str, start: int) -> Iterator[Entry]:
        for entry in self.long.get(text[start : start + 2], ()):
            if text.startswith(entry.text, start):
                yield entry
        yield from self.short.get(text[start], ())


_KINDS = {
    "phrases": "phrase", "diseases": "disease", "parts": "part",
    "troubles": "trouble", "side": "side", "qualifiers": "qualifier",
}  # fmt: skip


@functools.cache
def _index() -> _Index:
    data = concepts()
    index = _Index()
    for section, kind in _KINDS.items():
        for name, texts in data[section].items():
            for text in texts:
                first, *rest = normalise(text).text.split("*")
                index.add(Entry(first, kind, name, tuple(part for part in rest if part)))
    for text in data["noise"]["words"]:
        index.add(Entry(normalise(text).text, "noise", ""))
    index.sort()
    return index


def marks_of(text: str) -> Marks:
    """Every expression in `text`. A noise word covers what it contains."""
    marks, index = Marks(), _index()
    ends = [found.start() for found in _CLAUSE_END.finditer(text)]
    position, size, next_end = 0, len(text), 0
    while position < size:
        while next_end < len(ends) and ends[next_end] <= position:
            next_end += 1
        limit = ends[next_end] if next_end < len(ends) else size
        position += _at(index, marks, text, position, limit)
    marks.found = {kind: ends_of(found) for kind, found in marks.found.items()}
    return marks


def ends_of(items: list[_T], most: int = _MOST) -> list[_T]:
    """No message needs more: beyond it the middle is dropped, so that work stays bounded."""
    return items if len(items) <= most else [*items[: most // 2], *items[-most // 2 :]]


def _at(index: _Index, marks: Marks, text: str, start: int, limit: int) -> int:
    """Add the marks that begin at `start`; return how far to move on."""
    noise, longest, seen = 0, 0, set[str]()
    here: list[Mark] = []
    for entry in index.at(text, start):
        length = len(entry.text)
        if entry.kind == "noise":
            noise = max(noise, length)
            continue
        core, end = start, start + length
        if entry.rest:
            core, end = _rest(text, end, limit, entry.rest)
        key = entry.kind + ("*" + entry.name if entry.rest or entry.kind == "qualifier" else "")
        if end < 0 or key in seen:
            continue
        seen.add(key)
        longest = max(longest, end - start)
        here.append(Mark(entry.kind, entry.name, start, end, core, bool(entry.rest)))
    if noise >= longest and noise and not _runs_over(index, text, start, noise):
        marks.add(Mark("noise", "", start, start + noise, start))
        return noise
    for mark in here:
        marks.add(mark)
    return 1


def _runs_over(index: _Index, text: str, start: int, noise: int) -> bool:
    """回头|头晕: a plain expression that begins inside the noise word and ends behind it wins."""
    return any(
        entry.kind in _NAMES and not entry.rest and inner + len(entry.text) > start + noise
        for inner in range(start + 1, start + noise)
        for entry in index.at(text, inner)
    )


def _rest(text: str, start: int, limit: int, rest: tuple[str, ...]) -> tuple[int, int]:
    """Where the last fragment begins and ends when all follow within reach, else (-1, -1)."""
    place = start
    for part in rest:
        place = text.find(part, start, min(limit, start + _WILD + len(part)))
        if place < 0:
            return -1, -1
        start = place + len(part)
    return place, start
