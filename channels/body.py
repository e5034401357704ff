"""The body of a push, read only as far as any provider's message goes."""

from __future__ import annotations

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

LARGEST_BODY = 64 * 1024
BODY_SECONDS = 5.0


async def read_body(
    request: Request, *, largest: int = LARGEST_BODY, seconds: float = BODY_SECONDS
) -> bytes | None:
    """The body, or None as soon as it is larger or slower than any message of a provider."""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                body += piece
                if len(body) > largest:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    return bytes(body)
