"""Notices to practitioners: a log line without words, and a webhook if there is one.

A practitioner with an address of their own is rung there, else the operator's common webhook rings.
The words of a notice name no patient in full; the inbox shows the rest after signing in. Each post
says how it may be answered, and is signed when the receiver has a secret.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import structlog

from channels.port import Letter, Result, SendOutcome

CALL_SECONDS = 10.0
SIGNATURE_HEADER = "X-Suifang-Signature"
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MOST_READ = 16 * 1024

log = structlog.get_logger(__name__)


def _everywhere(_url: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class NoticeChannel:
    """Posts `{to, name, text, send_key, sent_at, …}` as JSON; any 2xx is accepted.

    `url` and `secret` are the operator's; `allowed` says which hosts may be called at all.
    `reply_at` is our own address that answers come to.
    """

    http: httpx.AsyncClient | None = None
    url: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    allowed: Callable[[str], bool] = _everywhere
    reply_at: str | None = None
    name: str = "notice"
    provider: str = "notice:main"
    windowed: bool = False
    free_text: bool = True

    @property
    def rings(self) -> bool:
        """Whether anything rings where nobody has an address of their own."""
        return self.http is not None and self.url is not None

    def has_template(self, name: str) -> bool:
        return False

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        log.info("notice", practitioner_id=letter.address, outbound_message_id=letter.message_id)
        own = letter.ring is not None and letter.ring.url
        url = letter.ring.url if letter.ring is not None and own else self.url
        if self.http is None or url is None:
            return SendOutcome(Result.ACCEPTED)
        if own and not self.allowed(url):
            return SendOutcome(Result.NEVER, reason="host_not_allowed")
        secret = letter.ring.secret if letter.ring is not None and own else self.secret
        body = json.dumps(self._notice(letter, now), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **signature(secret, body, now)}
        try:
            status, answer = await _post(self.http, url, body, headers)
        except _NEVER_LEFT as error:
            return SendOutcome(Result.RETRY, reason=type(error).__name__)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return SendOutcome(Result.UNKNOWN, reason=type(error).__name__)
        return _outcome_of(status, answer, refused=Result.NEVER if own else Result.OPERATOR)

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        return await self.send_text(letter, now)

    def _notice(self, letter: Letter, now: datetime) -> dict[str, str]:
        notice = {
            "to": letter.address,
            "name": letter.name,
            "text": letter.body,
            "send_key": letter.send_key,
            "sent_at": now.isoformat(),
        }
        if letter.ring is not None and self.reply_at is not None:
            notice["reply_url"] = f"{self.reply_at}/notices/replies"
            notice["reply_token"] = letter.ring.token
            notice["url"] = f"{self.reply_at}/notices/{letter.ring.token}"
        return notice


async def _post(
    http: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    """The status and the beginning of the answer: nobody may fill our memory with the rest."""
    answer = b""
    plain = {**headers, "Accept-Encoding": "identity"}
    async with (
        asyncio.timeout(CALL_SECONDS),
        http.stream("POST", url, content=body, headers=plain, timeout=CALL_SECONDS) as response,
    ):
        if "content-encoding" in response.headers:
            return response.status_code, answer
        async for part in response.aiter_bytes():
            answer += part
            if len(answer) >= _MOST_READ:
                break
        return response.status_code, answer


def signature(secret: str | None, body: bytes, now: datetime) -> dict[str, str]:
    """`t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`; nothing without a secret."""
    if not secret:
        return {}
    at = int(now.timestamp())
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {SIGNATURE_HEADER: f"t={at},v1={digest}"}


def _outcome_of(status: int, answer: bytes, *, refused: Result) -> SendOutcome:
    if httpx.codes.is_success(status):
        # A robot's webhook says no inside a 200.
        code = _code_in(answer)
        if code in (None, 0):
            return SendOutcome(Result.ACCEPTED, str(status))
        return SendOutcome(refused, str(code), "webhook_refused")
    if httpx.codes.is_server_error(status) or status == httpx.codes.TOO_MANY_REQUESTS:
        return SendOutcome(Result.RETRY, str(status), "webhook_busy")
    return SendOutcome(refused, str(status), "webhook_refused")


def _code_in(answer: bytes) -> int | None:
    try:
        body = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    code = body.get("errcode") if isinstance(body, dict) else None
    return code if isinstance(code, int) else None
