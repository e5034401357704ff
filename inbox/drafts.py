"""The drafts that wait for a signature: the unremarkable ones together, the others one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from care.entry import Entry
from inbox.deps import deps_of
from inbox.door import Posted, clinical_post, clinician
from inbox.page import Frame, frame, show
from records import audit, forms, signing
from records.forms import Sheet
from records.people import china_date
from records.practitioners import Visitor
from records.signing import Batch

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Line:
    """One draft of the list; without a remark it can be signed with others."""

    sheet: Sheet
    entry: Entry
    remarks: tuple[str, ...]


@router.get("/follow-ups")
async def waiting(request: Request, visitor: Annotated[Visitor, Depends(clinician)]) -> Response:
    """All drafts of the catchment."""
    deps, now = deps_of(request), deps_of(request).clock()

    def read(session: Session) -> tuple[Frame, list[Line], int]:
        found = forms.drafts(session, deps.vault, visitor.reader, now)
        lines = [_line(one, china_date(now)) for one in found]
        total = forms.drafts_waiting(session, visitor.reader)
        return frame(session, deps, visitor, now), lines, total

    around, lines, total = await deps.database.read(read)
    await deps.database.write(
        lambda session: audit.note(
            session,
            actor=visitor.reader.actor,
            action="read",
            subject="drafts",
            subject_id=visitor.reader.facility_id,
            facility_id=visitor.reader.facility_id,
            now=now,
        )
    )
    return show(
        request,
        "follow_ups.html",
        around,
        ordinary=[one for one in lines if not one.remarks],
        remarkable=sorted(
            (one for one in lines if one.remarks),
            key=lambda one: one.entry.proposal.judged.level,
            reverse=True,
        ),
        total=total,
        signed=_number(request, "signed"),
        left=_number(request, "left"),
    )


@router.post("/follow-ups")
async def sign_together(
    request: Request, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Sign the ticked drafts; whatever is no longer unremarkable stays and says why."""
    deps, now, reader = deps_of(request), deps_of(request).clock(), form.visitor.reader
    ticked = form.all("id")

    def write(session: Session) -> Batch:
        return signing.sign_many(session, deps.vault, reader, ticked, now)

    done = await deps.database.write(write)
    return RedirectResponse(f"/follow-ups?signed={len(done.signed)}&left={len(done.left)}", 303)


def _line(sheet: Sheet, today: date) -> Line:
    entry, remarks = sheet.draft(today)
    return Line(sheet, entry, remarks)


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None  # noqa: PLR2004
