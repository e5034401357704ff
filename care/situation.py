"""What the rules are asked about: one person, now. Built by `language`, judged by `care.assess`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from care.level import Level
from care.reading import Reading


class Programme(StrEnum):
    """A disease under management."""

    HYPERTENSION = "hypertension"
    TYPE2_DIABETES = "type2_diabetes"


@dataclass(frozen=True, slots=True)
class Background:
    """What is known of the person before the message. Unknown age is None, never a guess.

    `drugs` are classes of medicines, keys of `[drugs]` in care/protocols/findings.toml. `ailments`
    are what changes what may be eaten (kidney, gout, heart_failure); no rule judges by them.
    """

    age: int | None = None
    conditions: frozenset[Programme] = frozenset()
    pregnant: bool = False
    drugs: frozenset[str] = frozenset()
    ailments: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Situation:
    """One person's state as described now.

    `findings` are codes of present symptoms and events (keys of care/protocols/findings.toml);
    `meter_errors` are "hi", "lo" or "error" shown by a meter instead of a value.
    """

    background: Background = field(default_factory=Background)
    readings: tuple[Reading, ...] = ()
    findings: frozenset[str] = frozenset()
    meter_errors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the rules decided: the level, why (reason codes, most urgent first) and the text to say.

    `advice` is a key of texts/ ("safety.stroke"); None when nothing special need be said.
    `rules` are the ids of the rules that fired, for the audit trail.
    """

    level: Level = Level.NONE
    reasons: tuple[str, ...] = ()
    advice: str | None = None
    rules: tuple[str, ...] = ()
