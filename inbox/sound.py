"""A voice message to be played: no browser plays AMR, so it is decoded for this reader only."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from inbox.boundary import MEDIA_POLICY
from inbox.door import clinician, not_found
from inbox.people import media_for, was_read
from records.practitioners import Visitor
from voice.sound import NoDecoderError, SoundError, decode

router = APIRouter()

# iPhones ask for pieces and play nothing without them.
_PIECE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})")
# Decoding is the only work here that a stranger's file decides the length of: one at a time.
_one_at_a_time = asyncio.Semaphore(1)


@router.get("/media/{media_id}/sound")
async def sound(
    request: Request, media_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """The recording as every browser plays it; a file that holds no sound is not found."""
    found = await media_for(request, media_id, visitor)
    if found.kind != "voice":
        not_found()
    piece = _PIECE.fullmatch(request.headers.get("range", ""))
    if piece is None or piece[1] == "0":
        await was_read(request, visitor, "media", media_id, found)
    try:
        async with _one_at_a_time:
            decoded = await asyncio.to_thread(decode, found.content)
    except (SoundError, NoDecoderError):
        not_found()
    return _answer(decoded.wav, piece)


def _answer(wav: bytes, piece: re.Match[str] | None) -> Response:
    headers = {"Accept-Ranges": "bytes", "Content-Security-Policy": MEDIA_POLICY}
    if piece is None:
        return Response(wav, media_type="audio/wav", headers=headers)
    first, last = int(piece[1]), min(int(piece[2] or len(wav)), len(wav) - 1)
    if first > last:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(wav)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(wav)}"
    return Response(wav[first : last + 1], 206, media_type="audio/wav", headers=headers)
