"""What a message was understood to say. The one value that leaves `language`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from care.reading import Reading
from language.moment import Moment


class Subject(StrEnum):
    """Whose value or symptom it is. `UNCLEAR` means: ask."""

    SELF = "self"
    OTHER = "other"
    UNCLEAR = "unclear"


class When(StrEnum):
    """Past values are history and are never stored."""

    NOW = "now"
    HABITUAL = "habitual"
    PAST = "past"


class Purpose(StrEnum):
    """What a number is for. Only `MEASURED` values can be stored."""

    MEASURED = "measured"
    TARGET = "target"
    HYPOTHETICAL = "hypothetical"


class Certainty(StrEnum):
    """How the value was obtained. Anything but `PLAIN` is stored unconfirmed and read back."""

    PLAIN = "plain"
    JOINED = "joined"
    REVERSED = "reversed"
    IMPLAUSIBLE = "implausible"


class Intent(StrEnum):
    """What the sender wants, beyond reporting values."""

    REPORT = "report"
    QUESTION = "question"
    CONFIRM = "confirm"
    DENY = "deny"
    WITHDRAW = "withdraw"
    STOP = "stop"
    RESUME = "resume"
    DOCTOR = "doctor"
    HELP = "help"
    MY_READINGS = "my_readings"
    REMINDER_TIME = "reminder_time"
    GREETING = "greeting"
    THANKS = "thanks"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Mention:
    """One clinical number in the message, with whose, when, what for; `start`/`end` are offsets.

    `moment`: when it was taken, where the words say so. `own`: the sender said 我, so that nobody
    else behind the same phone can be meant.
    """

    reading: Reading
    subject: Subject = Subject.SELF
    relation: str | None = None
    when: When = When.NOW
    purpose: Purpose = Purpose.MEASURED
    certainty: Certainty = Certainty.PLAIN
    start: int = 0
    end: int = 0
    moment: Moment | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A present symptom or event, by concept code. Negated, past and hypothetical ones never leave."""

    concept: str
    subject: Subject = Subject.SELF
    relation: str | None = None
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Understanding:
    """Everything the rules could read in one text.

    `corrects` is True when the message replaces a value sent before ("打错了,是135").
    `unread_numbers` counts numbers nobody could place: a reason to ask back, never to store.
    `medicine_taken` answers the follow-up question (None: not said).
    `standard` is the text in one spelling and in standard words, as the rules read it.
    `sounds` holds what the second ear made of the whole text (`language.suspicion`): it stands beside
    the findings and never takes one away.
    """

    text: str
    mentions: tuple[Mention, ...] = ()
    findings: tuple[Finding, ...] = ()
    denied: frozenset[str] = frozenset()
    meter_errors: frozenset[str] = frozenset()
    intent: Intent = Intent.OTHER
    question: bool = False
    corrects: bool = False
    medicine_taken: bool | None = None
    no_symptoms: bool = False
    unread_numbers: int = 0
    pregnant: bool = False
    conditions: frozenset[str] = field(default_factory=frozenset)
    age: int | None = None
    drugs: frozenset[str] = field(default_factory=frozenset)
    sounds: frozenset[str] = field(default_factory=frozenset)
    standard: str = ""

    @property
    def storable(self) -> tuple[Mention, ...]:
        """The sender's own current values: what a careful nurse would write down now."""
        return tuple(
            m
            for m in self.mentions
            if m.subject is Subject.SELF
            and m.when is not When.PAST
            and m.purpose is Purpose.MEASURED
            and m.certainty is not Certainty.IMPLAUSIBLE
        )

    @property
    def clarify(self) -> bool:
        """True when the sender must be asked: a meter error, a garbled value or a lone number."""
        implausible = any(m.certainty is Certainty.IMPLAUSIBLE for m in self.mentions)
        return bool(self.meter_errors) or implausible or self.unread_numbers > 0
