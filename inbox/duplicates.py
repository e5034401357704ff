"""Records that may be one person: looked at side by side, put together or told apart, and undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.deps import deps_of
from inbox.door import Posted, not_found
from inbox.importing import importer, importer_post
from inbox.page import Frame, frame, show
from inbox.words import word
from records import audit, duplicates, merging
from records.duplicates import Done, Proposals
from records.merging import MergeError
from records.practitioners import Visitor

router = APIRouter()


@router.get("/duplicates")
async def pairs(request: Request, visitor: Annotated[Visitor, Depends(importer)]) -> Response:
    """Pairs to decide on, and what was decided."""
    deps = deps_of(request)
    now, reader = deps.clock(), visitor.reader

    def read(session: Session) -> tuple[Frame, Proposals, tuple[Done, ...]]:
        return (
            frame(session, deps, visitor, now),
            duplicates.propose(session, deps.vault, reader),
            duplicates.done(session, deps.vault, reader),
        )

    around, found, done = await deps.database.read(read)
    await deps.database.write(
        lambda session: audit.note(
            session,
            actor=reader.actor,
            action="read",
            subject="duplicates",
            subject_id=reader.facility_id,
            facility_id=reader.facility_id,
            now=now,
        )
    )
    code = request.query_params.get("done", "")
    return show(
        request,
        "duplicates.html",
        around,
        found=found,
        done=done,
        flash=code if word("flash", code) != code else "",
    )


@router.post("/duplicates")
async def decide(request: Request, form: Annotated[Posted, Depends(importer_post)]) -> Response:
    """One pair: the same person (which record stays), or two."""
    deps = deps_of(request)
    now, reader, kept, other = deps.clock(), form.visitor.reader, form["kept"], form["other"]

    def write(session: Session) -> bool:
        if form["action"] == "merge":
            return merging.merge(session, deps.vault, reader, kept, other, now) is not None
        return duplicates.distinguish(session, reader, kept, other, now)

    return await _done(request, write, "merged" if form["action"] == "merge" else "distinguished")


@router.post("/duplicates/{merger_id}/undo")
async def undo(
    request: Request, merger_id: str, form: Annotated[Posted, Depends(importer_post)]
) -> Response:
    """Two records again, each with what was its own."""
    deps = deps_of(request)
    now, reader = deps.clock(), form.visitor.reader
    return await _done(
        request,
        lambda session: merging.undo(session, deps.vault, reader, merger_id, now),
        "unmerged",
    )


async def _done(request: Request, write: Callable[[Session], bool], code: str) -> Response:
    try:
        if not await deps_of(request).database.write(write):
            not_found()
    except MergeError as error:
        code = f"merge_{error.code}"
    return RedirectResponse(f"/duplicates?done={code}", 303)
