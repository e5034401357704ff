"""The county writes down how many patients it thinks an area has."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from care.situation import Programme
from inbox.deps import deps_of
from inbox.door import Posted, not_found, posted
from inbox.figures import may_estimate
from records import audit, estimates
from records.estimates import Estimate, EstimateError
from records.reader import Reader
from records.tables import Facility
from reports.month import Month, MonthError

router = APIRouter()


@router.post("/reports/estimates")
async def estimate(request: Request, form: Annotated[Posted, Depends(posted)]) -> Response:
    """Keep an estimate; it counts from now on."""
    deps = deps_of(request)
    now = deps.clock()
    if not may_estimate(form.visitor):
        raise HTTPException(404)
    month, programme = _month(form["month"]), _programme(form["programme"])
    back = {"area": form["back"] or form["area"], "month": str(month)}
    patients = int(form["patients"]) if form["patients"].isdecimal() else 0
    given = Estimate(form["area"], programme, month.year, patients, form["source"])
    reader = form.visitor.reader

    def write(session: Session) -> str:
        if not _inside(session, reader, given.facility_id):
            return "area"
        try:
            row = estimates.put(session, given, by=reader.actor, now=now)
        except EstimateError as error:
            return error.reason
        audit.note(
            session,
            actor=reader.actor,
            action="estimate",
            subject="facility",
            subject_id=given.facility_id,
            facility_id=given.facility_id,
            now=now,
            detail={"estimate": row.id, "patients": row.patients, "year": row.year},
        )
        return ""

    problem = await deps.database.write(write)
    if problem == "area":
        not_found()
    back |= {"problem": problem} if problem else {"done": "estimate"}
    return RedirectResponse(f"/reports?{urlencode(back)}", 303)


def _inside(session: Session, reader: Reader, facility_id: str) -> bool:
    statement = select(Facility.id).where(col(Facility.id) == facility_id).where(reader.catchment())
    return session.exec(statement).first() is not None


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except MonthError:
        not_found()


def _programme(text: str) -> Programme:
    if text not in set(Programme):
        not_found()
    return Programme(text)
