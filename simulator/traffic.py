"""Load: sends many patients' messages to a callback at a set rate and times the answers.

Behaves as WeChat does towards a server that does not answer: the same MsgId again, and again.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from simulator.callback import Answer, CallbackWire, Outcome
from simulator.clock import Clock, system_clock
from simulator.codec import Codec, Fields
from simulator.delivery import shown
from simulator.lean_http import LeanTransport
from simulator.messages import MessageWriter
from simulator.settings import Mode

BeforeSend = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class Line:
    """Where and how to send: what an operator would have typed into WeChat's own settings."""

    callback_url: str
    app_id: str
    token: str
    encoding_aes_key: str
    account_id: str = "gh_000000000001"
    mode: Mode = "safe"


@dataclass(frozen=True, slots=True)
class Ack:
    """How the hand-over of one message went.

    Attributes:
        ms: how long the last attempt took.
        waited_ms: from the moment it was due to its acknowledgement, repeats and queueing included.
    """

    openid: str
    text: str
    msg_id: str
    acknowledged: bool
    attempts: int
    status: int
    ms: float
    waited_ms: float
    reply: str = ""


@dataclass(frozen=True, slots=True)
class TrafficReport:
    """All acknowledgements, in the order the messages were given."""

    acks: tuple[Ack, ...]
    seconds: float

    @property
    def unacknowledged(self) -> list[Ack]:
        return [ack for ack in self.acks if not ack.acknowledged]

    @property
    def repeated(self) -> int:
        """How many sendings were needed beyond the first of each message."""
        return sum(ack.attempts - 1 for ack in self.acks)

    def percentile_ms(self, percent: float) -> float:
        """Return the acknowledgement time that `percent` of the accepted messages stayed within."""
        times = sorted(ack.ms for ack in self.acks if ack.acknowledged)
        if not times:
            return math.nan
        return times[max(0, math.ceil(len(times) * percent / 100) - 1)]


async def send_many(
    messages: Sequence[tuple[str, str]],
    line: Line,
    *,
    rate: float,
    attempts: int | None = 3,
    retry_pause: float = 0.5,
    answer_within: float = 5.0,
    at_once: int = 64,
    in_order: bool = True,
    before_send: BeforeSend | None = None,
    clock: Clock = system_clock,
) -> TrafficReport:
    """Send each (openid, text) as an encrypted callback.

    Args:
        messages: what to send, in order.
        line: where to.
        rate: messages per second; the schedule does not wait for slow answers.
        attempts: sendings per message; None repeats until acknowledged.
        retry_pause: seconds between them.
        answer_within: WeChat's five seconds.
        at_once: most requests open at the same time.
        in_order: a person's next message waits until the one before is settled.
        before_send: called once per message with openid, text and MsgId, for a judge's ledger.
        clock: for CreateTime and signatures.
    """
    async with httpx.AsyncClient(trust_env=False, transport=LeanTransport()) as http:
        wire = CallbackWire(
            http,
            line.callback_url,
            Codec(line.token, line.encoding_aes_key, line.app_id),
            clock=clock,
            mode=line.mode,
            answer_within=answer_within,
        )
        sender = _Sender(wire, attempts, retry_pause, at_once, in_order=in_order)
        writer = MessageWriter(line.account_id, clock=clock)
        return await _run(messages, sender, writer, rate, before_send)


class _Sender:
    """Sends one message until it is acknowledged, within the bounds of the whole run."""

    def __init__(
        self,
        wire: CallbackWire,
        attempts: int | None,
        retry_pause: float,
        at_once: int,
        *,
        in_order: bool,
    ) -> None:
        self._wire = wire
        self._attempts = attempts or math.inf
        self._retry_pause = retry_pause
        self._open = asyncio.Semaphore(at_once)
        self._in_order = in_order
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def send(self, fields: Fields, due: float) -> Ack:
        openid = str(fields["FromUserName"])
        turn = self._turns[openid] if self._in_order else asyncio.Lock()
        async with turn:
            answer, attempts = await self._until_acknowledged(fields)
        waited = (asyncio.get_running_loop().time() - due) * 1000
        return Ack(
            openid=openid,
            text=str(fields["Content"]),
            msg_id=str(fields["MsgId"]),
            acknowledged=answer.outcome in {Outcome.ACCEPTED, Outcome.REPLIED},
            attempts=attempts,
            status=answer.status,
            ms=answer.ms,
            waited_ms=round(waited, 1),
            reply=shown(answer.reply) if answer.reply else "",
        )

    async def _until_acknowledged(self, fields: Fields) -> tuple[Answer, int]:
        number = 1
        answer = await self._once(fields)
        while answer.outcome is Outcome.UNANSWERED and number < self._attempts:
            await asyncio.sleep(self._retry_pause)
            number += 1
            answer = await self._once(fields)
        return answer, number

    async def _once(self, fields: Fields) -> Answer:
        async with self._open:
            return await self._wire.post(fields)


async def _run(
    messages: Sequence[tuple[str, str]],
    sender: _Sender,
    writer: MessageWriter,
    rate: float,
    before_send: BeforeSend | None,
) -> TrafficReport:
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[Ack]] = []
        for index, (openid, text) in enumerate(messages):
            due = started + index / rate
            await asyncio.sleep(max(0.0, due - loop.time()))
            fields = writer.text(openid, text)
            if before_send is not None:
                before_send(openid, text, str(fields["MsgId"]))
            tasks.append(group.create_task(sender.send(fields, due)))
    acks = tuple(task.result() for task in tasks)
    return TrafficReport(acks, loop.time() - started)
