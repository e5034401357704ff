"""The open list: who needs a doctor now, by kind and village, with how many there are of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.deps import InboxDeps, deps_of
from inbox.door import signed_in
from inbox.page import Frame, frame, show
from inbox.words import word
from records import caseload, picking
from records.caseload import OpenList
from records.picking import ALL, KINDS, Pick, VillageCount
from records.practitioners import Visitor
from records.reader import Reader

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Tab:
    """One filter: a link that works without JavaScript."""

    kind: str
    href: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Board:
    """What the page shows besides its frame."""

    listed: OpenList
    tabs: tuple[Tab, ...]
    villages: tuple[VillageCount, ...]
    pick: Pick
    waiting: int


@router.get("/")
async def open_list(request: Request, visitor: Annotated[Visitor, Depends(signed_in)]) -> Response:
    """What needs a doctor, the most urgent first."""
    if not visitor.reader.sees_people:
        return RedirectResponse(_elsewhere(visitor.reader), 303)
    deps = deps_of(request)
    now, pick = deps.clock(), _asked(request)
    around, board = await deps.database.read(
        lambda session: _load(session, deps, visitor, pick, now)
    )
    code = request.query_params.get("done", "")
    flash = code if word("flash", code) != code else ""
    return show(request, "cases.html", around, board=board, listed=board.listed, flash=flash)


def _load(
    session: Session, deps: InboxDeps, visitor: Visitor, pick: Pick, now: datetime
) -> tuple[Frame, Board]:
    villages = picking.villages(session, visitor.reader)
    if pick.village not in {one.facility_id for one in villages}:
        pick = Pick(pick.kind)
    numbers = picking.counts(session, visitor.reader, pick.village, now)
    board = Board(
        listed=caseload.open_list(session, deps.vault, visitor.reader, now, pick=pick),
        tabs=tuple(_tab(kind, numbers[kind], pick) for kind in KINDS),
        villages=villages if len(villages) > 1 or pick.village else (),
        pick=pick,
        waiting=numbers["unacknowledged"],
    )
    return frame(session, deps, visitor, now), board


def _elsewhere(reader: Reader) -> str:
    """Where those begin who see no patients."""
    if reader.curates:
        return "/desk/articles"
    if reader.sees_figures:
        return "/reports"
    return "/channels" if reader.sees_channels else "/account"


def _asked(request: Request) -> Pick:
    """Only what we offer; anything else shows everything."""
    kind = request.query_params.get("show", ALL)
    village = request.query_params.get("village") or None
    return Pick(kind if kind in KINDS else ALL, village)


def _tab(kind: str, count: int, pick: Pick) -> Tab:
    query = {name: value for name, value in _query(kind, pick.village).items() if value}
    return Tab(kind, f"/?{urlencode(query)}" if query else "/", count, kind == pick.kind)


def _query(kind: str, village: str | None) -> dict[str, str]:
    return {"show": "" if kind == ALL else kind, "village": village or ""}
