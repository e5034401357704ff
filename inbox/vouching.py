"""Signing an article, and taking a signed one back.

Two steps, as with a follow-up form: first the whole text as patients will read it, then the name,
title and day of whoever answers for it. The signature binds to the text that was shown: when it
changed meanwhile nothing is signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.article_form import problems
from inbox.changes import Change, changes
from inbox.deps import InboxDeps, deps_of
from inbox.desk import Piece, curator, curator_post, known_ids, parsed, piece_of, sources
from inbox.door import Posted, not_found
from inbox.page import Frame, frame, show
from inbox.preview import preview
from inbox.typed import kept
from inbox.words import word
from knowledge.article import Signature
from knowledge.sheet import Sheet, laid_out, one_line, sheet_for
from records import question_groups, revisions, trials
from records.people import china_date
from records.practitioners import Visitor
from records.revisions import Draft, Vouching, digest_of
from records.tables import ArticleTrial

router = APIRouter()
_LONGEST_NAME = 20
_LONGEST_TITLE = 40


@dataclass(frozen=True, slots=True)
class Ready:
    """What the page of a signature shows."""

    piece: Piece
    sheet: Sheet
    wrong: dict[str, str]
    changed: tuple[Change, ...]
    trial: ArticleTrial | None
    digest: str
    signer: dict[str, str]


@router.get("/desk/articles/{article_id}/sign")
async def sign_page(
    request: Request, article_id: str, visitor: Annotated[Visitor, Depends(curator)]
) -> Response:
    """The text, what keeps it from being signed, and who signs."""
    typed = await kept(request, visitor)
    return await _page(request, visitor, article_id, dict(typed))


@router.post("/desk/articles/{article_id}/sign")
async def sign(
    request: Request, article_id: str, form: Annotated[Posted, Depends(curator_post)]
) -> Response:
    """Put the text in force that the curator has read."""
    deps, visitor = deps_of(request), form.visitor
    now, fields = deps.clock(), dict(form.fields)
    vouching = _vouching(form, china_date(now))
    if isinstance(vouching, str):
        return await _page(request, visitor, article_id, fields, problem=vouching)
    if not form["read"]:
        return await _page(request, visitor, article_id, fields, problem="not_read")
    result = await deps.database.write(
        lambda session: _sign(session, visitor, article_id, form, vouching, now)
    )
    if result is None:
        not_found()
    if result:
        return await _page(request, visitor, article_id, fields, problem=result)
    return RedirectResponse(f"/desk/articles/{article_id}?done=article_signed", 303)


@router.post("/desk/articles/{article_id}/withdraw")
async def withdraw(
    request: Request, article_id: str, form: Annotated[Posted, Depends(curator_post)]
) -> Response:
    """Take what was signed here out of force: the packaged file stands again."""
    deps, reader = deps_of(request), form.visitor.reader
    now, note = deps.clock(), form["note"]

    def write(session: Session) -> revisions.Kept | None:
        piece = piece_of(session, article_id)
        if piece is None:
            return None
        return revisions.withdraw(session, reader, article_id, piece.number, note, now)

    done = await deps.database.write(write)
    if done is None:
        not_found()
    code = "article_withdrawn" if done.done else "article_changed"
    return RedirectResponse(f"/desk/articles/{article_id}?done={code}", 303)


def _sign(
    session: Session,
    visitor: Visitor,
    article_id: str,
    form: Posted,
    vouching: Vouching,
    now: datetime,
) -> str | None:
    """Sign in one transaction. Returns what went wrong, nothing when it is done; None: no article."""
    ready = _ready(session, visitor, article_id, now)
    if ready is None:
        return None
    if form["digest"] != ready.digest:
        return "changed"
    text = laid_out(ready.sheet, Signature(vouching.name, vouching.title, vouching.on))
    if ready.wrong or isinstance(parsed(article_id, text), str):
        return "unfit"
    piece = ready.piece
    # Of two signatures the later one is served: an earlier day would be signed for nothing.
    if piece.signed_on is not None and vouching.on < piece.signed_on:
        return "day_before"
    draft = Draft(
        article_id, text, piece.number, packaged_digest=piece.file_digest, note=form["note"]
    )
    of_number = piece.number if piece.draft else None
    groups = revisions.groups_waiting(session, article_id)
    if not revisions.sign(session, visitor.reader, draft, of_number, vouching, now).done:
        return "changed"
    for group in groups:
        question_groups.cover(session, visitor.reader, group, article_id, now)
    return ""


def _ready(session: Session, visitor: Visitor, article_id: str, now: datetime) -> Ready | None:
    piece = piece_of(session, article_id)
    if piece is None:
        return None
    sheet, today = piece.sheet(), china_date(now)
    served = piece.served
    return Ready(
        piece,
        sheet,
        problems(sheet, sources(), known_ids(session), today),
        changes(sheet_for(served), sheet) if served and piece.draft else (),
        trials.latest(session, article_id),
        digest_of(laid_out(sheet)),
        _signer(session, visitor),
    )


def _signer(session: Session, visitor: Visitor) -> dict[str, str]:
    """Who signed last time, from this account; whoever is signed in the first time."""
    last = revisions.last_signed(session, visitor.reader)
    if last is None:
        return {"name": visitor.name, "title": ""}
    return {"name": last.signer_name or "", "title": last.signer_title or ""}


async def _page(
    request: Request,
    visitor: Visitor,
    article_id: str,
    typed: dict[str, str],
    *,
    problem: str = "",
) -> Response:
    deps = deps_of(request)
    now = deps.clock()
    loaded = await deps.database.read(
        lambda session: _load(session, deps, visitor, article_id, now)
    )
    if loaded is None:
        not_found()
    around, ready = loaded
    today = china_date(now)
    signature = Signature(visitor.name, "", today)
    return show(
        request,
        "article_sign.html",
        around,
        status=_STATUS.get(problem, 422) if problem else 200,
        one=ready,
        preview=preview(ready.sheet, sources(), signature),
        sources=sources(),
        typed={**ready.signer, "on": today.isoformat(), "note": "", **typed},
        problem=word("article_problem", problem),
    )


_STATUS = {"changed": 409}


def _load(
    session: Session, deps: InboxDeps, visitor: Visitor, article_id: str, now: datetime
) -> tuple[Frame, Ready] | None:
    ready = _ready(session, visitor, article_id, now)
    return (frame(session, deps, visitor, now), ready) if ready else None


def _vouching(form: Posted, today: date) -> Vouching | str:
    """Who signs, or which of it is missing."""
    name, title = one_line(form["name"]), one_line(form["title"])
    if not name or len(name) > _LONGEST_NAME:
        return "no_signer"
    if not title or len(title) > _LONGEST_TITLE:
        return "no_signer_title"
    try:
        on = date.fromisoformat(form["on"])
    except ValueError:
        return "no_day"
    return "day_ahead" if on > today else Vouching(name, title, on)
