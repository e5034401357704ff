"""A provider that misbehaves as it is told, on a bare socket; and a clock in a hurry to outwait it."""

from __future__ import annotations

import asyncio
import gzip
import json
import selectors
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

_MEBIBYTE = 1 << 20
_HOW_DEEP = 100_000


class Behaviour(StrEnum):
    """What the provider does once it has the whole request."""

    HANG = "hangs"
    DRIP = "answers one byte at a time"
    CUT = "closes without a word"
    CUT_AFTER_HEADERS = "closes after the headers"
    CUT_BODY = "closes in the middle of its answer"
    NOT_HTTP = "speaks another protocol"
    EMPTY = "says 200 and nothing"
    PAGE = "says 200 with a web page"
    BAD_GATEWAY = "says 502 with a web page"
    NULL = "says null"
    LIST = "says a list"
    WRONG_TYPES = "says values of the wrong types"
    DEEP = "says JSON deeper than any stack"
    NOT_UNICODE = "says bytes of no charset"
    HUGE = "never ends its answer"
    BOMB = "answers with a zip bomb"
    REDIRECT = "sends us elsewhere"


# Nothing in them says yes or no.
_BODIES: Mapping[Behaviour, tuple[int, bytes]] = {
    Behaviour.EMPTY: (200, b""),
    Behaviour.PAGE: (200, b"<html><body>It works!</body></html>"),
    Behaviour.BAD_GATEWAY: (502, b"<html><body><h1>502 Bad Gateway</h1></body></html>"),
    Behaviour.NULL: (200, b"null"),
    Behaviour.LIST: (200, b'[{"errcode":0,"Code":"OK","sid":"1"}]'),
    Behaviour.WRONG_TYPES: (
        200,
        json.dumps(
            {"errcode": False, "Code": {}, "Response": 7, "BizId": [], "sid": {}, "status": 1.5}
        ).encode(),
    ),
    Behaviour.DEEP: (200, b"[" * _HOW_DEEP),
    Behaviour.NOT_UNICODE: (200, b'{"errcode": \xff\xfe\x80\x81}'),
}


@dataclass
class HostileProvider:
    """Answers `honest` paths as told, and misbehaves on every other."""

    behaviour: Behaviour
    honest: Mapping[str, bytes] = field(default_factory=dict)
    answer: tuple[int, bytes] | None = None
    url: str = ""
    sends: int = 0
    written: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = await _request(reader)
        honest = next((body for part, body in self.honest.items() if part in path), None)
        if honest is not None:
            await self._say(writer, 200, honest)
            return
        self.sends += 1
        if self.answer is not None:
            await self._say(writer, *self.answer)
            return
        await self._misbehave(reader, writer)

    async def _misbehave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self.behaviour:
            case Behaviour.HANG:
                await reader.read()
            case Behaviour.DRIP:
                await self._drip(writer)
            case Behaviour.HUGE:
                await self._endless(writer)
            case Behaviour.REDIRECT:
                await self._write(writer, _head(307, 0, f"location: {self.url}/elsewhere"))
            case _ if self.behaviour in _BODIES:
                await self._say(writer, *_BODIES[self.behaviour])
            case _:
                await self._write(writer, _WORDS[self.behaviour]())

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        await self._write(writer, _head(200, 100_000))
        while True:
            await self._write(writer, b" ")
            await asyncio.sleep(0.5)

    async def _endless(self, writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
        await self._write(writer, head)
        while self.written < 64 * _MEBIBYTE:
            await self._write(writer, b" " * 4096)

    async def _say(self, writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
        await self._write(writer, _head(status, len(body)) + body)

    async def _write(self, writer: asyncio.StreamWriter, content: bytes) -> None:
        writer.write(content)
        self.written += len(content)
        await writer.drain()


def _head(status: int, length: int, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", "content-type: application/json", "connection: close"]
    return "\r\n".join([*lines, f"content-length: {length}", *more, "", ""]).encode()


@cache
def _bomb() -> bytes:
    packed = gzip.compress(b" " * (16 * _MEBIBYTE))
    return _head(200, len(packed), "content-encoding: gzip") + packed


# What it says before it closes.
_WORDS: Mapping[Behaviour, Callable[[], bytes]] = {
    Behaviour.CUT: lambda: b"",
    Behaviour.CUT_AFTER_HEADERS: lambda: _head(200, 64),
    Behaviour.CUT_BODY: lambda: _head(200, 64) + b'{"errcode":0,"Code":"OK"',
    Behaviour.NOT_HTTP: lambda: b"\x16\x03\x01\x00\x05hello\r\n\r\n",
    Behaviour.BOMB: _bomb,
}


async def _request(reader: asyncio.StreamReader) -> str:
    """Read a whole request; its path."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    for line in head.splitlines():
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            await reader.readexactly(int(value))
    return head.split(" ", 2)[1]


@asynccontextmanager
async def hostile(
    behaviour: Behaviour,
    honest: Mapping[str, bytes] | None = None,
    answer: tuple[int, bytes] | None = None,
) -> AsyncIterator[HostileProvider]:
    """Serve until the block ends. `answer`: say just this instead."""
    provider = HostileProvider(behaviour, honest or {}, answer)
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        server.close()


class _HurriedSelector(selectors.DefaultSelector):
    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / self._speed if timeout else timeout)


class HurriedLoop(asyncio.SelectorEventLoop):
    """A loop whose seconds are short: what waits ten of them is done in a fraction of one."""

    def __init__(self, speed: float = 10.0) -> None:
        self._speed = speed
        super().__init__(_HurriedSelector(speed))

    def time(self) -> float:
        return time.monotonic() * self._speed
