"""Whether the machine lives, for the operator's monitor: no sign-in, no figures about people."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse

from inbox.deps import deps_of
from records import running

router = APIRouter()


@router.get("/health")
async def health(request: Request) -> JSONResponse:
    """200 when the database answers and a worker was heard within the last minute; else 503."""
    deps = deps_of(request)
    now = deps.clock()
    try:
        beat = await deps.database.read(running.last_beat)
    except SQLAlchemyError:
        return JSONResponse({"status": "down", "database": "down", "worker": "unknown"}, 503)
    alive = beat is not None and now - beat <= deps.worker_silence
    return JSONResponse(
        {
            "status": "ok" if alive else "down",
            "database": "ok",
            "worker": "ok" if alive else "silent",
            "worker_seconds": None if beat is None else int((now - beat).total_seconds()),
        },
        200 if alive else 503,
    )
