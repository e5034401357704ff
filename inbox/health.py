"""Whether the machine lives, for the operator's monitor: no sign-in, no figures about people.

Beside it four numbers about what goes out: how long the oldest message that should have gone has
waited, how many may be lost, how many alarms stand, and whether everything is stopped.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse

from channels.limits import peace_ended_at
from inbox.deps import deps_of
from records import channel_board, running
from records.channel_board import Pulse

router = APIRouter()


@router.get("/health")
async def health(request: Request) -> JSONResponse:
    """200 when the database answers and a worker was heard within the last minute; else 503."""
    deps = deps_of(request)
    now = deps.clock()

    def look(session: Session) -> tuple[datetime | None, Pulse]:
        return running.last_beat(session), channel_board.pulse(session, now, peace_ended_at(now))

    try:
        beat, pulse = await deps.database.read(look)
    except SQLAlchemyError:
        return JSONResponse({"status": "down", "database": "down", "worker": "unknown"}, 503)
    alive = beat is not None and now - beat <= deps.worker_silence
    return JSONResponse(
        {
            "status": "ok" if alive else "down",
            "database": "ok",
            "worker": "ok" if alive else "silent",
            "worker_seconds": None if beat is None else int((now - beat).total_seconds()),
            **asdict(pulse),
        },
        200 if alive else 503,
    )
