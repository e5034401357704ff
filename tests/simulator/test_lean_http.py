"""The load generator's own HTTP transport against a real uvicorn."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from simulator.lean_http import LeanTransport

PORTS: set[int] = set()


async def echo(request: Request) -> Response:
    PORTS.add(request.client.port if request.client else 0)
    body = await request.body()
    headers = {"x-seen": f"{request.method} {request.url.query}"}
    return PlainTextResponse(body or b"empty", headers=headers)


async def in_pieces(_: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in ("血", "压" * 100, "!"):
            yield piece.encode()

    return StreamingResponse(pieces())


async def closing(_: Request) -> Response:
    return PlainTextResponse("bye", headers={"connection": "close"})


async def slow(_: Request) -> Response:
    await asyncio.sleep(0.3)
    return PlainTextResponse("late")


@pytest.fixture
async def client(serve: Any) -> AsyncIterator[httpx.AsyncClient]:
    PORTS.clear()
    routes = [
        Route("/echo", echo, methods=["GET", "POST"]),
        Route("/pieces", in_pieces),
        Route("/closing", closing),
        Route("/slow", slow),
    ]
    address = await serve(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=LeanTransport(), base_url=address) as client:
        yield client


async def test_a_body_and_a_query_arrive_and_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.post("/echo", params={"a": "1&2"}, content="高压<160>".encode())
    assert answer.text == "高压<160>"
    assert answer.headers["x-seen"] == "POST a=1%262"
    assert (await client.get("/echo")).text == "empty"


async def test_a_connection_is_used_again(client: httpx.AsyncClient) -> None:
    for _ in range(5):
        await client.post("/echo", content=b"x")
    assert len(PORTS) == 1
    await asyncio.gather(*[client.post("/echo", content=b"x") for _ in range(3)])
    assert len(PORTS) == 3


async def test_a_body_in_pieces_is_put_together(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await client.get("/pieces")).text == "血" + "压" * 100 + "!"


async def test_a_connection_that_the_server_closes_is_replaced(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await client.get("/closing")).text == "bye"


async def test_a_status_is_passed_on(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nowhere")).status_code == 404


async def test_a_late_answer_is_not_taken_for_the_next_one(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await client.get("/slow", timeout=0.05)
    await asyncio.sleep(0.3)
    assert (await client.get("/echo")).text == "empty"


async def test_a_server_that_is_gone_is_an_http_error(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.ReadError):
        await client.get("http://127.0.0.1:9/")


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_a_broken_answer_is_an_http_error(answer: bytes) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient(transport=LeanTransport()) as client:
        with pytest.raises(httpx.ReadError):
            await client.get(f"http://127.0.0.1:{port}/")


async def test_an_idle_connection_that_died_is_not_used(client: httpx.AsyncClient) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        for _ in range(2):
            assert (await client.get(url)).text == "ok"
            await asyncio.sleep(0.02)
