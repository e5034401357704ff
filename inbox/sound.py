"""A voice message to be played: no browser plays AMR, so it is decoded for this reader only."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, HTTPException
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import Response

from inbox.boundary import MEDIA_POLICY
from inbox.deps import deps_of
from inbox.door import clinician, not_found
from inbox.people import media_for, was_read
from records.practitioners import Visitor
from records.tables import AuditEvent
from voice.sound import NoDecoderError, SoundError, decode

router = APIRouter()
log = structlog.get_logger("inbox")

# iPhones ask for pieces and play nothing without them.
_PIECE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})")
# The pieces of one listening follow each other, and it is written down once.
_ONE_LISTENING = timedelta(minutes=10)
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
    if not await _still_listening(request, visitor, media_id):
        await was_read(request, visitor, "media", media_id, found)
    try:
        async with _one_at_a_time:
            decoded = await asyncio.to_thread(decode, found.content)
    except SoundError:
        not_found()
    except NoDecoderError as error:
        log.error("sound.no_decoder", tool=str(error))  # noqa: TRY400 - the tool says it all
        raise HTTPException(503) from None
    return _answer(decoded.wav, _PIECE.fullmatch(request.headers.get("range", "")))


async def _still_listening(request: Request, visitor: Visitor, media_id: str) -> bool:
    """Whether it is written down already that this reader opened this file just now."""
    deps = deps_of(request)
    query = select(AuditEvent.id).where(
        AuditEvent.actor == visitor.reader.actor,
        AuditEvent.action == "read",
        AuditEvent.subject == "media",
        AuditEvent.subject_id == media_id,
        col(AuditEvent.at) > deps.clock() - _ONE_LISTENING,
    )

    def read(session: Session) -> bool:
        return session.exec(query.limit(1)).first() is not None

    return await deps.database.read(read)


def _answer(wav: bytes, piece: re.Match[str] | None) -> Response:
    headers = {"Accept-Ranges": "bytes", "Content-Security-Policy": MEDIA_POLICY}
    if piece is None:
        return Response(wav, media_type="audio/wav", headers=headers)
    first, last = int(piece[1]), min(int(piece[2] or len(wav)), len(wav) - 1)
    if first > last:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(wav)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(wav)}"
    return Response(wav[first : last + 1], 206, media_type="audio/wav", headers=headers)
