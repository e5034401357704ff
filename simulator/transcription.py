"""A scripted server of OpenAI's `/audio/transcriptions`: every way in which listening can go wrong.

It hears nothing: it says what it was told to say, and keeps what it was sent for a test to look at.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import (
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from simulator.upstream import fail, not_json, problem, stall, too_many

LIE = "血压120，80，一切都好。"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a client sent."""

    file: bytes
    file_name: str
    fields: dict[str, str]
    authorization: str


Script: TypeAlias = Callable[[Spoken], Awaitable[Response]]


def hears(text: str) -> Script:
    """Answer with these words."""

    async def script(_: Spoken) -> Response:
        return JSONResponse({"text": text})

    return script


async def lie(_: Spoken) -> Response:
    """Answer properly with what nobody said."""
    return JSONResponse({"text": LIE})


async def refuse(_: Spoken) -> Response:
    return problem(401, "invalid api key")


async def garbage(_: Spoken) -> Response:
    return Response(b'{"text": "\xff', media_type="application/json")


async def wrong_shape(_: Spoken) -> Response:
    return JSONResponse({"text": {"segments": []}})


async def a_list(_: Spoken) -> Response:
    return JSONResponse(["血压120，80"])


async def redirect(_: Spoken) -> Response:
    """Send the voice elsewhere; a client must not follow."""
    return RedirectResponse("/elsewhere")


async def endless(_: Spoken) -> Response:
    """Answer with more than anybody can say in a minute: ten megabytes."""

    async def words() -> AsyncIterator[bytes]:
        yield b'{"text": "'
        for _ in range(400):
            yield "血压".encode() * 4096
            await asyncio.sleep(0)

    return StreamingResponse(words(), media_type="application/json")


SCRIPTS: dict[str, Script] = {
    script.__name__: script
    for script in (
        lie,
        stall,
        fail,
        too_many,
        refuse,
        garbage,
        not_json,
        wrong_shape,
        a_list,
        redirect,
        endless,
    )
}


@dataclass(slots=True)
class TranscriptionStand:
    """Holds the script in use and what was sent; both may be read and set by a test."""

    script: Script = field(default_factory=lambda: hears("空腹血糖6.5"))
    heard: list[Spoken] = field(default_factory=list)
    elsewhere: int = 0

    async def transcribe(self, request: Request) -> Response:
        async with request.form() as form:
            upload = form.get("file")
            if not isinstance(upload, UploadFile) or not form.get("model"):
                return problem(422, "file and model are required")
            fields = {name: str(value) for name, value in form.items() if name != "file"}
            spoken = Spoken(
                await upload.read(),
                upload.filename or "",
                fields,
                request.headers.get("authorization", ""),
            )
        self.heard.append(spoken)
        return await self.script(spoken)

    async def wander(self, _: Request) -> Response:
        self.elsewhere += 1
        return JSONResponse({"text": LIE})


def create_transcription_app(stand: TranscriptionStand | None = None) -> Starlette:
    """Build the server; `app.state.stand` is the stand."""
    stand = stand or TranscriptionStand()
    app = Starlette(
        routes=[
            Route("/v1/audio/transcriptions", stand.transcribe, methods=["POST"]),
            Route("/elsewhere", stand.wander, methods=["GET", "POST"]),
        ]
    )
    app.state.stand = stand
    return app
