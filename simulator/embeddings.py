"""A scripted server of OpenAI's `/embeddings`: alike texts get alike vectors, or anything goes wrong.

No model: a vector counts hashed pairs of characters. Prefixes count like any other text.
"""

import asyncio
import hashlib
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from simulator.upstream import fail, not_json, problem, stall, too_many

LENGTH = 64
_DRIP = 0.05


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asked for."""

    texts: list[str]
    model: str
    authorization: str
    path: str


Script: TypeAlias = Callable[[Wanted], Awaitable[Response]]


def vector(text: str, length: int = LENGTH) -> list[float]:
    """Count hashed pairs of characters; the whole has the length one."""
    counts = [0.01] * length
    for first, second in pairwise(text):
        digest = hashlib.blake2s(f"{first}{second}".encode(), digest_size=4).digest()
        counts[int.from_bytes(digest, "big") % length] += 1
    norm = math.sqrt(sum(count * count for count in counts))
    return [count / norm for count in counts]


def rows(texts: list[str], length: int = LENGTH) -> list[dict[str, Any]]:
    return [
        {"object": "embedding", "index": at, "embedding": vector(text, length)}
        for at, text in enumerate(texts)
    ]


def answer(data: Any, model: str = "hashed") -> Response:
    return JSONResponse({"object": "list", "data": data, "model": model})


async def embed(wanted: Wanted) -> Response:
    """Answer as one should, the last vector first: the order is told by `index`."""
    return answer(rows(wanted.texts)[::-1], wanted.model)


def of_length(length: int) -> Script:
    """Another model behind the same name."""

    async def script(wanted: Wanted) -> Response:
        return answer(rows(wanted.texts, length))

    return script


def at_most(count: int) -> Script:
    """Refuse more texts at once, as hosted services do."""

    async def script(wanted: Wanted) -> Response:
        if len(wanted.texts) > count:
            return problem(400, f"batch size must not exceed {count}")
        return answer(rows(wanted.texts))

    return script


def now_and_then(times: int, status: int = 503, wait: str = "") -> Script:
    """Fail so many times, then work."""
    left = [times]

    async def script(wanted: Wanted) -> Response:
        if left[0] > 0:
            left[0] -= 1
            refused = problem(status, "busy")
            if wait:
                refused.headers["retry-after"] = wait
            return refused
        return answer(rows(wanted.texts))

    return script


async def refuse(_: Wanted) -> Response:
    return problem(401, "invalid api key")


async def too_few(wanted: Wanted) -> Response:
    return answer(rows(wanted.texts)[1:])


async def twice_the_same(wanted: Wanted) -> Response:
    return answer([{"index": 0, "embedding": vector(text)} for text in wanted.texts])


async def uneven(wanted: Wanted) -> Response:
    """Vectors of different lengths in one answer."""
    return answer([*rows(wanted.texts)[:-1], *rows(wanted.texts, LENGTH - 1)[-1:]])


async def nan(wanted: Wanted) -> Response:
    """Numbers that are none, as some servers print them."""
    body = json.dumps({"data": [{**row, "embedding": [math.nan]} for row in rows(wanted.texts)]})
    return Response(body, media_type="application/json")


async def zeros(wanted: Wanted) -> Response:
    return answer([{**row, "embedding": [0.0] * LENGTH} for row in rows(wanted.texts)])


async def words(wanted: Wanted) -> Response:
    return answer([{**row, "embedding": "AAAA"} for row in rows(wanted.texts)])


async def a_list(_: Wanted) -> Response:
    return JSONResponse([1, 2, 3])


async def html(_: Wanted) -> Response:
    """What a captive portal says, with a status of 200."""
    return Response("<html>please log in</html>", media_type="text/html")


async def brackets(_: Wanted) -> Response:
    return Response("[" * 100_000, media_type="application/json")


async def redirect(_: Wanted) -> Response:
    return RedirectResponse("/elsewhere")


async def drip(_: Wanted) -> Response:
    """One byte after another, each in time, for ever."""

    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(_DRIP)

    return StreamingResponse(drops(), media_type="application/json")


async def endless(_: Wanted) -> Response:
    """More than any answer can be."""

    async def flood() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield b" " * 65_536
            await asyncio.sleep(0)

    return StreamingResponse(flood(), media_type="application/json")


SCRIPTS: dict[str, Script] = {
    script.__name__: script
    for script in (
        stall,
        fail,
        too_many,
        not_json,
        refuse,
        too_few,
        twice_the_same,
        uneven,
        nan,
        zeros,
        words,
        a_list,
        html,
        brackets,
        redirect,
        drip,
        endless,
    )
}


@dataclass(slots=True)
class EmbeddingsStand:
    """Holds the script in use and what was asked; both may be read and set by a test."""

    script: Script = embed
    asked: list[Wanted] = field(default_factory=list)
    elsewhere: int = 0

    async def embeddings(self, request: Request) -> Response:
        body = await request.json()
        texts = body.get("input")
        if not body.get("model") or not isinstance(texts, list):
            return problem(422, "model and input are required")
        header = request.headers.get("authorization", "")
        wanted = Wanted(texts, body["model"], header, str(request.url.path))
        self.asked.append(wanted)
        return await self.script(wanted)

    async def wander(self, _: Request) -> Response:
        self.elsewhere += 1
        return answer(rows(["elsewhere"]))


def create_embeddings_app(stand: EmbeddingsStand | None = None) -> Starlette:
    """Build the server; `app.state.stand` is the stand."""
    stand = stand or EmbeddingsStand()
    app = Starlette(
        routes=[
            Route("/v1/embeddings", stand.embeddings, methods=["POST"]),
            Route("/elsewhere", stand.wander, methods=["GET", "POST"]),
        ]
    )
    app.state.stand = stand
    return app
