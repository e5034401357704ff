"""Application messages to members, over httpx. Success is errcode 0 and nobody in `invaliduser`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

import httpx
import structlog

from channels.port import Letter, Result, SendOutcome
from channels.sms.calling import call
from channels.tokens import NoTokenError
from channels.wecom.account import CHANNEL, WeComAccount
from channels.wecom.errors import STALE_TOKEN, UNREACHABLE, outcome_of
from channels.wecom.token import TokenKeeper
from texts.catalogue import render

# The platform's limits in bytes.
LONGEST_TITLE, LONGEST_DESCRIPTION, LONGEST_TEXT = 128, 512, 2048
# The same words to the same member within this time are shown once: a repeat after a lost answer.
DUPLICATES_SECONDS = 1800
_HEAD, _LONGEST_HEAD = "：", 12

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform said, as an outcome, with the body and the code to look into."""

    outcome: SendOutcome
    body: Mapping[str, Any]
    errcode: int | None = None


@dataclass(frozen=True, slots=True)
class WeComClient:
    """Rings members of one corporation through one application. A `Channel`."""

    account: WeComAccount
    http: httpx.AsyncClient
    tokens: TokenKeeper
    name: str = CHANNEL
    windowed: bool = False
    free_text: bool = True

    @property
    def provider(self) -> str:
        return f"{self.name}:{self.account.corp_id}"

    def has_template(self, name: str) -> bool:
        return False

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        """A card with a link, or plain words where we have no address to link to.

        The link holds the notice's own token, so no two notices are the same words.
        """
        request = {
            "touser": letter.address,
            "agentid": self.account.agent_id,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": DUPLICATES_SECONDS,
            **self._content(letter),
        }
        answer = await self._call("message/send", now, request=request)
        if answer.outcome.result is not Result.ACCEPTED:
            return answer.outcome
        return _reached(letter.address, answer.body)

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        return await self.send_text(letter, now)

    async def whois(self, code: str, now: datetime) -> Answer:
        """Who came back from the authorize page with this code; it is good once."""
        return await self._call("auth/getuserinfo", now, query={"code": code})

    def _content(self, letter: Letter) -> dict[str, Any]:
        if self.account.reply_at is None or letter.ring is None:
            return {"msgtype": "text", "text": {"content": _cut(letter.body, LONGEST_TEXT)}}
        head, _, _ = letter.body.partition(_HEAD)
        title = head if len(head) <= _LONGEST_HEAD else render("ringing.card_title")
        card = {
            "title": _cut(title, LONGEST_TITLE),
            "description": _cut(escape(letter.body, quote=False), LONGEST_DESCRIPTION),
            "url": f"{self.account.reply_at}/notices/{letter.ring.token}",
            "btntxt": render("ringing.card_button"),
        }
        return {"msgtype": "textcard", "textcard": card}

    async def _call(
        self,
        path: str,
        now: datetime,
        *,
        query: Mapping[str, str] | None = None,
        request: Mapping[str, Any] | None = None,
    ) -> Answer:
        """One call with a good token; made again once when the platform no longer believes it."""
        try:
            token = await self.tokens.token(now)
            answer = await self._call_once(path, {**(query or {}), "access_token": token}, request)
            if answer.errcode in STALE_TOKEN:
                token = await self.tokens.token(now, refused=token)
                query = {**(query or {}), "access_token": token}
                answer = await self._call_once(path, query, request)
        except NoTokenError as error:
            return Answer(error.outcome, {})
        return answer

    async def _call_once(
        self, path: str, query: Mapping[str, str], request: Mapping[str, Any] | None
    ) -> Answer:
        url = f"{self.account.platform}/cgi-bin/{path}"
        sent: dict[str, Any] = {"params": dict(query)}
        if request is not None:
            # The platform refuses \\uXXXX, so the text travels as it is.
            sent["content"] = json.dumps(request, ensure_ascii=False).encode("utf-8", "replace")
            sent["headers"] = {"content-type": "application/json; charset=utf-8"}
        answer = await call(self.http, "POST" if request is not None else "GET", url, **sent)
        if isinstance(answer, SendOutcome):
            return Answer(answer, {})
        return _read(answer.status, answer.content)


def _reached(userid: str, body: Mapping[str, Any]) -> SendOutcome:
    """A 0 may still name the only receiver among those who were not reached."""
    for field, reason in (("invaliduser", UNREACHABLE), ("unlicenseduser", "member_unlicensed")):
        # The platform writes ids in small letters, however they were asked for.
        if userid.casefold() in str(body.get(field) or "").casefold().split("|"):
            return SendOutcome(Result.CHANNEL_CLOSED, "0", reason)
    msgid = body.get("msgid")
    return SendOutcome(Result.ACCEPTED, "0", provider_id=str(msgid) if msgid else None)


def _read(status: int, content: bytes) -> Answer:
    """The body decides. One that is no answer of the platform's tells nothing about the message."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    errcode = body.get("errcode") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(errcode, int) or isinstance(errcode, bool):
        return Answer(SendOutcome(Result.UNKNOWN, str(status), "no_answer_in_body"), {})
    if errcode == 0:
        return Answer(SendOutcome(Result.ACCEPTED, "0"), body, 0)
    outcome = outcome_of(errcode)
    if outcome.result is Result.OPERATOR:
        log.error("wecom.operator_needed", code=outcome.code, reason=outcome.reason)
    return Answer(outcome, body, errcode)


def _cut(text: str, most: int) -> str:
    """The text within so many bytes of UTF-8, never in the middle of a character."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most:
        return text
    return encoded[: most - 3].decode("utf-8", "ignore") + "…"
