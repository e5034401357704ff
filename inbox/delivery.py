"""What became of one message to a person; and, where nobody knows, what a phone call found out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.carried import carried
from inbox.deps import deps_of
from inbox.door import Posted, clinical_post, clinician, not_found
from inbox.outcomes import meaning_of, stands
from inbox.page import Frame, frame, show
from records import audit, sent
from records.practitioners import Visitor
from records.sent import Sent

router = APIRouter()


@router.get("/messages/{message_id}")
async def message(
    request: Request, message_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """The words, every try, and what came back; with two buttons while nobody knows."""
    deps = deps_of(request)
    now, reader = deps.clock(), visitor.reader

    def write(session: Session) -> tuple[Frame, Sent] | None:
        found = sent.one(session, deps.vault, reader, message_id)
        if found is None:
            return None
        audit.note(
            session,
            actor=reader.actor,
            action="read",
            subject="message",
            subject_id=message_id,
            person_id=found.person_id,
            now=now,
        )
        return frame(session, deps, visitor, now), found

    read = await deps.database.write(write)
    if read is None:
        not_found()
    around, found = read
    code = request.query_params.get("done", "")
    return show(
        request,
        "message.html",
        around,
        found=found,
        meaning_of=meaning_of,
        carried=carried,
        stands=stands(found.state, found.reason),
        flash=code if code in {"message_settled", "late_message"} else "",
    )


@router.post("/messages/{message_id}")
async def settle(
    request: Request, message_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Write down whether it arrived. Said once, it stands."""
    deps = deps_of(request)
    now, reader, outcome = deps.clock(), form.visitor.reader, form["outcome"]
    done = await deps.database.write(
        lambda session: sent.settle(session, reader, message_id, outcome, now)
    )
    if done is None:
        not_found()
    flash = "message_settled" if done.done else "late_message"
    page = "/tasks" if form["back"] == "/tasks" else f"/messages/{message_id}"
    return RedirectResponse(f"{page}?done={flash}", 303)
