"""What travels between deciding, calling and concluding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels.port import Channel, Letter
from records.tables import ContactPoint, OutboundMessage

TEXT, TEMPLATE, PICTURE = "text", "template", "picture"


@dataclass(frozen=True, slots=True)
class Routes:
    """The channels that are set up, by channel and account, and the way to practitioners."""

    channels: Mapping[tuple[str, str], Channel]
    notices: Channel | None = None

    def to(self, contact: ContactPoint) -> Channel | None:
        return self.channels.get((contact.channel, contact.account))


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter whose attempt is written down and whose call may be made now.

    `sender` is the channel and account it goes from.
    """

    message: OutboundMessage
    attempt_id: str
    letter: Letter
    channel: Channel
    way: str = TEXT
    sender: tuple[str, str] = ("", "")

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


def has_template(message: OutboundMessage, channel: Channel) -> bool:
    """Whether this message can travel as a template of this channel."""
    name = str(message.template.get("name", ""))
    return bool(name) and channel.has_template(name)
