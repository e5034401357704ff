"""The figures by village and month, each with its definition and source beside it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from inbox.deps import deps_of
from inbox.door import not_found, signed_in
from inbox.page import Frame, frame, show
from records import audit
from records.practitioners import Visitor
from reports.counts import MonthlyCounts, monthly
from reports.month import Month, MonthError

router = APIRouter()


@router.get("/counts")
async def counts(request: Request, visitor: Annotated[Visitor, Depends(signed_in)]) -> Response:
    """One month of the reader's catchment."""
    deps = deps_of(request)
    now = deps.clock()
    month = _month(request.query_params.get("month"), Month.of(now))

    def read(session: Session) -> tuple[Frame, MonthlyCounts]:
        return frame(session, deps, visitor, now), monthly(session, visitor.reader, month, now)

    around, figures = await deps.database.read(read)
    await deps.database.write(
        lambda session: audit.note(
            session,
            actor=visitor.reader.actor,
            action="read",
            subject="counts",
            subject_id=str(month),
            facility_id=visitor.reader.facility_id,
            now=now,
        )
    )
    following = month.following() if month < Month.of(now) else None
    return show(request, "counts.html", around, figures=figures, following=following)


def _month(text: str | None, current: Month) -> Month:
    if not text:
        return current
    try:
        month = Month.parse(text)
    except MonthError:
        not_found()
    if month > current:
        not_found()
    return month
