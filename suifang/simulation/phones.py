"""The platform between the product and the county: hands words over, keeps the log that judges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from channels.port import Letter, Result, SendOutcome
from simulator.county.world import World
from simulator.errors import ApiError
from simulator.quota import QuotaLedger, Trigger

_WINDOW_CLOSED = "window_closed"
_NOT_FOLLOWING = "not_following"


@dataclass(frozen=True, slots=True)
class Arrived:
    """What really reached a phone."""

    at: datetime
    phone: str
    send_key: str
    text: str


@dataclass
class Platform:
    """WeChat's customer-service messages: the quota is the platform's own, not ours."""

    world: World
    name: str = "wechat"
    provider: str = "wechat:county"
    windowed: bool = True
    free_text: bool = True
    log: list[Arrived] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    quota: QuotaLedger = field(default_factory=QuotaLedger)

    def has_template(self, name: str) -> bool:
        return bool(name)

    def wrote(self, phone: str, now: datetime) -> None:
        """A person wrote: the platform opens its window."""
        self.quota.grant(phone, Trigger.MESSAGE, now)

    def passively(self, phone: str, cause: str, text: str, now: datetime) -> None:
        """The reply in the callback's own answer: no quota."""
        self.log.append(Arrived(now, phone, cause, text))

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        if letter.address in self.left:
            return SendOutcome(Result.CHANNEL_CLOSED, "43004", _NOT_FOLLOWING)
        try:
            self.quota.spend(letter.address, now)
        except ApiError as error:
            self.refused.append(str(error))
            return SendOutcome(Result.CHANNEL_CLOSED, str(error), _WINDOW_CLOSED)
        return self._arrive(letter, letter.body, now)

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        if letter.address in self.left:
            return SendOutcome(Result.CHANNEL_CLOSED, "43004", _NOT_FOLLOWING)
        return self._arrive(letter, letter.body, now)

    def _arrive(self, letter: Letter, text: str, now: datetime) -> SendOutcome:
        self.log.append(Arrived(now, letter.address, letter.send_key, text))
        self.world.receive(letter.address, text, now)
        return SendOutcome(Result.ACCEPTED, "0")


@dataclass
class Pagers:
    """Every doctor's phone: a notice is a ring."""

    world: World
    login_of: Callable[[str], str]
    name: str = "notice"
    provider: str = "notice:main"
    windowed: bool = False
    free_text: bool = True
    rings: int = 0

    def has_template(self, name: str) -> bool:
        return False

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        self.rings += 1
        self.world.ring(self.login_of(letter.address), letter.body, now)
        return SendOutcome(Result.ACCEPTED)

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        return await self.send_text(letter, now)
