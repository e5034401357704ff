"""WeCom's callback: a member answers a notice by a word or a tap, and reads at once what it did.

Only a member who is bound to a practitioner does anything. Garbage gets a short plain answer and one
log line without content; a change that does not commit is a 5xx, so that WeCom asks again. A message
that comes again is not acted on again: it gets the answer of its first copy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from sqlmodel import Session

from channels import answering
from channels.body import read_body
from channels.wecom.account import WeComAccount
from channels.wecom.codec import CallbackCodec, ForgedCallbackError, MalformedCallbackError
from records import answers, identities
from records.db import Database
from records.identities import WECOM, Subject
from records.vault import Vault
from texts.catalogue import render

NOTHING = ""
LONGEST_WORDS = 40

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Callback:
    """The callback address of one application."""

    account: WeComAccount
    db: Database
    vault: Vault
    clock: Callable[[], datetime]
    codec: CallbackCodec = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "codec", CallbackCodec(self.account))

    def verify(self, query: Mapping[str, str]) -> Response:
        """Answer the platform's question whether this address is ours."""
        try:
            return PlainTextResponse(self.codec.verify(query))
        except MalformedCallbackError as error:
            return self._refuse(error)

    async def post(self, query: Mapping[str, str], body: bytes) -> Response:
        """Take one message or event."""
        try:
            fields = self.codec.open(query, body)
        except MalformedCallbackError as error:
            return self._refuse(error)
        words = _words(fields)
        if words is None:
            return PlainTextResponse(NOTHING)
        now = self.clock()
        try:
            said = await self.db.write(lambda session: self._answer(session, fields, words, now))
        except Exception as error:  # noqa: BLE001 - not done: the platform must ask again
            log.warning("wecom.callback_not_done", error=type(error).__name__)
            return PlainTextResponse("not done", 503)
        sealed = self.codec.answer(fields, query, said)
        return Response(sealed, media_type="text/xml; charset=utf-8")

    def _answer(
        self, session: Session, fields: Mapping[str, Any], words: str, now: datetime
    ) -> str:
        member = Subject(WECOM, self.account.corp_id, str(fields.get("FromUserName") or ""))
        practitioner_id = identities.practitioner_of(session, self.vault, member)
        log.info("wecom.answered", practitioner_id=practitioner_id)
        if practitioner_id is None:
            return render("bell.not_bound")

        def act() -> str:
            return answering.to_latest(session, self.vault, practitioner_id, words, now)

        copy = _name(fields)
        return answers.once(session, self.vault, copy, act, now) if copy else act()

    def _refuse(self, error: MalformedCallbackError) -> Response:
        status = 403 if isinstance(error, ForgedCallbackError) else 400
        log.warning("wecom.callback_refused", reason=error.reason, status=status)
        return PlainTextResponse("refused", status)


def router(callback: Callback) -> APIRouter:
    """The routes of `/wecom`."""
    routes = APIRouter()

    @routes.get("/wecom")
    async def verify(request: Request) -> Response:
        return callback.verify(request.query_params)

    @routes.post("/wecom")
    async def post(request: Request) -> Response:
        body = await read_body(request)
        if body is None:
            log.warning("wecom.callback_refused", reason="too_large_or_slow", status=413)
            return PlainTextResponse("too large", 413)
        return await callback.post(request.query_params, body)

    return routes


def _name(fields: Mapping[str, Any]) -> str | None:
    """What is the same in every copy of a message; an event has no id of its own."""
    member = f"{fields.get('ToUserName')}:{fields.get('AgentID')}:{fields.get('FromUserName')}"
    if fields.get("MsgId"):
        return f"wecom:{member}:{fields['MsgId']}"
    if fields.get("CreateTime"):
        return f"wecom:{member}:{fields['CreateTime']}:{fields.get('EventKey')}"
    return None


def _words(fields: Mapping[str, Any]) -> str | None:
    """What the member said or which of our buttons they tapped; None for what asks for no answer."""
    kind, event = fields.get("MsgType"), str(fields.get("Event") or "").lower()
    if kind == "text":
        said = fields.get("Content")
    elif kind == "event" and event == "click":
        said = fields.get("EventKey")
    else:
        return None
    text = str(said or "").strip()
    return text[:LONGEST_WORDS] if text else None
