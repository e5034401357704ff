"""The callback: verify, open, store, judge, commit, acknowledge. Acknowledged means committed.

Garbage gets a short plain answer and one log line without content, never a 5xx. Only a failed
commit is a 5xx, so that the platform sends the message again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from channels.body import BODY_SECONDS, LARGEST_BODY, read_body
from channels.reception import Reception
from channels.wechat.account import WeChatAccount
from channels.wechat.codec import (
    CallbackCodec,
    ForgedCallbackError,
    MalformedCallbackError,
    Opened,
)
from channels.wechat.parse import parse, read_instant
from records.db import Database
from records.gathering import Gathering
from records.messages import Accepted, Arrival

SUCCESS = "success"
CLOCK_SKEW = timedelta(minutes=5)

log = structlog.get_logger(__name__)


def _nobody() -> None:
    """Nobody is listening for new messages in this process; the tick finds them."""


@dataclass(frozen=True, slots=True)
class Callback:
    """The callback address of one account. `accepted` may wake a worker in the same process."""

    account: WeChatAccount
    db: Database
    reception: Reception
    clock: Callable[[], datetime]
    accepted: Callable[[], None] = _nobody
    codec: CallbackCodec = field(init=False)
    together: Gathering = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "codec", CallbackCodec(self.account))
        object.__setattr__(self, "together", Gathering(self.db))

    def verify(self, query: Mapping[str, str]) -> Response:
        """Answer the platform's question whether this address is ours."""
        try:
            return PlainTextResponse(self.codec.verify(query))
        except MalformedCallbackError as error:
            return self._refuse(error)

    async def post(self, query: Mapping[str, str], body: bytes) -> Response:
        """Take one message or event."""
        now = self.clock()
        try:
            opened = self.codec.open(query, body)
        except MalformedCallbackError as error:
            return self._refuse(error)
        self._watch_the_clock(query, now)
        try:
            arrival = self._parsed(opened)
        except MalformedCallbackError as error:
            # It is from the platform: repeating it would not make it better.
            log.warning("wechat.callback_unreadable", reason=error.reason)
            return PlainTextResponse(SUCCESS)
        try:
            heard = await self.db.read(lambda s: self.reception.hear(s, arrival, now))
            accepted = await self.together.write(
                lambda s: self.reception.store(s, arrival, heard, now)
            )
        except Exception as error:  # noqa: BLE001 - not stored: the platform must send it again
            log.warning("wechat.callback_not_stored", error=type(error).__name__)
            return PlainTextResponse("not stored", 503)
        return self._acknowledge(opened, query, accepted)

    def _parsed(self, opened: Opened) -> Arrival:
        target = opened.fields.get("ToUserName")
        if self.account.original_id not in {None, target}:
            reason = "another_account"
            raise MalformedCallbackError(reason)
        return parse(opened.fields, self.account)

    def _acknowledge(
        self, opened: Opened, query: Mapping[str, str], accepted: Accepted
    ) -> Response:
        log.info("wechat.accepted", inbound_message_id=accepted.message_id, new=accepted.new)
        if accepted.new:
            self.accepted()
        if accepted.passive is None:
            return PlainTextResponse(SUCCESS)
        sealed = self.codec.answer(opened, query, accepted.passive)
        return Response(sealed, media_type="text/xml; charset=utf-8")

    def _refuse(self, error: MalformedCallbackError) -> Response:
        status = 403 if isinstance(error, ForgedCallbackError) else 400
        log.warning("wechat.callback_refused", reason=error.reason, status=status)
        return PlainTextResponse("refused", status)

    def _watch_the_clock(self, query: Mapping[str, str], now: datetime) -> None:
        """A clock that is wrong is the operator's affair; the message is still a patient's."""
        stamp = read_instant(query.get("timestamp", ""))
        skew = abs(now - stamp) if stamp is not None else timedelta(0)
        if skew > CLOCK_SKEW:
            log.warning(
                "wechat.clock_skew",
                seconds=int(skew.total_seconds()),
                advice="this machine's clock or the platform's is off: check NTP",
            )


def router(callbacks: Mapping[str, Callback]) -> APIRouter:
    """Routes for `/wechat/{name}`, by the name the operator gave each account."""
    routes = APIRouter()

    @routes.get("/wechat/{name}")
    async def verify(name: str, request: Request) -> Response:
        callback = callbacks.get(name)
        if callback is None:
            return PlainTextResponse("no such account", 404)
        return callback.verify(request.query_params)

    @routes.post("/wechat/{name}")
    async def post(name: str, request: Request) -> Response:
        callback = callbacks.get(name)
        if callback is None:
            return PlainTextResponse("no such account", 404)
        body = await read_body(request, largest=LARGEST_BODY, seconds=BODY_SECONDS)
        if body is None:
            log.warning("wechat.callback_refused", reason="too_large_or_slow", status=413)
            return PlainTextResponse("too large", 413)
        return await callback.post(request.query_params, body)

    return routes
