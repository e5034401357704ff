"""The words the reading grammar knows, read from data and found by longest match."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from language.normalise import DATA, normalise

_OWNERS = ("", "我", "俺", "我的", "我家", "俺家", "咱", "我家的", "咱家")


class Word(NamedTuple):
    """One entry: its text, what kind of word it is and which one."""

    text: str
    kind: str
    name: str


class Index:
    """Longest match from a position, by first character: linear, and quicker than one big pattern."""

    def __init__(self, words: Iterable[Word]) -> None:
        self._words = {word.text: word for word in words}
        found: dict[str, set[int]] = {}
        for text in self._words:
            found.setdefault(text[0], set()).add(len(text))
        self._lengths = {first: sorted(sizes, reverse=True) for first, sizes in found.items()}

    def at(self, text: str, start: int) -> Word | None:
        for size in self._lengths.get(text[start], ()):
            word = self._words.get(text[start : start + size])
            if word is not None and not (
                word.text[0].isascii() and _inside(text, start, start + len(word.text))
            ):
                return word
        return None


def _inside(text: str, start: int, end: int) -> bool:
    """An ASCII word inside a longer one, or before more digits, is not that word."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if text[end - 1].isdigit() and (after.isdigit() or after == "."):
        return True
    return (before.isascii() and before.isalpha()) or (
        after.isascii() and after.isalpha() and text[end - 1].isalpha()
    )


@dataclass(frozen=True, slots=True)
class Shape:
    """Which numbers can look like one measurement; see data/shapes.toml."""

    possible: tuple[float, float]
    likely: tuple[float, float]

    def allows(self, value: float) -> bool:
        return self.possible[0] <= value <= self.possible[1]

    def fits(self, value: float) -> bool:
        return self.likely[0] <= value <= self.likely[1]


@functools.cache
def table(name: str) -> Mapping[str, Any]:
    """One data file of the package."""
    with (DATA / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


def words_of(name: str, kinds: Iterable[str]) -> Iterable[Word]:
    """Every word of the given top-level tables, spelt as `normalise` spells."""
    for kind in kinds:
        for entry, texts in table(name)[kind].items():
            for text in texts:
                yield Word(normalise(text).text, kind, entry)


@functools.cache
def lexicon() -> Index:
    """All words of data/lexicon.toml. A word in two tables keeps its meaning over `noise`."""
    data = table("lexicon")
    kinds = [kind for kind in data if kind not in {"meta", "subject", "person", "general", "noise"}]
    words: dict[str, Word] = {}
    for word in words_of("lexicon", [*kinds, "noise"]):
        words.setdefault(word.text, word)
    for kind, texts in data["person"].items():
        for text in texts:
            words.setdefault(text, Word(text, kind, kind))
    for relation in data["subject"]["other"]:
        for owner in _OWNERS:
            words.setdefault(owner + relation, Word(owner + relation, "subject", relation))
    for text in data["subject"]["self"]:
        words.setdefault(text, Word(text, "subject", "self"))
    return Index(words.values())


@functools.cache
def units() -> Index:
    clinical = [Word(w.text, "clinical", w.name) for w in words_of("units", ["clinical"])]
    other = [Word(w.text, "other", w.text) for w in words_of("units", ["other"])]
    return Index({word.text: word for word in [*other, *clinical]}.values())


@functools.cache
def shapes() -> Mapping[str, Shape]:
    return {
        name: Shape(tuple(entry["possible"]), tuple(entry["likely"]))
        for name, entry in table("shapes").items()
        if "possible" in entry
    }
