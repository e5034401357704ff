"""The whole document: one section for each thing a clinician signs, filled from the data in use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from care import coverage as covered
from care.coverage import coverage
from care.protocol import protocol
from care.rule import Rule
from care.signature import Signature
from reports.rulebook import tables
from reports.rulebook.condition import shared_in
from reports.rulebook.digest import digest, of_all_data
from reports.rulebook.expressions import Heard, heard
from reports.rulebook.rows import RuleRow, rule_row
from reports.rulebook.tables import Table
from reports.rulebook.words import word, words


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One line of a referral list with the rules that see it."""

    says: str
    level: str
    rules: tuple[str, ...]
    heard: str
    remark: str


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one signature. `asked` is the level that the source wants, in words."""

    id: str
    name: str
    signed: Signature | None
    source: str = ""
    confidence: str = ""
    asked: str = ""
    built: str = ""
    said: tuple[str, ...] = ()
    remark: str = ""
    items: tuple[ItemRow, ...] = ()
    rules: tuple[RuleRow, ...] = ()
    heard: tuple[Heard, ...] = ()
    tables: tuple[Table, ...] = ()
    paragraphs: tuple[str, ...] = ()
    digest: str = ""

    @property
    def state(self) -> str:
        """pending, signed, or outdated: signed and then changed."""
        if self.signed is None:
            return "pending"
        return "signed" if self.signed.covers(self.digest) else "outdated"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the coverage table: a set, its concepts, rules, level and texts."""

    id: str
    name: str
    asked: str
    built: str
    concepts: str
    rules: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """The document. `counts` says how much of each kind waits for a signature."""

    version: str
    digest: str
    sections: tuple[Section, ...]
    lines: tuple[Line, ...]
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)


def book() -> Book:
    """Made from the data in use; nothing in it is written twice."""
    made = coverage()
    sections = tuple(_sealed(section) for section in _sections(made))
    return Book(
        version=made.version,
        digest=of_all_data(),
        sections=sections,
        lines=tuple(_line(one) for one in made.sets),
        counts=_counts(sections),
    )


def _sections(made: covered.Coverage) -> Iterator[Section]:
    yield from (_set(one) for one in made.sets)
    yield from (_list(one) for one in made.lists)
    yield from (_part(one) for one in made.parts)


def _set(one: covered.Section) -> Section:
    concepts = [c.code for c in protocol().concepts.values() if c.flag == one.id]
    rules = _rules(one.rules)
    return replace(
        _named(one),
        asked=word("level", one.level or ""),
        built=word("level", rules[0].level),
        said=one.heard,
        remark=one.remark,
        rules=tuple(rule_row(rule) for rule in rules),
        heard=tuple(heard()[code] for code in concepts),
    )


def _list(one: covered.Section) -> Section:
    items = tuple(
        ItemRow(i.says, word("level_short", i.level), i.rules, i.heard, i.remark) for i in one.items
    )
    return replace(_named(one), items=items)


def _part(one: covered.Section) -> Section:
    section = replace(_named(one), rules=tuple(rule_row(rule) for rule in _rules(one.rules)))
    if one.id == "rest":
        sets = {each.id for each in coverage().sets}
        others = [c.code for c in protocol().concepts.values() if c.flag not in sets]
        return replace(section, heard=tuple(heard()[c] for c in others if not heard()[c].silent))
    return replace(
        section,
        tables=tables.of_part(one.id),
        paragraphs=tuple(words()["paragraphs"].get(one.id, ())),
    )


def _named(one: covered.Section) -> Section:
    return Section(
        id=one.id,
        name=one.name,
        signed=one.signed,
        source=f"{one.source.title}（{one.source.edition}）" if one.source else "",
        confidence=word("confidence", one.confidence) if one.confidence else "",
    )


def _rules(ids: Sequence[str]) -> list[Rule]:
    """The most urgent first; within a level as the section names them, its own before borrowed ones."""
    known = {rule.id: rule for rule in protocol().book.rules}
    return sorted((known[one] for one in ids), key=lambda rule: -rule.level.rank)


def _sealed(section: Section) -> Section:
    content: dict[str, Any] = asdict(replace(section, signed=None))
    return replace(section, digest=digest(content))


def _line(one: covered.Section) -> Line:
    rules = _rules(one.rules)
    concepts = protocol().concepts
    named = [c.label for c in concepts.values() if c.flag == one.id]
    named += [f"〔{word('defined', name)}〕" for rule in rules for name in shared_in(rule.when)]
    return Line(
        id=one.id,
        name=one.name,
        asked=word("level_short", one.level or ""),
        built=word("level_short", rules[0].level),
        concepts="、".join(dict.fromkeys(named)),
        rules="、".join(rule.id for rule in rules),
        texts=tuple(dict.fromkeys(rule_row(rule).says for rule in rules)),
    )


def _counts(sections: Sequence[Section]) -> dict[str, tuple[int, int]]:
    """How many wait, of how many: a rule waits until every section it stands in is signed."""
    waiting = [one for one in sections if one.state != "signed"]
    rules = {row.id for one in waiting for row in one.rules}
    texts = tables.texts()
    signed = any(one.id == "texts" and one.state == "signed" for one in sections)
    numbers = {one.id for one in waiting} & {"thresholds", "intervals"}
    values = [v.id for v in protocol().values.values() if tables.part_of(v) in numbers]
    return {
        "节": (len(waiting), len(sections)),
        "规则": (len(rules), len(protocol().book.rules)),
        "数值": (len(values), len(protocol().values)),
        "固定文字": (0 if signed else len(texts), len(texts)),
    }
