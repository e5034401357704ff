"""Answers to notices from outside the inbox: a reply in words, or one tap on a link.

Nobody is signed in here. The token in the notice says who answers and about what; it can take an
alarm or close one, and shows nothing about the patient.
"""

from __future__ import annotations

import json
from datetime import datetime

from fastapi import APIRouter, HTTPException
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from channels import answering
from inbox.deps import InboxDeps, deps_of
from inbox.form import check_origin
from inbox.page import show
from inbox.words import label, word
from records import bells, picking_up
from records.escalations import code_of
from records.picking_up import ACKNOWLEDGE, Answered
from records.tables import Escalation, OutboundMessage

LARGEST_REPLY = 4096

router = APIRouter()


@router.post("/notices/replies")
async def reply(request: Request) -> Response:
    """`{"token", "text"}` from a doctor's phone: 收到, or an outcome with the code."""
    deps = deps_of(request)
    token, text = await _body(request)
    now = deps.clock()
    said = await deps.database.write(lambda session: _act(session, deps, token, text, now))
    if said is None:
        raise HTTPException(404)
    return JSONResponse({"errcode": 0, "errmsg": "ok", "text": said})


@router.get("/notices/{token}")
async def notice(request: Request, token: str) -> Response:
    """One button: 收到. A link alone changes nothing, because previews open links too."""
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[OutboundMessage, Escalation | None] | None:
        found = bells.notice_of(session, deps.vault, token, now)
        if found is None:
            return None
        about = session.get(Escalation, found.escalation_id) if found.escalation_id else None
        return found, about

    known = await deps.database.read(read)
    if known is None:
        raise HTTPException(404)
    _, case = known
    return show(
        request,
        "notice.html",
        None,
        token=token,
        case_id=case.id if case else "",
        code=code_of(case.id) if case else "",
        level=label("level", case.level) if case else "",
        state=word("case_state", case.state) if case else "",
        open=case is not None and case.state == "open",
        told=word("bell_told", request.query_params.get("done", "")),
    )


@router.post("/notices/{token}")
async def acknowledge(request: Request, token: str) -> Response:
    """The button was pressed."""
    check_origin(request)
    deps = deps_of(request)
    now = deps.clock()

    def act(session: Session) -> Answered | None:
        found = bells.notice_of(session, deps.vault, token, now)
        if found is None:
            return None
        return picking_up.pick_up(session, deps.vault, found, ACKNOWLEDGE, None, now)

    answered = await deps.database.write(act)
    if answered is None:
        raise HTTPException(404)
    return RedirectResponse(f"/notices/{token}?done={answered.kind}", 303)


def _act(session: Session, deps: InboxDeps, token: str, text: str, now: datetime) -> str | None:
    found = bells.notice_of(session, deps.vault, token, now)
    return answering.to_notice(session, deps.vault, found, text, now) if found else None


async def _body(request: Request) -> tuple[str, str]:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_REPLY:
            raise HTTPException(413)
    try:
        body = json.loads(raw)
        return str(body["token"]), str(body["text"])
    except (ValueError, KeyError, TypeError):
        raise HTTPException(400) from None
