"""The operator's page of channels: how each way out is, what waits, what was lost, and the stop.

Nothing here names a person: counts, codes and ids. Who may see the person follows the link.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, HTTPException
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from channels.limits import peace_ended_at
from inbox import ways
from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, not_found, posted, signed_in
from inbox.outcomes import meaning_of
from inbox.page import Frame, frame, show
from inbox.words import word
from records import alarms, audit, canaries, channel_board, halting, switches
from records.channel_board import Board
from records.practitioners import Visitor

router = APIRouter()
T = TypeVar("T")


async def looker(visitor: Annotated[Visitor, Depends(signed_in)]) -> Visitor:
    """Whoever runs the installation, and the county and townships that depend on it."""
    if not visitor.reader.sees_channels:
        raise HTTPException(404)
    return visitor


async def keeper(visitor: Annotated[Visitor, Depends(signed_in)]) -> Visitor:
    """Who may stop everything."""
    if not visitor.reader.keeps_channels:
        raise HTTPException(404)
    return visitor


async def keeper_post(form: Annotated[Posted, Depends(posted)]) -> Posted:
    """A checked form of somebody who may stop everything."""
    if not form.visitor.reader.keeps_channels:
        raise HTTPException(404)
    return form


@router.get("/channels")
async def channels(request: Request, visitor: Annotated[Visitor, Depends(looker)]) -> Response:
    """How everything that goes out stands."""
    deps = deps_of(request)
    now = deps.clock()
    around, board = await _read(
        deps, visitor, now, lambda session: _board(session, deps, visitor, now)
    )
    code = request.query_params.get("done", "")
    return show(
        request,
        "channels.html",
        around,
        board=board,
        ways=ways,
        meaning_of=meaning_of,
        verdict=canaries.verdict,
        why=canaries.why,
        unknown_days=channel_board.UNKNOWN_DAYS,
        flash=code if word("flash", code) != code else "",
    )


@router.get("/channels/stop")
async def stop_page(request: Request, visitor: Annotated[Visitor, Depends(keeper)]) -> Response:
    """What stopping means, before it is done."""
    return await _switch_page(request, visitor, "channel_stop.html")


@router.post("/channels/stop")
async def stop(request: Request, form: Annotated[Posted, Depends(keeper_post)]) -> Response:
    """Stop what goes out, with a reason."""
    deps = deps_of(request)
    now, actor = deps.clock(), form.visitor.reader.actor
    scope, why = form["scope"], form["why"]
    if scope not in switches.SCOPES or not why:
        problem = "no_scope" if scope not in switches.SCOPES else "no_why"
        return await _switch_page(request, form.visitor, "channel_stop.html", problem, why)
    await deps.database.write(lambda session: halting.halt(session, actor, scope, why, now))
    return RedirectResponse("/channels?done=channels_stopped", 303)


@router.get("/channels/resume")
async def resume_page(request: Request, visitor: Annotated[Visitor, Depends(keeper)]) -> Response:
    """What will go out then, before it does."""
    return await _switch_page(request, visitor, "channel_resume.html")


@router.post("/channels/resume")
async def resume(request: Request, form: Annotated[Posted, Depends(keeper_post)]) -> Response:
    """Let it go on, with a reason."""
    deps = deps_of(request)
    now, actor, why = deps.clock(), form.visitor.reader.actor, form["why"]
    if not why:
        return await _switch_page(request, form.visitor, "channel_resume.html", "no_why", why)
    await deps.database.write(lambda session: halting.go_on(session, actor, why, now))
    return RedirectResponse("/channels?done=channels_resumed", 303)


@router.post("/channels/alarms/{alarm_id}")
async def take_alarm(
    request: Request, alarm_id: str, form: Annotated[Posted, Depends(keeper_post)]
) -> Response:
    """Somebody looks after it: it rings no more."""
    deps = deps_of(request)
    now, reader = deps.clock(), form.visitor.reader

    def write(session: Session) -> bool:
        if not alarms.acknowledge_alarm(session, alarm_id, now, reader.practitioner_id):
            return False
        audit.note(
            session,
            actor=reader.actor,
            action="alarm.taken",
            subject="operator_alarm",
            subject_id=alarm_id,
            now=now,
        )
        return True

    taken = await deps.database.write(write)
    return RedirectResponse(f"/channels?done={'alarm_taken' if taken else 'alarm_late'}", 303)


def _board(session: Session, deps: InboxDeps, visitor: Visitor, now: datetime) -> Board:
    found = channel_board.board(session, visitor.reader, deps.ways, now, peace_ended_at(now))
    if found is None:
        not_found()
    return found


async def _switch_page(
    request: Request, visitor: Visitor, template: str, problem: str = "", why: str = ""
) -> Response:
    deps = deps_of(request)
    now = deps.clock()
    around, board = await _read(
        deps, visitor, now, lambda session: _board(session, deps, visitor, now)
    )
    return show(
        request,
        template,
        around,
        status=422 if problem else 200,
        board=board,
        scopes=switches.SCOPES,
        why=why,
        longest=halting.LONGEST_WHY,
        problem=word("problem", problem),
    )


async def _read(
    deps: InboxDeps, visitor: Visitor, now: datetime, of: Callable[[Session], T]
) -> tuple[Frame, T]:
    """The frame and what stands in it, out of one transaction."""
    return await deps.database.read(
        lambda session: (frame(session, deps, visitor, now), of(session))
    )
