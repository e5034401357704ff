"""What China's SMS clouds have in common: approved templates, limits per number, receipts, replies.

The vendors' own dialects (signature, calls, bodies of the pushes) stand in `aliyun` and `tencent`.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import httpx

from simulator.clock import Clock, system_clock
from simulator.faults import Faults
from simulator.log import Kind, Log

Json = dict[str, Any]

SINGLE, PART = 70, 67
LONGEST = 500
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Fate(StrEnum):
    """What becomes of messages to a number, and what is told of it."""

    DELIVERED = "delivered"
    FAILED = "failed"  # it never arrives, and the receipt says so
    SILENT = "silent"  # it arrives, no receipt ever comes
    TWICE = "twice"  # it arrives, and its receipt is pushed two times
    HELD = "held"  # its receipt waits until somebody lets it go


@dataclass(frozen=True, slots=True)
class CloudTemplate:
    """A template as the vendor holds it; `state` is the vendor's own word."""

    body: str
    state: str = "approved"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SmsCloudSettings:
    """An account at an SMS cloud.

    Attributes:
        push_url: where receipts and replies are posted.
        per_minute, per_hour, per_day: the most messages to one number.
        push_pauses: seconds before each try of a push; the real ones are minutes.
    """

    key_id: str
    secret: str = field(repr=False)
    sign_names: frozenset[str]
    templates: Mapping[str, CloudTemplate]
    push_url: str = ""
    app_id: str = ""
    balance: int = 1000
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = 50
    receipt_after: float = 0.0
    push_pauses: tuple[float, ...] = (0.0, 0.2, 0.5, 1.0)
    failure: str = "UNDELIV"


class LimitError(Exception):
    """One number got too much. The message is minute, hour or day."""


class SmsCloud:
    """One account: what it still may send, what arrived on which phone, what it tells the product."""

    def __init__(
        self,
        settings: SmsCloudSettings,
        *,
        log: Log | None = None,
        clock: Clock = system_clock,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.clock = clock
        self.log = Log(clock=clock) if log is None else log
        self.faults = Faults()
        self.fates: dict[str, Fate] = {}
        self.held: list[Any] = []
        self._sent: dict[str, deque[datetime]] = defaultdict(deque)
        self.open_account(settings)
        # A proxy from the environment must not stand between two loopback ports.
        self._http = http or httpx.AsyncClient(trust_env=False)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._early: list[_Push] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    def open_account(self, settings: SmsCloudSettings) -> None:
        """Begin with a new account: a full balance, nothing sent, nothing broken."""
        self.settings = settings
        self.balance = settings.balance
        self.templates = dict(settings.templates)
        self.faults.clear()
        self.fates.clear()
        self.held.clear()
        self._sent.clear()

    @asynccontextmanager
    async def lifespan(self, _: object = None) -> AsyncIterator[None]:
        """While this holds, pushes are made; they may be asked for from any thread."""
        self._loop = asyncio.get_running_loop()
        for push in self._early:
            self._start(push)
        yield
        await self.close()

    def charge(self, number: str, text: str) -> int:
        """Count a message against the limits of its number and the balance; returns its units.

        Raises:
            LimitError: this number has had enough.
        """
        now, sent, limits = self.clock(), self._sent[number], self.settings
        while sent and now - sent[0] >= _DAY:
            sent.popleft()
        for span, name, most in (
            (_MINUTE, "minute", limits.per_minute),
            (_HOUR, "hour", limits.per_hour),
            (_DAY, "day", limits.per_day),
        ):
            if most is not None and sum(now - one < span for one in sent) >= most:
                raise LimitError(name)
        sent.append(now)
        units = units_of(text)
        self.balance -= units
        return units

    def fails(self, number: str) -> bool:
        """Whether nothing arrives at this number."""
        return self.fates.get(number) is Fate.FAILED

    def deliver(self, number: str, text: str, report: Any, **details: Any) -> None:
        """Let a message arrive, and tell the product of it as its number's fate is."""
        fate = self.fates.get(number, Fate.DELIVERED)
        if fate is not Fate.FAILED:
            self.log.append(Kind.SMS, number, text, **details)
        match fate:
            case Fate.SILENT:
                return
            case Fate.HELD:
                self.held.append(report)
            case Fate.TWICE:
                self.tell(report, report, number=number, after=self.settings.receipt_after)
            case _:
                self.tell(report, number=number, after=self.settings.receipt_after)

    def came(self, number: str, text: str, body: Any) -> None:
        """Somebody texts back: the product is told."""
        entry = self.log.append(Kind.SMS_SENT, number, text)
        self.tell(body, number=number, about=entry.seq)

    def release(self, *, backwards: bool = False) -> None:
        """Push what was held back, in order or in the wrong one."""
        held, self.held = self.held, []
        self.tell(*(reversed(held) if backwards else held))

    def tell(self, *bodies: Any, number: str = "", about: int = 0, after: float = 0.0) -> None:
        """Push to the product in the background, one body after the other.

        Args:
            bodies: what is posted.
            number: whose phone it is about.
            about: sequence number of the log entry that it came from.
            after: seconds to wait.
        """
        if not self.settings.push_url or not bodies:
            return
        push = _Push(bodies, number, about, after)
        if self._loop is None:
            self._early.append(push)
        else:
            self._loop.call_soon_threadsafe(self._start, push)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    def _start(self, push: "_Push") -> None:
        task = asyncio.create_task(self._tell(push))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, push: "_Push") -> None:
        await asyncio.sleep(push.after)
        for body in push.bodies:
            for number, pause in enumerate(self.settings.push_pauses, start=1):
                await asyncio.sleep(pause)
                if await self._post(push, body, number):
                    break

    async def _post(self, push: "_Push", body: Any, number: int) -> bool:
        """One push; whether it was acknowledged."""
        try:
            answer = await self._http.post(self.settings.push_url, json=body, timeout=5.0)
            said, status = answer.text, answer.status_code
            taken = status == httpx.codes.OK and acknowledged(answer)
        except httpx.HTTPError as error:
            said, status, taken = type(error).__name__, 0, False
        self.log.append(
            Kind.PUSH,
            push.number,
            said[:200],
            about=push.about,
            number=number,
            last=number == len(self.settings.push_pauses),
            status=status,
            taken=taken,
        )
        return taken


@dataclass(frozen=True, slots=True)
class _Push:
    """What is to be posted, whose phone it is about, and which entry of the log it came from."""

    bodies: tuple[Any, ...]
    number: str
    about: int
    after: float


def acknowledged(answer: httpx.Response) -> bool:
    """Aliyun wants a number under "code", Tencent one under "result"."""
    try:
        body = answer.json()
    except ValueError:
        return False
    if not isinstance(body, dict):
        return False
    return any(isinstance(body.get(name), int) for name in ("code", "result"))


def units_of(text: str) -> int:
    """How many short messages a text is billed as: 70 signs of UTF-16 alone, 67 in parts."""
    length = len(text.encode("utf-16-be")) // 2
    return 1 if length <= SINGLE else -(-length // PART)
