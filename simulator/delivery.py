"""Hands a message to the callback until it is acknowledged, and shows what came back."""

import asyncio
from dataclasses import dataclass

from simulator.callback import Answer, CallbackWire, Outcome
from simulator.codec import Fields
from simulator.log import Kind, Log

OUT_OF_ORDER = "该公众号暂时无法提供服务，请稍后再试"
DRAWN = {"image": "[图片]", "voice": "[语音]", "video": "[视频]", "news": "[图文]"}


@dataclass(frozen=True, slots=True)
class Delivered:
    """How the hand-over of one message ended."""

    answer: Answer
    attempts: int

    @property
    def acknowledged(self) -> bool:
        return self.answer.outcome in {Outcome.ACCEPTED, Outcome.REPLIED}


class Delivery:
    """WeChat's rule: no answer in five seconds, then again, three times in all."""

    def __init__(
        self, wire: CallbackWire, log: Log, *, attempts: int = 3, retry_pause: float = 1.0
    ) -> None:
        self._wire = wire
        self._log = log
        self._attempts = attempts
        self._retry_pause = retry_pause

    async def verify(self) -> bool:
        return await self._wire.verify()

    async def deliver(self, fields: Fields, *, about: int = 0) -> Delivered:
        """Send until acknowledged.

        Args:
            fields: the message.
            about: sequence number of the log entry that this message came from.
        """
        number = 1
        answer = await self._attempt(fields, number, about)
        while answer.outcome is Outcome.UNANSWERED and number < self._attempts:
            await asyncio.sleep(self._retry_pause)
            number += 1
            answer = await self._attempt(fields, number, about)
        self._show(str(fields["FromUserName"]), answer, about)
        return Delivered(answer, number)

    async def _attempt(self, fields: Fields, number: int, about: int) -> Answer:
        answer = await self._wire.post(fields)
        self._log.append(
            Kind.ATTEMPT,
            str(fields["FromUserName"]),
            about=about,
            number=number,
            msg_id=str(fields.get("MsgId", "")),
            outcome=answer.outcome.value,
            status=answer.status,
            ms=answer.ms,
            reason=answer.reason,
        )
        return answer

    def _show(self, openid: str, answer: Answer, about: int) -> None:
        if answer.reply is not None and answer.reply["ToUserName"] == openid:
            self._log.append(Kind.PASSIVE, openid, shown(answer.reply), about=about)
        elif answer.outcome is not Outcome.ACCEPTED:
            self._log.append(Kind.SORRY, openid, OUT_OF_ORDER, about=about, reason=answer.reason)


def shown(reply: dict[str, str]) -> str:
    """Return what the patient reads of a passive reply."""
    kind = reply["MsgType"]
    return reply.get("Content", "") if kind == "text" else DRAWN.get(kind, f"[{kind}]")
