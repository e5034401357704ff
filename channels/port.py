"""The port that every channel fills: send one letter, say by name what became of it, decide nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from sqlmodel import Session

from records.media import File
from records.messages import Arrival
from records.outbound import Receipt
from records.plain import plain

# The reasons that also say something about the person: delivery writes them down.
NOT_FOLLOWING = "not_following"
OPTED_OUT = "blocked"


class Result(StrEnum):
    """What became of a send. Only `accepted` and `delivered` mean that the provider took it.

    retry: certainly not sent, worth another try. never: certainly not sent, never will be.
    unknown: perhaps sent. channel_closed: this way to the person is shut. operator: our own
    account is refused until somebody mends it.
    """

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    RETRY = "retry"
    NEVER = "never"
    UNKNOWN = "unknown"
    CHANNEL_CLOSED = "channel_closed"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """A result with the provider's code, our word for it, and the provider's id of the message."""

    result: Result
    code: str = ""
    reason: str = ""
    provider_id: str | None = None

    def __post_init__(self) -> None:
        """Whatever a provider answers can be written down."""
        for name in ("code", "reason"):
            object.__setattr__(self, name, plain(getattr(self, name)))
        if self.provider_id is not None:
            object.__setattr__(self, "provider_id", plain(self.provider_id))


@dataclass(frozen=True, slots=True)
class Ring:
    """How a practitioner is rung: by which token it is answered, and an address of their own."""

    token: str
    url: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message on its way to one address. `send_key` is its idempotency key.

    A `picture` (PNG) goes instead of the body. `attempt_id` names this very try: a provider that
    echoes a word of ours in its receipts is given it. `template` = {"name": ours, and its fields}.
    After `expires_at` the words are stale: a provider that keeps them meanwhile is told.
    `name` is what a practitioner is called; patients' letters carry none.
    """

    message_id: str
    address: str
    body: str
    send_key: str
    attempt_id: str = ""
    purpose: str = ""
    template: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    picture: bytes | None = None
    ring: Ring | None = None
    expires_at: datetime | None = None


class Channel(Protocol):
    """A way for words to travel: one account at one provider.

    `provider` names it in rows ("wechat:wx1…", "aliyun:main"). `windowed`: free text only while the
    platform lets us write. `free_text`: False where only registered templates travel (cloud SMS).
    """

    @property
    def name(self) -> str: ...

    @property
    def provider(self) -> str: ...

    @property
    def windowed(self) -> bool: ...

    @property
    def free_text(self) -> bool: ...

    def has_template(self, name: str) -> bool:
        """Whether a registered template of this name can be sent."""
        ...

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        """Send the body as free text."""
        ...

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        """Send the template instead of the body."""
        ...


@runtime_checkable
class PictureSender(Protocol):
    """A channel that can also carry a picture."""

    async def send_picture(self, letter: Letter, now: datetime) -> SendOutcome:
        """Send the picture instead of the body. Unless it was sent, nothing reached the person."""
        ...


@runtime_checkable
class Paced(Protocol):
    """A channel that knows how many sends a second its provider bears, over all our processes."""

    @property
    def sends_per_second(self) -> float: ...


@runtime_checkable
class PacedByHardware(Protocol):
    """A channel that no setting makes faster: a SIM."""

    @property
    def at_most(self) -> float: ...


@runtime_checkable
class Licensed(Protocol):
    """A channel some of whose templates need the person's own leave (WeChat's subscriptions)."""

    def may_template(self, session: Session, contact_point_id: str, name: str) -> bool:
        """Whether this template may be sent to this address now."""
        ...

    def template_sent(
        self, session: Session, contact_point_id: str, name: str, now: datetime
    ) -> None:
        """It was sent, or perhaps sent: a leave for one message is used up."""
        ...

    def template_refused(
        self, session: Session, contact_point_id: str, name: str, reason: str, now: datetime
    ) -> None:
        """The platform found the way shut: what we believed of the leave was wrong."""
        ...


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left on our account at a provider, in `unit` (sms, cny, usd)."""

    amount: float
    unit: str


@runtime_checkable
class Purse(Protocol):
    """A channel whose provider tells what is left on our account."""

    async def balance(self, now: datetime) -> Balance | SendOutcome:
        """What is left, or by name why it was not told."""
        ...


@dataclass(frozen=True, slots=True)
class Approval:
    """What a provider says of one of our templates: approved, pending, rejected or paused."""

    template_id: str
    state: str
    reason: str = ""


@runtime_checkable
class TemplateOffice(Protocol):
    """A channel whose provider approves templates before they may be sent."""

    async def approvals(self, now: datetime) -> Mapping[str, Approval] | SendOutcome:
        """By our name of the template: where its approval stands."""
        ...


@dataclass(frozen=True, slots=True)
class Collected:
    """What lay in a provider's mailbox: messages and receipts, and what to hand back when stored."""

    arrivals: Sequence[Arrival] = ()
    receipts: Sequence[Receipt] = ()
    handles: Sequence[str] = ()


@runtime_checkable
class Mailbox(Protocol):
    """A channel that is asked for what came in (a modem), where nobody calls us."""

    @property
    def provider(self) -> str: ...

    async def collect(self, now: datetime) -> Collected | SendOutcome:
        """What is there and was not taken yet. The same may come again until it is taken."""
        ...

    async def taken(self, handles: Sequence[str]) -> None:
        """Everything behind these handles is stored: it need not come again."""
        ...


class MediaSource(Protocol):
    """Where a channel keeps the files that people send."""

    async def fetch(self, media_id: str, now: datetime) -> File | SendOutcome:
        """The file, or by name why it did not come."""
        ...
