"""The one state that travels through the graph. Nodes return the keys that they add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from agent.context import Hint, Member
from agent.decision import (
    Agreement,
    FollowUpStep,
    Introduction,
    Mode,
    NewReading,
    Part,
    Picture,
    Query,
    Rated,
    Route,
    TaskWish,
)
from care.level import Level
from knowledge.answer import Citation
from language.judgement import Described
from language.understanding import Mention, Understanding


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a value is, as it was answered: somebody we know, or a relation nobody is known under."""

    member: Member | None
    relation: str = ""


@dataclass(frozen=True, slots=True)
class Heed:
    """What was understood, and for each character of `text` which message it came from.

    `owners`: whose the values at these places are, when it was asked and answered; no other value
    of the text counts then.
    """

    text: str
    understood: Understanding
    starts: tuple[tuple[int, str], ...] = ()
    owners: Mapping[int, Owner] | None = None

    def message_at(self, offset: int) -> str | None:
        """The id of the message that holds this offset of the joined text."""
        found = None
        for start, message_id in self.starts:
            if start <= offset:
                found = message_id
        return found


@dataclass(frozen=True, slots=True)
class Record:
    """What will be done to the readings, and the values that were not stored and why.

    `ask_who`: nobody could know whose the unplaced ones are. `speaking`: who was just named, kept
    for ten minutes. `disowned`: the messages whose values turned out to be somebody else's.
    """

    readings: tuple[NewReading, ...] = ()
    confirm: tuple[str, ...] = ()
    withdraw: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    corrected: bool = False
    unplaced: tuple[Mention, ...] = ()
    ask_who: bool = False
    speaking: Member | None = None
    disowned: tuple[str, ...] = ()


class TurnState(TypedDict, total=False):
    """Filled node by node: read → assess → record → understand → a route → guard."""

    heed: Heed
    described: tuple[Described, ...]
    level: Level
    reasons: tuple[str, ...]
    rules: tuple[str, ...]
    advice: str | None
    subject: Member
    record: Record
    hint: Hint | None
    concern_kept: bool
    refused: str | None
    route: Route
    mode: Mode
    parts: tuple[Part, ...]
    follow_ups: tuple[FollowUpStep, ...]
    tasks: tuple[TaskWish, ...]
    citations: tuple[Citation, ...]
    answered: bool
    awaiting: dict[str, object]
    talk: dict[str, Any] | None
    opt_out: bool | None
    picture: Picture
    reminder_hour: int
    agreement: Agreement | None
    introduction: Introduction | None
    query: Query
    rated: Rated
