"""Rules as data: reading red_flags.toml and routine.toml, and refusing what could go wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from care.concept import UNKNOWN, Concept
from care.condition import Condition, condition
from care.level import Level
from care.measure import Comparison, Measure, comparison, range_name
from care.protocol_file import Entry, Provenance, Review, Source, provenance
from care.situation import Programme
from care.span import Span
from care.value import Value

IMPLAUSIBLE = "implausible"
PREGNANT = "pregnant"
METER = frozenset({"meter:hi", "meter:lo", "meter:error"})
_SINGLE = METER | {IMPLAUSIBLE, PREGNANT, UNKNOWN}


@dataclass(frozen=True, slots=True)
class Rule:
    """When `when` holds, the level is at least `level`, for these reasons."""

    id: str
    level: Level
    reasons: tuple[str, ...]
    advice: str
    when: Condition
    origin: Provenance


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules, the most urgent first, each level in the order of the files."""

    rules: tuple[Rule, ...]
    comparisons: Mapping[Measure, tuple[Comparison, ...]]
    by_fact: Mapping[str, frozenset[int]]
    defined: Mapping[str, Condition]


@dataclass(slots=True)
class Vocabulary:
    """The words a condition may use. Collects the comparisons it meets."""

    concepts: Mapping[str, Concept]
    values: Mapping[str, Value]
    spans: Mapping[str, Span]
    drugs: frozenset[str]
    defined: dict[str, Condition] = field(default_factory=dict)
    comparisons: dict[str, Comparison] = field(default_factory=dict)

    def define(self, file: Entry) -> None:
        """Reads `[define]`: names for conditions that several rules share."""
        if "define" not in file.data:
            return
        entry = file.entry("define")
        for name in entry.data:
            found = condition(entry, name, lambda word: self.resolve(entry, word))
            self.defined[name] = replace(found, name=name)

    def resolve(self, entry: Entry, word: str) -> str | Condition:
        if word.startswith("@"):
            if word[1:] not in self.defined:
                entry.fail("when", f"{word} is not defined (yet)")
            return self.defined[word[1:]]
        if word in self.concepts or word in _SINGLE or self._background(word):
            return word
        numbers = {name: value.value for name, value in self.values.items()}
        found = comparison(word, numbers)
        if found is None:
            entry.fail("when", f"{word!r} is neither a finding, a comparison nor a known word")
        self._outside_normal(entry, found)
        self.comparisons[word] = found
        return word

    def _background(self, word: str) -> bool:
        kind, _, name = word.partition(":")
        return (kind == "condition" and name in set(Programme)) or (
            kind == "drug" and name in self.drugs
        )

    def _outside_normal(self, entry: Entry, found: Comparison) -> None:
        if found.measure is Measure.AGE:
            return
        low, high = self.spans[range_name(found.measure)].normal
        if found.threshold < high if found.upward else found.threshold > low:
            entry.fail("when", f"{found.fact!r} stands inside the normal band {low:g}–{high:g}")

    def about_the_person(self) -> set[str]:
        """Facts that are no complaint and no value: no rule may fire on them alone."""
        return (
            {PREGNANT}
            | {f"condition:{programme}" for programme in Programme}
            | {f"drug:{drug}" for drug in self.drugs}
            | {c.code for c in self.concepts.values() if c.background}
            | {word for word, c in self.comparisons.items() if c.measure is Measure.AGE}
        )


def rulebook(files: Sequence[Entry], words: Vocabulary, known: Mapping[str, Source]) -> Rulebook:
    """Reads and checks the rules of all files, in order."""
    read: list[Rule] = []
    for file in files:
        words.define(file)
    for file in files:
        review = file.entry("meta").one_of("review", Review)
        for entry in file.entries("rule"):
            rule = _rule(entry, words, known, review)
            if any(rule.id == other.id for other in read):
                entry.fail("id", f"{rule.id} is there twice")
            read.append(rule)
    person = words.about_the_person()
    for rule in read:
        if rule.when.holds(person):
            files[0].fail(rule.id, "fires on background alone")
    rules = tuple(sorted(read, key=lambda rule: -rule.level.rank))
    _every_complaint_fires(files[0], rules, words.concepts)
    return Rulebook(rules, _by_measure(words), _by_fact(rules, person), words.defined)


def _rule(entry: Entry, words: Vocabulary, known: Mapping[str, Source], review: Review) -> Rule:
    entry.only("id", "level", "reasons", "advice", "when", "from", "note", "review")
    own = {key: entry.data[key] for key in ("note", "review") if key in entry.data}
    origin = entry.entry("from")
    level = entry.one_of("level", Level)
    reasons = entry.texts("reasons")
    if level is Level.NONE or not reasons:
        entry.fail("level", "a rule raises a level and gives a reason")
    return Rule(
        id=entry.text("id"),
        level=level,
        reasons=reasons,
        advice=entry.text("advice"),
        when=condition(entry, "when", lambda word: words.resolve(entry, word)),
        origin=provenance(Entry(origin.file, origin.path, {**origin.data, **own}), known, review),
    )


def _every_complaint_fires(
    file: Entry, rules: Sequence[Rule], concepts: Mapping[str, Concept]
) -> None:
    for concept in concepts.values():
        facts = {concept.code} | concept.implies
        if not concept.background and not any(rule.when.holds(facts) for rule in rules):
            file.fail(concept.code, "no rule sees this finding when it stands alone")


def _by_measure(words: Vocabulary) -> dict[Measure, tuple[Comparison, ...]]:
    found: dict[Measure, list[Comparison]] = {}
    for one in words.comparisons.values():
        found.setdefault(one.measure, []).append(one)
    return {measure: tuple(group) for measure, group in found.items()}


def _by_fact(rules: Sequence[Rule], person: set[str]) -> dict[str, frozenset[int]]:
    """Which rules a fact can help to fire: only those need be tried. Background starts none."""
    found: dict[str, set[int]] = {}
    for index, rule in enumerate(rules):
        for fact in set(rule.when.facts()) - person:
            found.setdefault(fact, set()).add(index)
    return {fact: frozenset(indices) for fact, indices in found.items()}
