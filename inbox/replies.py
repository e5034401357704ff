"""Ready-made replies of one's own: add, reword, share with colleagues, take out of use."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.deps import deps_of
from inbox.door import Posted, clinical_post, clinician, not_found
from inbox.page import Frame, frame, show
from inbox.ready import BLANKS, cost
from inbox.typed import kept
from inbox.words import word
from records import own_replies
from records.own_replies import LONGEST, Ready
from records.practitioners import Visitor

router = APIRouter()


@router.get("/replies")
async def replies(request: Request, visitor: Annotated[Visitor, Depends(clinician)]) -> Response:
    """The reader's own replies, those that colleagues share, and a form for one more."""
    code = request.query_params.get("done", "")
    flash = code if code in {"reply_kept", "reply_gone"} else ""
    typed = (await kept(request, visitor)).get("text", "")
    return await _page(request, visitor, typed=typed, flash=flash)


@router.post("/replies")
async def add(request: Request, form: Annotated[Posted, Depends(clinical_post)]) -> Response:
    """Keep one more."""
    words, deps = _words(form), deps_of(request)
    problem = _problem_of(words)
    if problem:
        return await _page(request, form.visitor, typed=words, problem=problem)
    now, reader, shared = deps.clock(), form.visitor.reader, bool(form["shared"])
    made = await deps.database.write(
        lambda session: own_replies.add(session, deps.vault, reader, words, now, shared=shared)
    )
    if made is None:
        return await _page(request, form.visitor, typed=words, problem="reply_too_many")
    return RedirectResponse("/replies?done=reply_kept", 303)


@router.post("/replies/{reply_id}")
async def change(
    request: Request, reply_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Reword one's own, or share it, or not."""
    words, deps = _words(form), deps_of(request)
    problem = _problem_of(words)
    if problem:
        return await _page(request, form.visitor, problem=problem)
    now, reader, shared = deps.clock(), form.visitor.reader, bool(form["shared"])
    done = await deps.database.write(
        lambda session: own_replies.change(
            session, deps.vault, reader, reply_id, words, now, shared=shared
        )
    )
    if not done:
        not_found()
    return RedirectResponse("/replies?done=reply_kept", 303)


@router.post("/replies/{reply_id}/retire")
async def retire(
    request: Request, reply_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Take one's own out of use."""
    deps = deps_of(request)
    now, reader = deps.clock(), form.visitor.reader
    done = await deps.database.write(
        lambda session: own_replies.retire(session, reader, reply_id, now)
    )
    if not done:
        not_found()
    return RedirectResponse("/replies?done=reply_gone", 303)


async def _page(
    request: Request, visitor: Visitor, *, typed: str = "", problem: str = "", flash: str = ""
) -> Response:
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, tuple[Ready, ...]]:
        found = own_replies.own_replies(session, deps.vault, visitor.reader)
        return frame(session, deps, visitor, now), found

    around, found = await deps.database.read(read)
    return show(
        request,
        "replies.html",
        around,
        status=422 if problem else 200,
        replies=found,
        typed=typed,
        blanks=BLANKS,
        cost=cost,
        longest=LONGEST,
        problem=word("problem", problem),
        flash=flash,
    )


def _words(form: Posted) -> str:
    return form["text"].replace("\r\n", "\n")


def _problem_of(words: str) -> str:
    if not words:
        return "empty"
    return "reply_too_long" if len(words) > LONGEST else ""
