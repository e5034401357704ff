"""A transport that ends: an answer that drips or has no end is cut off, whoever sends it.

The time-outs of the client are for each piece; a server that sends one byte a second would keep a
turn waiting for ever. `httpx2` is the library that the OpenAI client speaks through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic

import httpx2

MOST_BYTES = 256_000


class BoundedTransport(httpx2.BaseTransport):
    """Gives an answer `seconds` in all and `MOST_BYTES`; what is beyond is a failed read."""

    def __init__(
        self,
        seconds: float,
        inner: httpx2.BaseTransport | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._seconds = seconds
        self._inner = inner or httpx2.HTTPTransport(trust_env=False)
        self._clock = clock

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        ends = self._clock() + self._seconds
        answer = self._inner.handle_request(request)
        if not isinstance(answer.stream, httpx2.SyncByteStream):
            return answer
        answer.stream = _Bounded(answer.stream, ends, self._clock)
        return answer

    def close(self) -> None:
        self._inner.close()


class _Bounded(httpx2.SyncByteStream):
    def __init__(
        self, stream: httpx2.SyncByteStream, ends: float, clock: Callable[[], float]
    ) -> None:
        self._stream, self._ends, self._clock = stream, ends, clock

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._stream:
            size += len(piece)
            if size > MOST_BYTES:
                msg = "the answer has no end"
                raise httpx2.ReadError(msg)
            if self._clock() > self._ends:
                msg = "the answer drips"
                raise httpx2.ReadTimeout(msg)
            yield piece

    def close(self) -> None:
        self._stream.close()
