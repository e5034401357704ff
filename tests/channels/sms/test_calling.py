"""One call to a provider: whatever goes wrong has a name and is no exception."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import httpx
import pytest

from channels.port import Result, SendOutcome
from channels.sms.calling import LARGEST_ANSWER, Answered, call
from tests.channels.world import a_port

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as made:
        yield made


async def _called(
    http: httpx.AsyncClient,
    serve: Serve,
    seconds: float = 2.0,
    headers: Mapping[str, str] | None = None,
) -> object:
    """What `call` makes of a server that answers in its own way."""
    listening, url = a_port()
    done = asyncio.Event()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                await serve(reader, writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        finally:
            done.set()

    async with await asyncio.start_server(served, sock=listening):
        outcome = await call(http, "POST", url, seconds=seconds, headers=headers, content=b"words")
        await http.aclose()
        await done.wait()
    return outcome


def _answers(content: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"words")
        writer.write(content)
        await writer.drain()

    return serve


async def test_an_answer_comes_back_with_its_status(http: httpx.AsyncClient) -> None:
    raw = b"HTTP/1.1 403 no\r\ncontent-length: 2\r\n\r\nno"
    assert await _called(http, _answers(raw)) == Answered(403, b"no")


async def test_a_secret_of_any_sign_makes_a_request(http: httpx.AsyncClient) -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 ok\r\ncontent-length: 0\r\n\r\n")

    assert await _called(http, serve, headers={"x-secret": "密"}) == Answered(200, b"")
    assert "密".encode() in seen[0]


async def test_a_packed_answer_is_not_unpacked(http: httpx.AsyncClient) -> None:
    packed = gzip.compress(b"0" * 50_000_000)
    head = b"HTTP/1.1 200 ok\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n"
    answer = await _called(http, _answers(head % len(packed) + packed))
    assert answer == SendOutcome(Result.UNKNOWN, "200", "answer_packed")


async def test_nobody_there_means_that_nothing_was_sent(http: httpx.AsyncClient) -> None:
    listening, url = a_port()
    listening.close()
    assert await call(http, "POST", url) == SendOutcome(Result.RETRY, reason="ConnectError")


async def test_settings_that_make_no_request_are_for_the_operator(http: httpx.AsyncClient) -> None:
    no_address = await call(http, "POST", "gateway/without/scheme")
    assert no_address == SendOutcome(Result.OPERATOR, reason="UnsupportedProtocol")
    listening, url = a_port()
    with listening:
        no_header = await call(http, "POST", url, headers={"x-secret": "two\nlines"})
    assert no_header == SendOutcome(Result.OPERATOR, reason="LocalProtocolError")


async def test_silence_may_mean_that_it_was_sent(http: httpx.AsyncClient) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    answer = await _called(http, serve, seconds=0.1)
    assert isinstance(answer, SendOutcome)
    assert answer.result is Result.UNKNOWN


async def test_an_answer_in_drops_ends_at_the_deadline(http: httpx.AsyncClient) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 ok\r\ncontent-length: 999\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    started = asyncio.get_running_loop().time()
    answer = await _called(http, serve, seconds=0.2)
    assert answer == SendOutcome(Result.UNKNOWN, reason="no_answer_in_time")
    assert asyncio.get_running_loop().time() - started < 1


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 ok\r\ncontent-length: 64\r\n\r\nhalf",
        b"\x00\xffgarbage\r\n\r\n",
        b"",
        b"HTTP/1.1 200 ok\r\n\r\n" + b"x" * (LARGEST_ANSWER + 1),
    ],
    ids=["cut off", "no HTTP", "hung up", "endless"],
)
async def test_what_is_no_answer_leaves_it_open(http: httpx.AsyncClient, raw: bytes) -> None:
    answer = await _called(http, _answers(raw))
    assert isinstance(answer, SendOutcome)
    assert answer.result is Result.UNKNOWN
