"""What a turn knows before it thinks: the words, the people behind the phone, and its tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from agent.decision import Rated
from care.level import Level
from care.reading import Reading
from care.situation import Background
from knowledge.answer import Answer, Citation
from knowledge.topic import Topic
from records.binding import Redeemed

SENDER = "self"


class Answers(Protocol):
    """Where answers with a source come from.

    `ailments`: what else changes the answer (kidney, gout, heart_failure, pregnant); `topic`: what
    was talked about a moment ago, for a question that cannot stand on its own.
    """

    def answer(
        self,
        question: str,
        *,
        conditions: frozenset[str],
        now: datetime,
        ailments: frozenset[str] = frozenset(),
        topic: Topic | None = None,
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Hint:
    """What a model made of words that the rules could not read. It can raise a level, never lower."""

    level: Level = Level.NONE
    question: str | None = None


@dataclass(frozen=True, slots=True)
class Reworded:
    """A model's words for some passages, and which of them it used, by place."""

    text: str
    used: tuple[int, ...]


class Model(Protocol):
    """A language model. Both calls return None on any failure; the rules then stand alone."""

    def hint(self, text: str) -> Hint | None: ...

    def reword(
        self, question: str, passages: tuple[Citation, ...], conditions: frozenset[str], limit: int
    ) -> Reworded | None: ...


@dataclass(frozen=True, slots=True)
class Heard:
    """One waiting message. `passive` is True when the webhook has already answered it.

    `made` is what a machine made of its photo or voice (None: nothing yet); `again`: it was answered
    before that was known.
    """

    message_id: str
    kind: str
    text: str = ""
    event: Mapping[str, Any] = field(default_factory=dict)
    received_at: datetime | None = None
    level: Level = Level.NONE
    passive: bool = False
    made: Mapping[str, Any] | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """A stored reading, as far as a turn needs it. `message_id`: None when a doctor entered it.

    `here`: it was sent from this phone. No other phone's value is put right or taken back on it.
    """

    reading_id: str
    reading: Reading
    taken_at: datetime
    recorded_at: datetime
    state: str
    setting: str = "home"
    basis: str = "measured"
    message_id: str | None = None
    here: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A person behind the contact point; `relation` is to whoever holds the phone.

    `past` are the readings that a message may still correct, `history` those of a year, both the
    newest first. `shared`: the person agreed that the holder of this phone may see them; `kept`:
    that values are kept; `pending`: this was asked and not yet answered; `waiting`: values wait for
    the yes. `relatives`: who else has a phone tied to this person.
    """

    person_id: str
    relation: str = SENDER
    name: str = ""
    facility_id: str | None = None
    background: Background = field(default_factory=Background)
    past: tuple[Past, ...] = ()
    identified: bool = True
    history: tuple[Past, ...] = ()
    shared: bool = False
    status: str = "active"
    kept: bool = True
    pending: bool = False
    waiting: bool = False
    relatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenFollowUp:
    """A follow-up that is being asked about, and what is already known of it.

    `previous` are the classes of the follow-ups before it, the latest first.
    """

    follow_up_id: str
    person_id: str
    programme: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    previous: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnContext:
    """Everything a node may use. Nodes read it and return values; only the turn writes.

    `spoken_to`: before a bare 120, something was said here lately, by us or a doctor.
    `sms`: words travel as SMS, so they are short. `pictures`: the channel draws them and enough sends are left. `doctor`: who would be rung when
    the sender asks for one; `asked_before`: an earlier request still stands. `redeemed`: what came
    of a binding code in these messages; `unplaced`: the messages whose values nobody could place;
    `places`: the villages a stranger may name, by id. `named`, `situated`: the people and places
    around the sender, which no model is told; `concerns`: how many cases a model's worry opened
    here today. These three are loaded only when there is a model.
    """

    now: datetime
    messages: tuple[Heard, ...]
    members: tuple[Member, ...]
    answers: Answers
    model: Model | None = None
    follow_ups: tuple[OpenFollowUp, ...] = ()
    awaiting: Mapping[str, Any] = field(default_factory=dict)
    stopped: bool = False
    first_contact: bool = False
    on_duty: bool = False
    held: bool = False
    spoken_to: bool = False
    clinic_name: str = ""
    clinic_phone: str | None = None
    sms: bool = False
    pictures: bool = False
    reminder_hour: int | None = None
    doctor: str | None = ""
    asked_before: bool = False
    redeemed: Redeemed | None = None
    unplaced: tuple[Heard, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    named: tuple[str, ...] = ()
    situated: tuple[str, ...] = ()
    concerns: int = 0
    rated: Rated | None = None

    def received(self, message_id: str | None) -> datetime:
        """When a message of this turn, or one that still waits to be placed, came in."""
        known = (*self.messages, *self.unplaced)
        found = (m.received_at for m in known if m.message_id == message_id)
        return next(found, None) or self.now

    @property
    def sender(self) -> Member:
        """Whoever holds the phone, or the only person behind it."""
        return self.members[0]

    def member(self, relation: str) -> Member | None:
        """The person with this relation to the holder of the phone."""
        return next((who for who in self.members if who.relation == relation), None)
