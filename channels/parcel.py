"""What travels between deciding, calling and concluding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from channels import templates
from channels.port import Channel, Letter
from channels.sms.line import CHANNEL as SMS
from records.tables import ContactPoint, OutboundMessage, ProviderState
from texts.segments import sms_segments

TEXT, TEMPLATE, PICTURE = "text", "template", "picture"


@dataclass(frozen=True, slots=True)
class Routes:
    """The channels that are set up, by channel and account, and the way to practitioners.

    Several providers may serve one line: the first that is well carries the words.
    """

    ways: Mapping[tuple[str, str], Channel | Sequence[Channel]]
    notices: Channel | None = None

    def to(self, contact: ContactPoint) -> tuple[Channel, ...]:
        """Who can carry words to a contact point, the first one first."""
        found = self.ways.get((contact.channel, contact.account), ())
        return tuple(found) if isinstance(found, Sequence) else (found,)

    def carries(self, channel: str, account: str) -> bool:
        """Whether anybody carries words over this line."""
        return bool(self.ways.get((channel, account)))

    def every(self) -> tuple[Channel, ...]:
        """Every provider that is set up."""
        return tuple(
            channel
            for found in self.ways.values()
            for channel in (found if isinstance(found, Sequence) else (found,))
        )


@dataclass(frozen=True, slots=True)
class Bell:
    """Of the bell that a notice goes to: for the how manieth time, and what is left beside it.

    `fresh`: another bell was tried less often and comes next. `again`: another one may still work.
    """

    round: int = 1
    fresh: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter whose attempt is written down and whose call may be made now.

    `contact_id` is the address it goes to; None where it goes to a practitioner: then `bell` says
    what else may ring them. `state`: what was known of the provider before the call.
    """

    message: OutboundMessage
    attempt_id: str
    letter: Letter
    channel: Channel
    way: str = TEXT
    contact_id: str | None = None
    bell: Bell | None = None
    state: ProviderState | None = None

    @property
    def by_template(self) -> bool:
        return self.way == TEMPLATE

    @property
    def route(self) -> str:
        return f"{self.channel.name}:{self.way}"


@dataclass(frozen=True, slots=True)
class Decided:
    """A claimed row that needed no call: it was settled or put off."""

    message_id: str


def template_for(message: OutboundMessage, channel: Channel) -> str | None:
    """The registered template of this channel that stands in for a message, if there is one."""
    return next(iter(templates_for(message, channel)), None)


def templates_for(message: OutboundMessage, channel: Channel) -> list[str]:
    """Every registered template of this channel that may stand in for a message, the best first."""
    own = str(message.template.get("name", ""))
    fitting = templates.registry().candidates(message.purpose, message.text_key, message.template)
    return [name for name in (*fitting, own) if name and channel.has_template(name)]


def segments(letter: Letter, channel: Channel, way: str) -> int | None:
    """How many SMS a letter is billed as, without the provider's signature; None elsewhere."""
    if channel.name != SMS:
        return None
    if way != TEMPLATE:
        return sms_segments(letter.body)
    registry, name = templates.registry(), str(letter.template.get("name", ""))
    return registry.filled(name, letter.template).segments if name in registry else None
