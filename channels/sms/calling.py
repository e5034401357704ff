"""One call to a provider, with a deadline and a largest answer; what went wrong has a name.

Never an exception: without a connection nothing left us (`retry`), and after that nobody knows
(`unknown`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from channels.port import Result, SendOutcome

CALL_SECONDS = 10.0
# A connection that is slow to come is given up while it is still certain that nothing was said.
CONNECT_SECONDS = 4.0
LARGEST_ANSWER = 64 * 1024
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# An address or a secret that makes no request at all.
_MISCONFIGURED = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back; the provider's own table says what it means."""

    status: int
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")


async def call(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    seconds: float = CALL_SECONDS,
    headers: Mapping[str, str | bytes] | None = None,
    **request: Any,
) -> Answered | SendOutcome:
    """Make the call (`params`, `content`, `data`, `json`, `auth` as in httpx) and read the answer."""
    sent = {**(headers or {}), "accept-encoding": "identity"}
    lines = [(name.encode(), _bytes(value)) for name, value in sent.items()]
    timeout = httpx.Timeout(
        seconds, connect=min(CONNECT_SECONDS, seconds), pool=min(CONNECT_SECONDS, seconds)
    )
    try:
        async with (
            asyncio.timeout(seconds),
            http.stream(method, url, headers=lines, timeout=timeout, **request) as response,
        ):
            return await _read(response)
    except TimeoutError:
        return SendOutcome(Result.UNKNOWN, reason="no_answer_in_time")
    except _MISCONFIGURED as error:
        return SendOutcome(Result.OPERATOR, reason=type(error).__name__)
    except _NEVER_LEFT as error:
        return SendOutcome(Result.RETRY, reason=type(error).__name__)
    except httpx.HTTPError as error:
        return SendOutcome(Result.UNKNOWN, reason=type(error).__name__)


def site(base: str) -> tuple[str, str]:
    """Host and path of a provider's address, as signatures want them; a wrong one breaks in the call."""
    host, _, folder = base.partition("://")[2].partition("/")
    return host, f"/{folder}/".replace("//", "/")


def _bytes(value: str | bytes) -> bytes:
    """Secrets may hold any sign."""
    return value.encode() if isinstance(value, str) else value


async def _read(response: httpx.Response) -> Answered | SendOutcome:
    # We ask for none that is packed: 64 KB of a zip bomb are 64 MB.
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        return SendOutcome(Result.UNKNOWN, str(response.status_code), "answer_packed")
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > LARGEST_ANSWER:
            return SendOutcome(Result.UNKNOWN, str(response.status_code), "answer_too_large")
    return Answered(response.status_code, bytes(content))
