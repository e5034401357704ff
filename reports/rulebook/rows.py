"""The rows of the rules page: a rule, a number, a sentence, as a clinician reads them."""

from __future__ import annotations

from dataclasses import dataclass

from care.protocol import protocol
from care.protocol_file import Provenance, Review
from care.rule import Rule
from care.value import Value
from reports.rulebook.condition import in_words
from reports.rulebook.words import fact, unit, word, words
from texts.catalogue import catalogue
from texts.segments import sms_segments


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something comes from and how sure we are."""

    source: str
    section: str
    confidence: str
    pending: bool


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule with what the patient is told."""

    id: str
    level: str
    level_word: str
    when: str
    reasons: str
    says: str
    origin: Origin
    remark: str


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One number with the comparisons that use it."""

    id: str
    name: str
    value: str
    compared: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class TextRow:
    """One fixed sentence, and how many SMS it takes."""

    key: str
    text: str
    length: int
    sms: int
    pending: bool


def origin(found: Provenance) -> Origin:
    return Origin(
        source=f"{found.source.title}（{found.source.edition}）",
        section=found.section,
        confidence=word("confidence", found.confidence),
        pending=found.review is Review.PENDING,
    )


def rule_row(rule: Rule) -> RuleRow:
    reasons = [catalogue().sentence(f"reason.{reason}").text for reason in rule.reasons]
    return RuleRow(
        id=rule.id,
        level=rule.level,
        level_word=word("level_short", rule.level),
        when=in_words(rule.when),
        reasons="、".join(reasons),
        says=catalogue().sentence(rule.advice).text,
        origin=origin(rule.origin),
        remark=str(words()["remark"].get(rule.id, "")),
    )


def value_row(value: Value) -> ValueRow:
    return ValueRow(
        id=value.id,
        name=word("value", value.id),
        value=f"{value.value:g} {unit(value.unit)}",
        compared="；".join(_comparisons(value.id)),
        origin=origin(value.origin),
    )


def text_row(key: str) -> TextRow:
    found = catalogue().sentence(key)
    return TextRow(
        key, found.text, len(found.text), sms_segments(found.text), found.review == "pending"
    )


def _comparisons(value: str) -> list[str]:
    named = {f for rule in protocol().book.rules for f in rule.when.facts()}
    return sorted(fact(name) for name in named if name.split()[-1] == value)
