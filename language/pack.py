"""A dialect pack: words of one region and the standard words they are read as. Data with its checks.

A county writes its own words in the same form; whatever is wrong in a file is named with its line.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from language.normalise import normalise

FOLDER = Path(__file__).parent / "packs"
KINDS = (
    "body", "trouble", "negation", "question", "verb", "person", "time",
    "eating", "drug", "measure", "degree", "particle",
)  # fmt: skip
_TEXTS = ("means", "kind", "example", "standard")
_LISTS = ("word", "unless")
_FLAGS = ("by_name", "at_end")
_NEEDED = ("word", "means", "kind", "example")
_HEADER = re.compile(r"^[ \t]*\[\[\s*word\s*\]\]", re.MULTILINE)


class PackError(ValueError):
    """A file of words that cannot be used: every problem as a sentence with its line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Entry:
    """Words that mean one standard word.

    `unless`: longer words that only look like it. `by_name`: elsewhere the word means something
    else, so it counts only where a county has named the pack. `at_end`: only as the last word of a clause.
    """

    words: tuple[str, ...]
    means: str
    kind: str
    example: str
    standard: str
    unless: tuple[str, ...] = ()
    by_name: bool = False
    at_end: bool = False


@dataclass(frozen=True, slots=True)
class Pack:
    """The words of one region, or those a county has added."""

    id: str
    name: str
    area: str
    entries: tuple[Entry, ...]


def parse(text: str, source: str) -> Pack:
    """Read a pack; `source` names the file in what a PackError says."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackError([f"{source}: {error}. Is a quotation mark or a bracket missing?"]) from None
    lines = [text.count("\n", 0, found.start()) + 1 for found in _HEADER.finditer(text)]
    problems = _odd_tables(data, source)
    listed = data.get("word", [])
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    for number, raw in enumerate(listed if isinstance(listed, list) else []):
        line = lines[number] if number < len(lines) else 1
        wrong = _wrong(raw) or _twice(raw, seen, line)
        problems += [f"{source}, line {line}: {one}" for one in wrong]
        if not wrong:
            entries.append(_entry(raw))
    if not entries and not problems:
        problems = [f"{source}: no word found. Each word begins with a line [[word]]."]
    if problems:
        raise PackError(problems)
    meta = data.get("meta", {})
    return Pack(
        meta.get("id", "own"), meta.get("name", source), meta.get("area", ""), tuple(entries)
    )


def load(path: Path) -> Pack:
    """Read a pack from a file."""
    try:
        return parse(path.read_text("utf-8"), path.name)
    except OSError as error:
        raise PackError([f"{path} cannot be read: {error.strerror}."]) from None
    except UnicodeDecodeError:
        raise PackError([f"{path.name} is not UTF-8. Save it as UTF-8 text."]) from None


@functools.cache
def packs() -> Mapping[str, Pack]:
    """The packs that come with Suifang, by id."""
    found = [load(path) for path in sorted(FOLDER.glob("*.toml"))]
    return {pack.id: pack for pack in found}


def _odd_tables(data: Mapping[str, Any], source: str) -> list[str]:
    odd = sorted(data.keys() - {"meta", "word"})
    problems = [f"{source}: [{name}] is not known. Words stand under [[word]]." for name in odd]
    if not isinstance(data.get("word", []), list):
        problems.append(f"{source}: write [[word]] with two brackets.")
    return problems


def _wrong(raw: Any) -> list[str]:
    """What is wrong with one [[word]], each with what to do."""
    if not isinstance(raw, dict):
        return ["write [[word]] on a line of its own, and the fields below it."]
    known = {*_TEXTS, *_LISTS, *_FLAGS}
    problems = [f"the field {key!r} is not known." for key in raw if key not in known]
    problems += [f"{key} is missing: add {key} = …" for key in _NEEDED if key not in raw]
    problems += [
        f"{key} must be a text in quotation marks."
        for key in _TEXTS
        if key in raw and not (isinstance(raw[key], str) and raw[key].strip())
    ]
    problems += [
        f'{key} must be a list of texts: {key} = ["…", "…"].'
        for key in _LISTS
        if key in raw and not _texts(raw[key])
    ]
    problems += [
        f"{key} must be true or false."
        for key in _FLAGS
        if key in raw and not isinstance(raw[key], bool)
    ]
    return problems or _unusable(raw)


def _texts(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(v, str) and v.strip() for v in value)
    )


def _unusable(raw: Mapping[str, Any]) -> list[str]:
    """What is well written and still cannot work."""
    problems = []
    if raw["kind"] not in KINDS:
        problems.append(f"kind {raw['kind']!r} is not known. One of: {', '.join(KINDS)}.")
    if not any(word in raw["example"] for word in raw["word"]):
        problems.append(f"the example {raw['example']!r} holds none of the words.")
    problems += [
        f"{word!r} in unless does not hold any of the words."
        for word in raw.get("unless", ())
        if not any(_inside(one, word) for one in raw["word"])
    ]
    problems += [
        f"{word!r} is what it means already: leave it out."
        for word in raw["word"]
        if normalise(word).text == normalise(raw["means"]).text
    ]
    return problems


def _inside(word: str, longer: str) -> bool:
    short, long = normalise(word).text, normalise(longer).text
    return short in long and short != long


def _twice(raw: Mapping[str, Any], seen: dict[str, int], line: int) -> list[str]:
    problems = []
    for word in raw["word"]:
        first = seen.setdefault(normalise(word).text, line)
        if first != line:
            problems.append(f"{word!r} stands in line {first} already: keep one of the two.")
    return problems


def _entry(raw: Mapping[str, Any]) -> Entry:
    words = tuple(raw["word"])
    means, example = raw["means"], raw["example"]
    said = max((word for word in words if word in example), key=len)
    return Entry(
        words,
        means,
        raw["kind"],
        example,
        raw.get("standard") or example.replace(said, means),
        tuple(raw.get("unless", ())),
        raw.get("by_name", False),
        raw.get("at_end", False),
    )
