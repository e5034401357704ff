"""One case: take it, answer the patient, close it with an outcome."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.charts import charts_of
from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, clinical_post, clinician, not_found
from inbox.page import REFRESH_HEADER, Frame, frame, show
from inbox.ready import OWN, ready_replies
from inbox.typed import kept
from inbox.words import word
from records import audit, caseload, casework, dossier, takeover
from records.caseload import Event, Heading
from records.casework import Acted
from records.dossier import Dossier
from records.escalations import OUTCOMES
from records.identity import new_id
from records.looking import look
from records.own_replies import Ready, own_replies
from records.practitioners import Visitor
from records.takeover import Held
from records.writing import LONGEST_REPLY

LONGEST_REMARK = 200

router = APIRouter()


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One case with everything its page shows."""

    heading: Heading
    events: tuple[Event, ...]
    person: Dossier
    own: tuple[Ready, ...]
    held: Held | None


@router.get("/cases/{case_id}")
async def one_case(
    request: Request, case_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """One case on one screen."""
    typed = await kept(request, visitor)
    flash = "restored" if typed else _flash(request)
    return await _case_page(request, case_id, visitor, typed=typed, flash=flash)


@router.post("/cases/{case_id}/acknowledge")
async def acknowledge(
    request: Request, case_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Take the case."""
    deps = deps_of(request)
    now, reader = deps.clock(), form.visitor.reader
    acted = await deps.database.write(
        lambda session: casework.acknowledge(session, deps.vault, reader, case_id, now)
    )
    return _back_to(case_id, acted, "acknowledged")


@router.post("/cases/{case_id}/compose")
async def compose(
    request: Request, case_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Put a ready-made reply into the text, to be read again before it is sent."""
    typed = {"text": form["text"], "remark": form["remark"]}
    return await _case_page(request, case_id, form.visitor, typed=typed, insert=form["canned"])


@router.post("/cases/{case_id}/reply")
async def reply(
    request: Request, case_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Queue the doctor's words to the patient."""
    text, once = form["text"].replace("\r\n", "\n"), form["once"] or new_id()
    problem = _problem_of(text)
    if problem:
        return await _case_page(
            request, case_id, form.visitor, typed=form.fields, problem=problem, status=422
        )
    deps = deps_of(request)
    now, reader = deps.clock(), form.visitor.reader
    acted = await deps.database.write(
        lambda session: casework.reply(
            session, deps.vault, reader, case_id, text=text, once=once, now=now
        )
    )
    if acted is not None and not acted.done:
        return await _case_page(
            request, case_id, form.visitor, typed=form.fields, problem=acted.state, status=409
        )
    return _back_to(case_id, acted, "replied")


@router.post("/cases/{case_id}/close")
async def close(
    request: Request, case_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Close the case with its outcome."""
    outcome, remark = form["outcome"], form["remark"][:LONGEST_REMARK]
    if outcome not in OUTCOMES:
        return await _case_page(
            request, case_id, form.visitor, typed=form.fields, problem="no_outcome", status=422
        )
    deps = deps_of(request)
    now, reader = deps.clock(), form.visitor.reader
    acted = await deps.database.write(
        lambda session: casework.close(
            session, deps.vault, reader, case_id, outcome=outcome, remark=remark, now=now
        )
    )
    return _back_to(case_id, acted, "closed")


async def _case_page(
    request: Request,
    case_id: str,
    visitor: Visitor,
    *,
    typed: dict[str, str],
    insert: str = "",
    problem: str = "",
    flash: str = "",
    status: int = 200,
) -> Response:
    deps = deps_of(request)
    now = deps.clock()
    found = await deps.database.read(lambda session: _load(session, deps, visitor, case_id))
    if found is None:
        not_found()
    around, case = found
    ready = ready_replies(case.person, visitor.name, case.own, now)
    if insert:
        typed = {**typed, "text": f"{typed['text']}{ready.get(insert, '')}"}
    charts = await asyncio.to_thread(charts_of, case.person, now)
    # A page that refreshes itself is still the same reading.
    if REFRESH_HEADER not in request.headers:
        await deps.database.write(lambda session: _was_read(session, visitor, case, now))
    return show(
        request,
        "case.html",
        around,
        status=status,
        case=case.heading,
        person=case.person,
        events=case.events,
        charts=charts,
        outcomes=OUTCOMES,
        canned=ready,
        mine=sum(key.startswith(OWN) for key in ready),
        held=case.held,
        once=new_id(),
        typed=typed,
        problem=word("problem", problem),
        flash=flash,
    )


def _load(
    session: Session, deps: InboxDeps, visitor: Visitor, case_id: str
) -> tuple[Frame, CaseFile] | None:
    now, reader = deps.clock(), visitor.reader
    heading = caseload.heading(session, deps.vault, reader, case_id)
    if heading is None:
        return None
    person = dossier.dossier(session, deps.vault, reader, heading.person_id, now)
    if person is None:
        return None
    case = CaseFile(
        heading=heading,
        events=caseload.events(session, deps.vault, case_id),
        person=person,
        own=own_replies(session, deps.vault, reader),
        held=takeover.held(session, deps.vault, heading.contact_point_id, now),
    )
    return frame(session, deps, visitor, now), case


def _was_read(session: Session, visitor: Visitor, case: CaseFile, now: datetime) -> None:
    """Into the audit trail, and what was written until now is no longer unread."""
    audit.note(
        session,
        actor=visitor.reader.actor,
        action="read",
        subject="escalation",
        subject_id=case.heading.id,
        person_id=case.person.id,
        facility_id=case.person.facility_id,
        now=now,
    )
    look(session, visitor.reader.practitioner_id, case.person.id, now)


def _problem_of(text: str) -> str:
    if not text:
        return "empty"
    return "too_long" if len(text) > LONGEST_REPLY else ""


def _back_to(case_id: str, acted: Acted | None, done: str) -> Response:
    if acted is None:
        not_found()
    flash = done if acted.done else "late"
    return RedirectResponse(f"/cases/{case_id}?done={flash}", 303)


def _flash(request: Request) -> str:
    """A word we know, from the address; anything else is nothing."""
    code = request.query_params.get("done", "")
    return code if word("flash", code) != code else ""
