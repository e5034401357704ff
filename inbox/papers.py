"""The form on paper: a page to print, and the same as a PDF."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from care.proposal import Suggestion
from inbox import people
from inbox.deps import InboxDeps, deps_of
from inbox.door import clinician, not_found
from inbox.page import show
from records import audit, calls, papers
from records.dossier import Dossier
from records.papers import COLUMNS, Paper
from records.practitioners import Visitor
from records.tables import FollowUp

router = APIRouter()


@router.get("/follow-ups/{follow_up_id}.pdf")
async def pdf(
    request: Request, follow_up_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """The form as a PDF with the typeface inside."""
    # Here, because drawing needs a library that the other pages do without.
    from reports.form_pdf import form_pdf  # noqa: PLC0415 - see above

    paper = await _paper(request, follow_up_id, visitor, "pdf")
    drawn = await asyncio.to_thread(form_pdf, paper)
    name = f"follow-up-{follow_up_id[:8]}.pdf"
    return Response(
        drawn,
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


@router.get("/follow-ups/{follow_up_id}/print")
async def printed(
    request: Request, follow_up_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """The form as a page that prints on one sheet."""
    paper = await _paper(request, follow_up_id, visitor, "print")
    empty = range(COLUMNS - len(paper.columns))
    return show(request, "form_print.html", None, paper=paper, empty=empty, id=follow_up_id)


async def _paper(request: Request, follow_up_id: str, visitor: Visitor, action: str) -> Paper:
    deps, now = deps_of(request), deps_of(request).clock()

    def read(session: Session) -> Paper | None:
        return papers.paper(session, deps.vault, visitor.reader, follow_up_id, now)

    found = await deps.database.read(read)
    if found is None:
        not_found()
    await deps.database.write(
        lambda session: audit.note(
            session,
            actor=visitor.reader.actor,
            action=action,
            subject="follow_up",
            subject_id=follow_up_id,
            person_id=found.who.id,
            now=now,
        )
    )
    return found


@dataclass(frozen=True, slots=True)
class Shelf:
    """On a person's page: the signed forms, the latest first, and what they suggest to the doctor."""

    signed: tuple[FollowUp, ...]
    suggestions: tuple[Suggestion, ...]


def on_the_page(
    session: Session, _deps: InboxDeps, _visitor: Visitor, person: Dossier, now: datetime
) -> Shelf:
    """The person has been found through the reader already."""
    found = calls.because(session, [person.id], now)[person.id]
    return Shelf(papers.latest(session, person.id), found.suggestions)


people.PARTS["forms"] = on_the_page
