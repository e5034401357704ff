"""Sentences that no model may write, as data.

`always`: refused wherever they stand, in a model's words as in an article. `unless_said`: refused
unless a passage says it in the same words. `never_plain`: refused unless denied (别自己停药), left to
a doctor, or said in the same words.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agent.guarding import polarity
from agent.guarding.signs import behind_no, clauses, quoted, squeezed

_DATA = Path(__file__).parent / "forbidden.toml"
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
# A name is a name in whatever sentence it stands.
_NAMES = {"drug_name", "disease_name"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of forbidden sentence; `code` is what the log says."""

    code: str
    pattern: re.Pattern[str]


@cache
def _rules(kind: str) -> tuple[Rule, ...]:
    raw = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return tuple(
        Rule(entry["code"], re.compile("|".join(entry["any"]), re.IGNORECASE))
        for entry in raw[kind]
    )


def always(text: str) -> str | None:
    """Why nobody may say this, sourced or not."""
    seen = squeezed(_INVISIBLE.sub("", text))
    return next(
        (
            rule.code
            for rule in _rules("always")
            if rule.pattern.search(text) or rule.pattern.search(seen)
        ),
        None,
    )


def unless_said(text: str, passages: Iterable[str]) -> str | None:
    """Why this may not be said: no passage says it in these words."""
    known = squeezed("\n".join(passages))
    for clause in _read_twice(text):
        for rule in _rules("unless_said"):
            for found in rule.pattern.finditer(clause):
                denied = behind_no(clause, found.start())
                named = rule.code in _NAMES and found[0] in known
                if not named and not quoted(found[0], known, denied=denied):
                    return rule.code
    return None


def never_plain(text: str, passages: Iterable[str]) -> str | None:
    """Why this may not be said: it is neither denied nor left to a doctor, and no passage says it so."""
    known = squeezed("\n".join(passages))
    for clause in _read_twice(text):
        if safe(clause) or quoted(clause, known):
            continue
        undenied = _denials().sub("", clause)
        for rule in _rules("never_plain"):
            for found in rule.pattern.finditer(undenied):
                if not (polarity.negated(undenied, found.start()) or polarity.deferred(undenied)):
                    return rule.code
    return None


@cache
def _denials() -> re.Pattern[str]:
    """不要自己停、自己减 and 一针根治的都别信: said, and taken back in the same breath."""
    return _rules("denials")[0].pattern


def safe(clause: str) -> bool:
    """Whether this may always be said of medicines."""
    return any(rule.pattern.fullmatch(clause) for rule in _rules("safe"))


def is_plain_food(name: str) -> bool:
    """Whether a name of the food table is a word of everyday talk."""
    return any(rule.pattern.fullmatch(name) for rule in _rules("plain_foods"))


def _read_twice(text: str) -> tuple[str, ...]:
    """Clause by clause, and with the strokes taken out that may hide a word."""
    return tuple(squeezed(clause) for clause in clauses(text))
