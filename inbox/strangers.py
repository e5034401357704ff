"""People who wrote and whom nobody knows yet: recognised, registered or dismissed with one tap."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox import welcoming
from inbox.binding import RELATIONS
from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, clinical_post, clinician, not_found
from inbox.page import Frame, frame, show
from inbox.words import word
from records import audit, finding, queue, strangers
from records.finding import Wish
from records.links import SELF
from records.practitioners import Visitor
from records.queue import Candidate, Stranger
from records.reader import Reader
from records.tables import Person

_MOST_SOUGHT = 8

router = APIRouter()


@router.get("/strangers")
async def waiting(request: Request, visitor: Annotated[Visitor, Depends(clinician)]) -> Response:
    """Everybody who wrote and is not known, with who it may be."""
    deps = deps_of(request)
    now, reader = deps.clock(), visitor.reader

    sought, words = request.query_params.get("for", ""), request.query_params.get("q", "").strip()

    def read(session: Session) -> tuple[Frame, tuple[Stranger, ...]]:
        found = queue.waiting(session, deps.vault, reader)
        if sought and words:
            found = _with_sought(session, deps, reader, found, sought, words, now)
        return frame(session, deps, visitor, now), found

    around, found = await deps.database.read(read)
    await deps.database.write(lambda session: _note_read(session, visitor, found, now))
    done = request.query_params.get("done", "")
    return show(
        request,
        "strangers.html",
        around,
        found=found,
        relations=RELATIONS,
        sought=sought,
        words=words,
        flash=done if word("flash", done) != done else "",
    )


def _with_sought(
    session: Session,
    deps: InboxDeps,
    reader: Reader,
    found: tuple[Stranger, ...],
    sought: str,
    words: str,
    now: datetime,
) -> tuple[Stranger, ...]:
    """The doctor knows who it is: whoever of the register fits what was typed."""
    entries = finding.find(session, deps.vault, reader, Wish(words=words), now).entries
    candidates = tuple(
        Candidate(one.id, one.name, one.sex, one.born_on, one.village, "sought")
        for one in entries
        if one.status in queue.REGISTERED
    )[:_MOST_SOUGHT]
    return tuple(
        replace(one, candidates=candidates) if one.person_id == sought else one for one in found
    )


def _note_read(
    session: Session, visitor: Visitor, found: tuple[Stranger, ...], now: datetime
) -> None:
    for one in found:
        audit.note(
            session,
            actor=visitor.reader.actor,
            action="read",
            subject="stranger",
            subject_id=one.person_id,
            person_id=one.person_id,
            now=now,
        )


@router.post("/strangers/{person_id}/same")
async def same(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """It is she: everything kept for the stranger goes over to her."""
    deps = deps_of(request)
    now, reader, meant = deps.clock(), form.visitor.reader, form["person"]
    relation = form["relation"] if form["relation"] in RELATIONS else SELF
    moved = await deps.database.write(
        lambda session: welcoming.identify(
            session, deps.vault, reader, person_id, meant, now, relation=relation
        )
    )
    if moved is None:
        not_found()
    if not moved:
        return RedirectResponse("/strangers?done=late", 303)
    return RedirectResponse(f"/persons/{meant}/binding?done=identified", 303)


@router.post("/strangers/{person_id}/dismiss")
async def dismiss(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Nobody of ours. An alarm would still be raised."""
    deps = deps_of(request)
    now, reader = deps.clock(), form.visitor.reader

    def write(session: Session) -> bool | None:
        stranger = session.exec(
            select(Person).where(Person.id == person_id).where(reader.people())
        ).first()
        if stranger is None:
            return None
        return strangers.dismiss(session, stranger, now, actor=reader.actor)

    gone = await deps.database.write(write)
    if gone is None:
        not_found()
    return RedirectResponse(f"/strangers?done={'dismissed' if gone else 'late'}", 303)
