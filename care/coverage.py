"""What the rules must cover (sets of red flags, lists, open points), by which rules, and who signed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from care.level import Level
from care.protocol import protocol
from care.protocol_file import FOLDER, Confidence, Entry, Source, read
from care.signature import Signature, signature


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a list: what the source says, the rules that see it, and a sentence that proves it."""

    says: str
    rules: tuple[str, ...]
    heard: str
    level: Level
    remark: str


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the printed rules. A set has `heard`, a list has `items`, a part neither.

    `level` is what the source asks for; None where it asks for different levels.
    """

    id: str
    name: str
    signed: Signature | None
    level: Level | None = None
    source: Source | None = None
    confidence: Confidence | None = None
    rules: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """All sections in the order in which they are printed."""

    version: str
    sets: tuple[Section, ...]
    lists: tuple[Section, ...]
    parts: tuple[Section, ...]

    @property
    def sections(self) -> tuple[Section, ...]:
        return (*self.sets, *self.lists, *self.parts)


@lru_cache(maxsize=1)
def coverage() -> Coverage:
    """The coverage in use, read once per process."""
    return load()


def load(folder: Path = FOLDER) -> Coverage:
    """Reads and checks coverage.toml.

    Raises:
        ProtocolError: a rule or source that does not exist, a wrong review, a section told twice.
    """
    file = read("coverage.toml", folder)
    known = {rule.id for rule in protocol().book.rules}
    sources = protocol().sources
    found = Coverage(
        version=file.entry("meta").text("version"),
        sets=tuple(_set(entry, known, sources) for entry in file.entries("set")),
        lists=tuple(_list(entry, known, sources) for entry in file.entries("list")),
        parts=tuple(_part(entry, known) for entry in file.entries("part")),
    )
    ids = [section.id for section in found.sections]
    if len(ids) != len(set(ids)):
        file.fail("", "a section is there twice")
    covered = {rule for section in found.sections for rule in section.rules}
    covered |= {rule for one in found.lists for item in one.items for rule in item.rules}
    if known - covered:
        file.fail("", f"no section holds {', '.join(sorted(known - covered))}")
    return found


def _set(entry: Entry, known: Collection[str], sources: Mapping[str, Source]) -> Section:
    own = ("id", "name", "level", "source", "confidence", "rules", "heard", "remark", "review")
    entry.only(*own)
    heard = entry.texts("heard")
    if not heard:
        entry.fail("heard", "a set needs sentences")
    return Section(
        id=entry.text("id"),
        name=entry.text("name"),
        signed=signature(entry),
        level=entry.one_of("level", Level),
        source=_source(entry, sources),
        confidence=entry.one_of("confidence", Confidence),
        rules=_rules(entry, known),
        heard=heard,
        remark=entry.text("remark"),
    )


def _list(entry: Entry, known: Collection[str], sources: Mapping[str, Source]) -> Section:
    entry.only("id", "name", "source", "confidence", "review", "items")
    return Section(
        id=entry.text("id"),
        name=entry.text("name"),
        signed=signature(entry),
        source=_source(entry, sources),
        confidence=entry.one_of("confidence", Confidence),
        items=tuple(_item(item, known) for item in entry.entries("items")),
    )


def _item(entry: Entry, known: Collection[str]) -> Item:
    entry.only("says", "rules", "heard", "level", "remark")
    return Item(
        says=entry.text("says"),
        rules=_rules(entry, known),
        heard=entry.text("heard"),
        level=entry.one_of("level", Level),
        remark=entry.text("remark", ""),
    )


def _part(entry: Entry, known: Collection[str]) -> Section:
    entry.only("id", "name", "review", "rules")
    rules = _rules(entry, known) if "rules" in entry.data else ()
    return Section(entry.text("id"), entry.text("name"), signature(entry), rules=rules)


def _rules(entry: Entry, known: Collection[str]) -> tuple[str, ...]:
    rules = entry.texts("rules")
    if not rules:
        entry.fail("rules", "at least one rule is needed")
    for rule in rules:
        if rule not in known:
            entry.fail("rules", f"{rule} is no rule")
    return rules


def _source(entry: Entry, sources: Mapping[str, Source]) -> Source:
    source = entry.text("source")
    if source not in sources:
        entry.fail("source", f"{source} is not in sources.toml")
    return sources[source]
