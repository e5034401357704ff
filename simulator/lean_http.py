"""A small HTTP/1.1 transport for load: plain loopback connections, kept alive, nothing else.

The usual pool costs about two milliseconds of CPU a request with 64 connections open. A load
generator that shares two cores with the server under test must not.
"""

import asyncio
from collections import deque
from typing import TypeAlias

import httpx

Connection: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]

END = b"\r\n"
# No connection, an early end, an endless head, something that is not HTTP.
BROKEN = (OSError, EOFError, asyncio.LimitOverrunError, ValueError, IndexError)


class LeanTransport(httpx.AsyncBaseTransport):
    """Speaks to one server without TLS, redirects or proxies."""

    def __init__(self) -> None:
        self._idle: deque[Connection] = deque()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        within = request.extensions.get("timeout", {}).get("read")
        try:
            async with asyncio.timeout(within):
                return await self._exchange(request)
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error), request=request) from error
        except BROKEN as error:
            raise httpx.ReadError(str(error), request=request) from error

    async def aclose(self) -> None:
        while self._idle:
            self._idle.pop()[1].close()

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        reader, writer = await self._connect(request)
        answered = False
        try:
            writer.write(_bytes(request))
            response = await _read(reader)
            answered = response.headers.get("connection", "").lower() != "close"
        finally:
            # Whatever went wrong, a half-read connection must not serve the next message.
            if answered:
                self._idle.append((reader, writer))
            else:
                writer.close()
        return response

    async def _connect(self, request: httpx.Request) -> Connection:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(request.url.host, request.url.port or 80)


def _bytes(request: httpx.Request) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    lines += [name + b": " + value for name, value in request.headers.raw]
    return END.join([*lines, b"", request.content])


async def _read(reader: asyncio.StreamReader) -> httpx.Response:
    head = (await reader.readuntil(END * 2)).split(END)[:-2]
    status = int(head[0].split()[1])
    headers = httpx.Headers([_header(line) for line in head[1:]])
    if headers.get("transfer-encoding") == "chunked":
        body = await _read_chunks(reader)
        del headers["transfer-encoding"]
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return httpx.Response(status, headers=headers, content=body)


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name, value.strip()


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks: list[bytes] = []
    while size := int(await reader.readuntil(END), 16):
        chunks.append(await reader.readexactly(size))
        await reader.readuntil(END)
    await reader.readuntil(END)
    return b"".join(chunks)
