"""The bad days that every OpenAI-compatible service has, whatever it was asked."""

import asyncio

from starlette.responses import JSONResponse, PlainTextResponse, Response

FOREVER = 3600.0


async def stall(_: object) -> Response:
    await asyncio.sleep(FOREVER)
    return PlainTextResponse("")


async def fail(_: object) -> Response:
    return problem(500, "the model crashed")


async def too_many(_: object) -> Response:
    return problem(429, "rate limit reached")


async def not_json(_: object) -> Response:
    return PlainTextResponse("<html>upstream sent too big header</html>")


def problem(status: int, message: str) -> Response:
    error = {"message": message, "type": "scripted", "code": None, "param": None}
    return JSONResponse({"error": error}, status_code=status)
