"""Can a 70-year-old villager read this? Remarks for the curator who writes the text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

WORDS = Path(__file__).parent / "reading_level.toml"
# GB 2312 puts the 3,755 everyday characters into its first rows, up to this byte.
_LAST_EVERYDAY_ROW = 0xD7
_SENTENCE = re.compile(r"[^。！？\n]+")
_CLAUSE = re.compile(r"[^，；：、（）“”,;:()]+")
_LATIN = re.compile(r"[A-Za-z]+(?:-?[A-Za-z0-9]+)*")
_NUMBER = re.compile(
    r"(?<![0-9./A-Za-z])[0-9]+(?:\.[0-9]+)?(?:[/到][0-9]+(?:\.[0-9]+)?)*(?![0-9./])"
)


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that makes a text hard to read: what kind, which words, and what to do instead."""

    kind: str
    words: str
    says: str


@dataclass(frozen=True, slots=True)
class _Jargon:
    word: re.Pattern[str]
    explained: tuple[str, ...]
    advice: str


@dataclass(frozen=True, slots=True)
class _Words:
    limits: Mapping[str, int]
    says: Mapping[str, str]
    jargon: tuple[_Jargon, ...]
    nominal: re.Pattern[str]
    double_negation: re.Pattern[str]
    latin: frozenset[str]
    names: re.Pattern[str]
    symbol: re.Pattern[str]
    unit: re.Pattern[str]
    measured: re.Pattern[str]
    telephones: frozenset[str]

    def remark(self, kind: str, words: str, **values: object) -> Remark:
        return Remark(kind, words, self.says[kind].format(words=words, **values))


def remarks(text: str) -> tuple[Remark, ...]:
    """Return what a villager would stumble over in a text, each thing once, in the order of kinds."""
    words = _words()
    found = (
        *_lengths(text, words),
        *_jargon(text, words),
        *_rare(text, words),
        *_style(text, words),
        *_numbers(text, words),
        *_foreign(text, words),
    )
    return tuple(dict.fromkeys(found))


def _lengths(text: str, words: _Words) -> Iterator[Remark]:
    for sentence in _SENTENCE.findall(text):
        limit = words.limits["sentence"]
        if len(sentence.strip()) > limit:
            count = len(sentence.strip())
            yield words.remark("sentence", sentence.strip(), count=count, limit=limit)
        limit = words.limits["clause"]
        for clause in _CLAUSE.findall(sentence):
            if len(clause.strip()) > limit:
                count = len(clause.strip())
                yield words.remark("clause", clause.strip(), count=count, limit=limit)


def _jargon(text: str, words: _Words) -> Iterator[Remark]:
    for entry in words.jargon:
        said = entry.word.search(text)
        if said and not any(other in text for other in entry.explained):
            yield words.remark("jargon", said.group(), advice=entry.advice)


def _rare(text: str, words: _Words) -> Iterator[Remark]:
    for character in words.names.sub("", text):
        if "\u4e00" <= character <= "\u9fff" and not _everyday(character):
            yield words.remark("rare", character)


def _everyday(character: str) -> bool:
    try:
        return character.encode("gb2312")[0] <= _LAST_EVERYDAY_ROW
    except UnicodeEncodeError:
        return False


def _style(text: str, words: _Words) -> Iterator[Remark]:
    for match in words.nominal.finditer(text):
        yield words.remark("nominal", match.group())
    for match in words.double_negation.finditer(text):
        yield words.remark("double_negation", match.group())


def _numbers(text: str, words: _Words) -> Iterator[Remark]:
    for match in _NUMBER.finditer(text):
        number = match.group()
        if number in words.telephones or "/" in number:
            continue
        before = text[max(0, match.start() - 10) : match.start()]
        if words.unit.match(text, match.end()) or words.measured.search(before):
            continue
        yield words.remark("unit", number)


def _foreign(text: str, words: _Words) -> Iterator[Remark]:
    for match in _LATIN.finditer(words.names.sub("，", text)):
        if match.group() not in words.latin:
            yield words.remark("latin", match.group())
    for match in words.symbol.finditer(text):
        yield words.remark("symbol", match.group())


@lru_cache(maxsize=1)
def _words() -> _Words:
    raw: Mapping[str, Any] = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    jargon = tuple(
        _Jargon(re.compile(entry["word"]), tuple(entry["with"]), entry["advice"])
        for entry in raw["jargon"]
    )
    return _Words(
        limits=raw["limits"],
        says=raw["says"],
        jargon=jargon,
        nominal=_any(raw["style"]["nominal"]),
        double_negation=_any(raw["style"]["double_negation"]),
        latin=frozenset(raw["latin"]["known"]),
        names=re.compile("|".join(sorted(raw["names"]["known"], key=len, reverse=True))),
        symbol=re.compile(raw["symbols"]["any"]),
        unit=_any(raw["units"]["after"]),
        measured=_any(raw["units"]["measured"]),
        telephones=frozenset(raw["units"]["telephones"]),
    )


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))
