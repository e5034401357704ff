"""One call to the platform: a good token, a deadline, a largest answer, and a name for what came back.

Errors are read from the body: success is errcode 0. Whatever may have reached the platform and did
not come back is `unknown`, never an exception.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import structlog

from channels.port import Result, SendOutcome
from channels.wechat.errors import STALE_TOKEN, outcome_of
from channels.wechat.token import NoTokenError, TokenKeeper
from records.media import File

CALL_SECONDS = 10.0
LARGEST_FILE = 12 * 1024 * 1024
LARGEST_ANSWER = 256 * 1024
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# An answer that is packed is none of ours: a small one may unpack to a large one.
_PLAIN = {"accept-encoding": "identity"}
_FILES = ("image/", "audio/", "voice/", "video/", "application/octet-stream")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform said, as an outcome, with the body and the code to look into."""

    outcome: SendOutcome
    body: Mapping[str, Any]
    errcode: int | None = None


@dataclass(frozen=True, slots=True)
class Api:
    """Calls for one account; made again once when the platform no longer believes the token."""

    http: httpx.AsyncClient
    tokens: TokenKeeper

    async def post(self, path: str, request: Mapping[str, Any], now: datetime) -> Answer:
        """A call with a JSON body."""
        # The platform refuses \uXXXX, so the text travels as it is.
        content = json.dumps(request, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"content-type": "application/json; charset=utf-8"}
        return await self.call(path, now, content=content, headers=headers)

    async def call(
        self,
        path: str,
        now: datetime,
        *,
        method: str = "POST",
        query: Mapping[str, str] | None = None,
        **body: Any,
    ) -> Answer:
        """One call with a good token."""
        try:
            token = await self.tokens.token(now)
            answer = await self._once(method, path, _signed(query, token), body)
            if answer.errcode in STALE_TOKEN:
                token = await self.tokens.token(now, refused=token)
                answer = await self._once(method, path, _signed(query, token), body)
        except NoTokenError as error:
            return Answer(error.outcome, {})
        return answer

    async def download(self, path: str, now: datetime, media_id: str) -> File | SendOutcome:
        """A file, or by name why it did not come. Errors come as JSON with status 200."""
        try:
            token = await self.tokens.token(now)
            found, errcode = await self._file(path, media_id, token)
            if errcode in STALE_TOKEN:
                token = await self.tokens.token(now, refused=token)
                found, _ = await self._file(path, media_id, token)
        except NoTokenError as error:
            return error.outcome
        return found

    async def _once(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any]
    ) -> Answer:
        sent = {**body, "headers": {**body.get("headers", {}), **_PLAIN}}
        try:
            async with (
                asyncio.timeout(CALL_SECONDS),
                self.http.stream(
                    method, _full(path), params=dict(query), timeout=CALL_SECONDS, **sent
                ) as response,
            ):
                content = await _up_to(response, LARGEST_ANSWER)
        except (httpx.HTTPError, httpx.StreamError) as error:
            return Answer(_outcome_of_failure(error), {})
        except TimeoutError:
            return Answer(SendOutcome(Result.UNKNOWN, reason="ReadTimeout"), {})
        if content is None:
            return Answer(SendOutcome(Result.UNKNOWN, str(response.status_code), "too_large"), {})
        return read(response.status_code, content)

    async def _file(
        self, path: str, media_id: str, token: str
    ) -> tuple[File | SendOutcome, int | None]:
        query = {"access_token": token, "media_id": media_id}
        try:
            async with self.http.stream(
                "GET", f"/cgi-bin/{path}", params=query, timeout=CALL_SECONDS, headers=_PLAIN
            ) as response:
                content = await _up_to(response, LARGEST_FILE)
        except (httpx.HTTPError, httpx.StreamError) as error:
            return SendOutcome(Result.RETRY, reason=type(error).__name__), None
        if content is None:
            return SendOutcome(Result.NEVER, reason="file_too_large"), None
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status_code == httpx.codes.OK and kind.startswith(_FILES) and content:
            return File(content, kind), None
        answer = read(response.status_code, content)
        if answer.errcode is None:
            # Anything but a file or an error of the platform's may be better next time.
            return SendOutcome(Result.RETRY, str(response.status_code), "not_a_file"), None
        return answer.outcome, answer.errcode


def read(status: int, content: bytes) -> Answer:
    """The body decides. One that is no answer of the platform's tells nothing about the message."""
    body = _object(content)
    errcode = body.get("errcode")
    if not isinstance(errcode, int) or isinstance(errcode, bool):
        return Answer(SendOutcome(Result.UNKNOWN, str(status), "no_answer_in_body"), body)
    if errcode == 0:
        return Answer(SendOutcome(Result.ACCEPTED, "0"), body, 0)
    outcome = outcome_of(errcode)
    if outcome.result is Result.OPERATOR:
        log.error("wechat.operator_needed", code=outcome.code, reason=outcome.reason)
    return Answer(outcome, body, errcode)


async def _up_to(response: httpx.Response, largest: int) -> bytes | None:
    if response.headers.get("content-encoding", "identity") != "identity":
        return None
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > largest:
            return None
    return bytes(content)


def _full(path: str) -> str:
    return path if path.startswith("/") else f"/cgi-bin/{path}"


def _signed(query: Mapping[str, str] | None, token: str) -> dict[str, str]:
    return {"access_token": token, **(query or {})}


def _outcome_of_failure(error: Exception) -> SendOutcome:
    """Without a connection nothing left us; after that, nobody knows."""
    result = Result.RETRY if isinstance(error, _NEVER_LEFT) else Result.UNKNOWN
    return SendOutcome(result, reason=type(error).__name__)


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
