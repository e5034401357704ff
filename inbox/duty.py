"""Who is on call now at each step, one's own absence, and the shifts of one's own facility."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from care.level import Level
from inbox.account import masked
from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, clinical_post, clinician, not_found
from inbox.form import Fields
from inbox.page import Frame, frame, show
from inbox.typed import kept
from inbox.words import word
from records import bells, duty, on_call, roster
from records.on_call import Away, Colleague, Rung, Shift
from records.practitioners import Visitor
from records.roster import REASONS, Leave, RosterError
from records.times import CHINA

_SHIFT_ROLES = ("township_doctor", "county_duty")
_FLASHES = frozenset({"away", "back", "shift", "shift_gone"})

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Board:
    """Everything the page shows."""

    steps: tuple[Rung, ...]
    uncovered: tuple[str, ...] | None
    away: tuple[Away, ...]
    mine: tuple[Away, ...]
    shifts: tuple[Shift, ...]
    colleagues: tuple[Colleague, ...]
    deputies: tuple[Colleague, ...]
    ways: tuple[str, ...]
    rung_at: str
    number: str


@router.get("/duty")
async def board(request: Request, visitor: Annotated[Visitor, Depends(clinician)]) -> Response:
    """The ladder as it stands now, and the forms."""
    code = request.query_params.get("done", "")
    typed = await kept(request, visitor)
    return await _page(request, visitor, typed=typed, flash=code if code in _FLASHES else "")


@router.post("/duty/away")
async def go_away(request: Request, form: Annotated[Posted, Depends(clinical_post)]) -> Response:
    """Not to be rung: today with one tap, or from a day until a day, with a deputy or without."""
    deps, reader = deps_of(request), form.visitor.reader
    now = deps.clock()
    try:
        leave = _leave(form, duty.today(now))
        await deps.database.write(lambda session: roster.go_away(session, reader, leave, now))
    except RosterError as error:
        return await _page(request, form.visitor, typed=form.fields, problem=error.reason)
    return RedirectResponse("/duty?done=away", 303)


@router.post("/duty/back/{absence_id}")
async def come_back(
    request: Request, absence_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """To be rung again."""
    deps, reader = deps_of(request), form.visitor.reader
    now = deps.clock()
    done = await deps.database.write(
        lambda session: roster.come_back(session, reader, absence_id, now)
    )
    if not done:
        not_found()
    return RedirectResponse("/duty?done=back", 303)


@router.post("/duty/shifts")
async def set_shift(request: Request, form: Annotated[Posted, Depends(clinical_post)]) -> Response:
    """Put a colleague of one's own facility on duty."""
    deps, reader = deps_of(request), form.visitor.reader
    now, who = deps.clock(), form["who"]
    try:
        begins, ends = _moment(form["begins"]), _moment(form["ends"])
        await deps.database.write(
            lambda session: roster.set_shift(session, reader, who, begins, ends, now)
        )
    except RosterError as error:
        return await _page(request, form.visitor, typed=form.fields, problem=error.reason)
    return RedirectResponse("/duty?done=shift", 303)


@router.post("/duty/shifts/{shift_id}/drop")
async def drop_shift(
    request: Request, shift_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Take a shift off the roster."""
    deps, reader = deps_of(request), form.visitor.reader
    now = deps.clock()
    done = await deps.database.write(
        lambda session: roster.drop_shift(session, reader, shift_id, now)
    )
    if not done:
        not_found()
    return RedirectResponse("/duty?done=shift_gone", 303)


async def _page(
    request: Request,
    visitor: Visitor,
    *,
    typed: Fields,
    problem: str = "",
    flash: str = "",
) -> Response:
    deps = deps_of(request)
    now = deps.clock()
    around, found = await deps.database.read(lambda session: _load(session, deps, visitor, now))
    return show(
        request,
        "duty.html",
        around,
        status=422 if problem else 200,
        board=found,
        reasons=REASONS,
        more_bells=bool(deps.sources) or deps.texts,
        plans_shifts=visitor.reader.role in _SHIFT_ROLES,
        today=duty.today(now),
        tomorrow=duty.today(now) + timedelta(days=1),
        typed=typed,
        problem=word("problem", problem),
        flash=flash,
    )


def _load(
    session: Session, deps: InboxDeps, visitor: Visitor, now: datetime
) -> tuple[Frame, Board]:
    reader, vault = visitor.reader, deps.vault
    away = on_call.absences(session, vault, reader, now)
    board = Board(
        steps=on_call.steps(session, vault, reader.facility_id, Level.EMERGENCY, now),
        uncovered=on_call.uncovered(session, reader, now),
        away=tuple(one for one in away if one.practitioner_id != reader.practitioner_id),
        mine=tuple(one for one in away if one.practitioner_id == reader.practitioner_id),
        shifts=on_call.shifts(session, vault, reader, now),
        colleagues=on_call.colleagues(session, vault, reader),
        deputies=on_call.deputies(session, vault, reader),
        ways=bells.ways_of(session, reader.practitioner_id),
        rung_at=bells.has_own(session, vault, reader.practitioner_id),
        number=masked(bells.number_of(session, vault, reader.practitioner_id) or ""),
    )
    return frame(session, deps, visitor, now), board


def _leave(form: Posted, today: date) -> Leave:
    """One tap (today, market) or the days that were filled in."""
    deputy = form["deputy"] or None
    if form["quick"]:
        return Leave(today, today, form["quick"], deputy)
    return Leave(
        _day(form["first"] or today.isoformat()), _day(form["last"]), form["reason"], deputy
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RosterError(reason="days") from None


def _moment(text: str) -> datetime:
    """What a browser's date-and-time field holds: the clock of the people's own zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=CHINA)
    except ValueError:
        raise RosterError(reason="shift_times") from None
