"""The bureau's page: figures of an area and a month, from the county down to the village."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.deps import InboxDeps, deps_of
from inbox.door import not_found, signed_in
from inbox.page import REFRESH_HEADER, Frame, frame, show
from inbox.plots import bar_plots, trend_plots
from records import audit, practitioners
from records.practitioners import Visitor
from records.tables import Facility, Practitioner
from reports import closing
from reports.asking import questions
from reports.definition import definitions, settings_words
from reports.grid import corrections_text, grids, title
from reports.month import Month, MonthError
from reports.report import Report, Scope, build
from reports.trend import Course, bars, courses

router = APIRouter()

_MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A report and what the page shows around it."""

    report: Report
    trend: tuple[Course, ...]
    months: tuple[Month, ...]
    may_estimate: bool


async def figure_reader(visitor: Annotated[Visitor, Depends(signed_in)]) -> Visitor:
    """The bureau and the clinicians; for others the page does not exist."""
    if not visitor.reader.sees_figures:
        raise HTTPException(404)
    return visitor


@router.get("/counts")
async def counts(_visitor: Annotated[Visitor, Depends(figure_reader)]) -> Response:
    """Where the figures used to stand."""
    return RedirectResponse("/reports", 301)


@router.get("/reports")
async def reports(
    request: Request, visitor: Annotated[Visitor, Depends(figure_reader)]
) -> Response:
    """One month of an area of the reader's catchment."""
    deps = deps_of(request)
    now = deps.clock()
    month = _month(request.query_params.get("month"), visitor, now)
    area = request.query_params.get("area") or visitor.reader.facility_id

    def read(session: Session) -> tuple[Frame, Opened] | None:
        report = _build(session, deps, visitor, area, month, now)
        if report is None:
            return None
        first = closing.first_month(session, now, definitions().rules)
        opened = Opened(
            report=report,
            trend=courses(session, scope_of(visitor), area, month, now),
            months=tuple(reversed(min(first, month).until(Month.of(now)))),
            may_estimate=may_estimate(visitor),
        )
        return frame(session, deps, visitor, now), opened

    loaded = await deps.database.read(read)
    if loaded is None:
        not_found()
    around, opened = loaded
    if REFRESH_HEADER not in request.headers:
        await _note(deps, visitor, "read", opened.report)
    trend = await asyncio.to_thread(trend_plots, opened.trend)
    places = await asyncio.to_thread(bar_plots, bars(opened.report))
    return show(
        request,
        "reports.html",
        around,
        report=opened.report,
        grids=grids(opened.report),
        corrections=corrections_text(opened.report),
        rules=settings_words(opened.report.definitions.rules),
        questions=questions(opened.report),
        trend=trend,
        places=places,
        months=opened.months,
        running=Month.of(now),
        may_estimate=opened.may_estimate,
        done=request.query_params.get("done", ""),
        problem=request.query_params.get("problem", ""),
    )


@router.get("/reports/export")
async def export(request: Request, visitor: Annotated[Visitor, Depends(figure_reader)]) -> Response:
    """The same report as a file."""
    deps = deps_of(request)
    now = deps.clock()
    kind = request.query_params.get("format", "xlsx")
    if kind not in _MEDIA_TYPES:
        not_found()
    month = _month(request.query_params.get("month"), visitor, now)
    area = request.query_params.get("area") or visitor.reader.facility_id
    report = await deps.database.read(
        lambda session: _build(session, deps, visitor, area, month, now)
    )
    if report is None:
        not_found()
    content = await asyncio.to_thread(_written, kind, report)
    await _note(deps, visitor, "export", report, kind)
    name = quote(f"{title(report)}.{kind}")
    return Response(
        content,
        media_type=_MEDIA_TYPES[kind],
        headers={
            "Content-Disposition": f"attachment; filename=\"{month}.{kind}\"; filename*=UTF-8''{name}"
        },
    )


def _written(kind: str, report: Report) -> bytes:
    """The file. The writers are loaded when somebody asks: the web process stays small."""
    from reports.comma import comma  # noqa: PLC0415
    from reports.paper import paper  # noqa: PLC0415
    from reports.spreadsheet import spreadsheet  # noqa: PLC0415

    write = {"xlsx": spreadsheet, "pdf": paper, "csv": comma}[kind]
    return write(report)


def scope_of(visitor: Visitor) -> Scope:
    """What this visitor may see."""
    return Scope(visitor.reader.facility_path, visitor.reader.sees_people)


def may_estimate(visitor: Visitor) -> bool:
    """The county says how many patients it thinks it has."""
    at_the_top = visitor.reader.facility_path.count("/") == 1
    return at_the_top and visitor.reader.role in {"bureau_officer", "county_duty"}


def _build(
    session: Session,
    deps: InboxDeps,
    visitor: Visitor,
    area: str,
    month: Month,
    now: datetime,
) -> Report | None:
    names = _names(session, deps, visitor)
    return build(session, scope_of(visitor), area, month, now, names)


def _names(session: Session, deps: InboxDeps, visitor: Visitor) -> dict[str, str]:
    """The names of the doctors of the catchment."""
    rows = session.execute(
        select(col(Practitioner.id), col(Practitioner.name_sealed))
        .join(Facility, col(Facility.id) == col(Practitioner.facility_id))
        .where(visitor.reader.catchment())
    )
    return {who: practitioners.name_of(deps.vault, who, sealed) for who, sealed in rows}


def _month(text: str | None, visitor: Visitor, now: datetime) -> Month:
    """The month asked for; from outside the last one that is over, since villages show then."""
    current = Month.of(now)
    if not text:
        return current if visitor.reader.sees_people else current.preceding()
    try:
        month = Month.parse(text)
    except MonthError:
        not_found()
    if month > current:
        not_found()
    return month


async def _note(
    deps: InboxDeps, visitor: Visitor, action: str, report: Report, kind: str = ""
) -> None:
    now = deps.clock()
    await deps.database.write(
        lambda session: audit.note(
            session,
            actor=visitor.reader.actor,
            action=action,
            subject="report",
            subject_id=str(report.month),
            facility_id=report.area.id,
            now=now,
            detail={"format": kind} if kind else None,
        )
    )
