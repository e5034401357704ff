"""Calls to a server of ours from ordinary threads: one deadline for the whole, a bounded answer.

httpx has time-outs for each read only; a server that drips would keep a turn waiting for ever. So
the calls run on an event loop of their own, where a deadline ends them wherever they are. Proxies
of the environment are not used and redirects are not followed: what is sent may be a patient's
words.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import threading
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

import httpx

_KEPT_ALIVE_SECONDS = 60.0
# Beyond the deadline: what the loop itself may need to end a call.
_GRACE_SECONDS = 0.2
_CLOSE_SECONDS = 2.0
_MOMENTS = 5
_TOO_MANY = 429
_SERVER_ERRORS = 500


class CallFailed(Exception):  # noqa: N818 - reads as what it says
    """The server gave no usable answer. `again` tells whether another try may help."""

    def __init__(
        self, reason: str, *, status: int = 0, again: bool = True, wait: float = 0.0
    ) -> None:
        super().__init__(reason)
        self.status, self.again, self.wait = status, again, wait


class Caller:
    """One server's line: connections are kept between calls. The thread starts with the first."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self._headers = dict(headers or {})
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._http: httpx.AsyncClient | None = None

    def ask(self, method: str, url: str, body: Any, *, seconds: float, most_bytes: int) -> Any:
        """Send JSON and return the JSON of the answer.

        Raises:
            CallFailed: for whatever is not a whole, well-formed answer in time.
        """
        try:
            content = self._run(self._asked(method, url, body, seconds, most_bytes), seconds)
        except (TimeoutError, concurrent.futures.TimeoutError):
            msg = "no answer in time"
            raise CallFailed(msg) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CallFailed(type(error).__name__) from None
        try:
            return json.loads(content) if content else None
        except (ValueError, RecursionError):
            msg = "the answer is not JSON"
            raise CallFailed(msg) from None

    def close(self) -> None:
        """Hang up. The next call opens the line again."""
        with self._lock:
            loop, http, thread = self._loop, self._http, self._thread
            self._loop = self._http = self._thread = None
        if loop is not None and thread is not None:
            ended = asyncio.run_coroutine_threadsafe(_end(http), loop)
            with suppress(concurrent.futures.TimeoutError):
                ended.result(_CLOSE_SECONDS)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_CLOSE_SECONDS)

    async def _asked(
        self, method: str, url: str, body: Any, seconds: float, most_bytes: int
    ) -> bytes:
        if self._http is None:
            self._http = httpx.AsyncClient(
                timeout=None,  # noqa: S113 - the deadline below is of the whole
                trust_env=False,
                follow_redirects=False,
                headers=self._headers,
                limits=httpx.Limits(keepalive_expiry=_KEPT_ALIVE_SECONDS),
            )
        async with (
            asyncio.timeout(seconds),
            self._http.stream(method, url, json=body) as answer,
        ):
            if not answer.is_success:
                raise _refused(answer)
            content = bytearray()
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > most_bytes:
                    msg = "the answer is too large"
                    raise CallFailed(msg)
            return bytes(content)

    def _run(self, call: Coroutine[Any, Any, bytes], seconds: float) -> bytes:
        waiting = asyncio.run_coroutine_threadsafe(call, self._running())
        try:
            return waiting.result(seconds + _GRACE_SECONDS)
        finally:
            waiting.cancel()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name="calls", daemon=True
                )
                self._thread.start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _end(http: httpx.AsyncClient | None) -> None:
    """End what is still under way, then let the sockets go: they close a moment after being told."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    if http is not None:
        await http.aclose()
    for _ in range(_MOMENTS):
        await asyncio.sleep(0)


def _refused(answer: httpx.Response) -> CallFailed:
    status = answer.status_code
    again = status == _TOO_MANY or status >= _SERVER_ERRORS
    wait = answer.headers.get("retry-after", "")
    seconds = float(wait) if wait.isdecimal() else 0.0
    return CallFailed(f"status {status}", status=status, again=again, wait=seconds)
