"""One person's file, and the photos and voice messages that belong to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from inbox import taught
from inbox.averages import figures_of
from inbox.boundary import MEDIA_POLICY
from inbox.charts import charts_of
from inbox.deps import InboxDeps, deps_of
from inbox.door import clinician, not_found
from inbox.page import REFRESH_HEADER, Frame, frame, show
from inbox.words import word
from records import audit, dossier, looking
from records.dossier import Dossier, OpenedMedia
from records.practitioners import Visitor
from records.talk import Talk, talk

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
PARTS: dict[str, PartLoader] = {"lessons": taught.on_the_page}
# Parts with a place of their own on the page; the others are folded away below, in this order.
IN_PLACE = ("writing", "forms")
ORDER = (
    "emergency", "ailments", "life", "lessons", "binding", "consents", "families", "merging", "export", "erasure",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_MOMENT = 17


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
        await was_read(request, visitor, "person", person_id, found)
    return show(
        request,
        "person.html",
        around,
        person=found,
        charts=charts,
        figures=figures_of(found, now),
        parts=parts,
        beside=_beside(parts),
        flash=flash_of(request),
    )


@router.get("/persons/{person_id}/conversation")
async def conversation(
    request: Request, person_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """The messages before a moment, a page at a time."""
    deps = deps_of(request)
    now = deps.clock()
    before = _moment(request.query_params.get("before", ""))

    def read(session: Session) -> tuple[Frame, Dossier, Talk] | None:
        found = dossier.dossier(session, deps.vault, visitor.reader, person_id, now)
        if found is None:
            return None
        points = [contact.id for contact in found.contacts]
        said = talk(session, deps.vault, visitor.reader, person_id, points, before)
        return frame(session, deps, visitor, now), found, said

    loaded = await deps.database.read(read)
    if loaded is None:
        not_found()
    around, found, said = loaded
    await was_read(request, visitor, "conversation", person_id, found)
    return show(request, "conversation.html", around, person=found, said=said)


@router.get("/media/{media_id}")
async def media(
    request: Request, media_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """A photo to look at, or a voice message to download; decrypted for this reader only."""
    found = await media_for(request, media_id, visitor)
    await was_read(request, visitor, "media", media_id, found)
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


def _beside(parts: dict[str, Any]) -> list[str]:
    """The rarer parts in a fixed order, those nobody ordered at the end."""
    known = [name for name in ORDER if name in parts]
    return [*known, *(name for name in parts if name not in {*ORDER, *IN_PLACE})]


def flash_of(request: Request) -> str:
    """A word we know, from the address; anything else is nothing."""
    code = request.query_params.get("done", "")
    return code if word("flash", code) != code else ""


def _moment(text: str) -> datetime | None:
    """Microseconds since 1970, as our own links write them."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_MOMENT):
        not_found()
    return _EPOCH + timedelta(microseconds=int(text))


async def was_read(
    request: Request, visitor: Visitor, subject: str, subject_id: str, seen: Dossier | OpenedMedia
) -> None:
    """Into the audit trail; and what was written until now is no longer unread."""
    deps = deps_of(request)
    now = deps.clock()
    person_id = seen.id if isinstance(seen, Dossier) else seen.person_id

    def write(session: Session) -> None:
        audit.note(
            session,
            actor=visitor.reader.actor,
            action="read",
            subject=subject,
            subject_id=subject_id,
            person_id=person_id,
            facility_id=seen.facility_id if isinstance(seen, Dossier) else None,
            now=now,
        )
        if subject == "person":
            looking.look(session, visitor.reader.practitioner_id, person_id, now)

    await deps.database.write(write)


async def media_for(request: Request, media_id: str, visitor: Visitor) -> OpenedMedia:
    """A file of somebody in the reader's catchment; whatever else is asked for is not found."""
    deps = deps_of(request)

    def read(session: Session) -> OpenedMedia | None:
        return dossier.media(session, deps.vault, visitor.reader, media_id)

    found = await deps.database.read(read)
    return found or not_found()
