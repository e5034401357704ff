"""One person's file, and the photos and voice messages that belong to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from inbox.boundary import MEDIA_POLICY
from inbox.charts import charts_of
from inbox.deps import InboxDeps, deps_of
from inbox.door import clinician, not_found
from inbox.page import REFRESH_HEADER, Frame, frame, show
from records import audit, dossier
from records.dossier import Dossier, OpenedMedia
from records.practitioners import Visitor

# What a browser may draw. Everything else is a download, under a name of ours.
_SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
    "video/mp4": "mp4",
}

router = APIRouter()

# What other modules put on this page: a loader each, drawn by `person_<name>.html` as `part`.
PartLoader = Callable[[Session, InboxDeps, Visitor, Dossier, datetime], Any]
PARTS: dict[str, PartLoader] = {}


@router.get("/persons/{person_id}")
async def person(
    request: Request, person_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """The file of one person, whether or not anything is open."""
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, Dossier, dict[str, Any]] | None:
        found = dossier.dossier(session, deps.vault, visitor.reader, person_id, now)
        if found is None:
            return None
        parts = {name: load(session, deps, visitor, found, now) for name, load in PARTS.items()}
        return frame(session, deps, visitor, now), found, parts

    loaded = await deps.database.read(read)
    if loaded is None:
        not_found()
    around, found, parts = loaded
    charts = await asyncio.to_thread(charts_of, found, now)
    if REFRESH_HEADER not in request.headers:
        await _note(request, visitor, "person", person_id, found.id)
    return show(request, "person.html", around, person=found, charts=charts, parts=parts)


@router.get("/media/{media_id}")
async def media(
    request: Request, media_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """A photo to look at, or a voice message to download; decrypted for this reader only."""
    deps = deps_of(request)

    def read(session: Session) -> OpenedMedia | None:
        return dossier.media(session, deps.vault, visitor.reader, media_id)

    found = await deps.database.read(read)
    if found is None:
        not_found()
    await _note(request, visitor, "media", media_id, found.person_id)
    kind = found.content_type.partition(";")[0].strip().lower()
    shown = kind in _SHOWN
    name = f"{media_id}.{_ENDINGS.get(kind, 'bin')}"
    return Response(
        found.content,
        media_type=kind if kind in _ENDINGS else "application/octet-stream",
        headers={
            "Content-Security-Policy": MEDIA_POLICY,
            "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{name}"',
        },
    )


async def _note(
    request: Request, visitor: Visitor, subject: str, subject_id: str, person_id: str
) -> None:
    deps = deps_of(request)
    now = deps.clock()
    await deps.database.write(
        lambda session: audit.note(
            session,
            actor=visitor.reader.actor,
            action="read",
            subject=subject,
            subject_id=subject_id,
            person_id=person_id,
            now=now,
        )
    )
