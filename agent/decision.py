"""What a turn decided, as values. `agent.turn` writes all of it in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from care.level import Level
from care.reading import Reading
from knowledge.answer import Citation
from language.consenting import Stance


class Mode(StrEnum):
    """Who answered: the rules alone, a cited passage, or a model that reworded one."""

    RULES = "rules"
    RETRIEVAL = "retrieval"
    MODEL = "model"


class Route(StrEnum):
    """Which part of the graph wrote the reply; held: a doctor writes, the agent only reads."""

    ALARM = "alarm"
    FOLLOW_UP = "follow_up"
    ANSWER = "answer"
    CHAT = "chat"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class NewReading:
    """A reading to store. `replaces` are the readings that this one corrects.

    `taken_at`: None is when the turn ends; `dated`: the words said when. `held`: its owner has not
    agreed that values are kept.
    """

    person_id: str
    reading: Reading
    message_id: str | None
    certainty: str = "plain"
    basis: str = "measured"
    level: Level = Level.NONE
    reasons: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    held: bool = False
    taken_at: datetime | None = None
    dated: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed to or taken back, for whom, and the message that is the evidence."""

    stance: Stance
    person_ids: tuple[str, ...]
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a stranger said of himself: the name, and the facility of the village."""

    person_id: str
    name: str | None
    facility_id: str | None


@dataclass(frozen=True, slots=True)
class FollowUpStep:
    """What became known of a follow-up.

    When it is `complete`, `classification` is its class (None: nothing to judge by, the doctor
    decides) and the next one is due on `next_due_on`.
    """

    follow_up_id: str
    person_id: str
    programme: str
    answers: Mapping[str, Any]
    complete: bool = False
    classification: str | None = None
    next_due_on: date | None = None
    next_reason: str = "routine"


@dataclass(frozen=True, slots=True)
class TaskWish:
    """Something a doctor must do. `cause` makes it unique together with the turn's message.

    `once`: an open one of the same kind and reason is enough. `rings`: a new one rings the doctor.
    """

    kind: str
    reason: str
    cause: str
    person_id: str
    message_id: str | None = None
    once: bool = False
    rings: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked of the library and how it fared, for the curators' queue."""

    text: str
    kind: str
    refusal: str | None = None
    articles: tuple[str, ...] = ()
    confidence: float = 0.0
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Rated:
    """What was said of the answer of an earlier turn. `kept`: a curator gets to see that question."""

    turn_id: str
    helpful: bool
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG that follows the reply, with its key in texts/ and the words that stand for it."""

    key: str
    told: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """One sentence of the reply, with its key in texts/."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of a turn.

    `subject_id` is the person the level is about. `answered` means that the reply holds a cited
    statement. `opt_out` is True to stop, False to resume, None to leave it as it is.
    """

    route: Route
    level: Level
    subject_id: str
    mode: Mode = Mode.RULES
    reasons: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    readings: tuple[NewReading, ...] = ()
    confirm: tuple[str, ...] = ()
    withdraw: tuple[str, ...] = ()
    follow_ups: tuple[FollowUpStep, ...] = ()
    tasks: tuple[TaskWish, ...] = ()
    citations: tuple[Citation, ...] = ()
    awaiting: Mapping[str, Any] = field(default_factory=dict)
    opt_out: bool | None = None
    answered: bool = False
    clarify: bool = False
    picture: Picture | None = None
    reminder_hour: int | None = None
    agreement: Agreement | None = None
    introduction: Introduction | None = None
    disowned: tuple[str, ...] = ()
    query: Query | None = None
    rated: Rated | None = None

    @property
    def reply(self) -> str:
        """The one reply of this turn; empty when nothing is to be said."""
        return "\n".join(part.text for part in self.parts)

    @property
    def text_key(self) -> str:
        return self.parts[0].key if self.parts else ""
