"""Writing an article: one field per field, a preview beside it, and nothing typed is ever lost.

How patients asked stands beside the form. A manuscript is not sealed, is exported and goes into
releases, so none of it comes in unless the curator ticks it, one wording at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.article_form import (
    AUDIENCES,
    BODY_LIMIT,
    CONFIDENCES,
    LEVELS,
    PREFIXES,
    TITLE_LIMIT,
    chosen_id,
    id_problem,
    problems,
    typed_sheet,
)
from inbox.changes import Change, changes
from inbox.deps import InboxDeps, deps_of
from inbox.desk import Piece, curator, curator_post, known_ids, piece_of, sources
from inbox.door import Posted, not_found
from inbox.form import Fields
from inbox.page import Frame, frame, show
from inbox.preview import preview
from inbox.typed import kept, typed_in
from inbox.words import word
from knowledge.article import PLAIN_LIMIT
from knowledge.sheet import Sheet, laid_out, one_line
from records import asked, audit, drafts, revisions
from records.people import china_date
from records.practitioners import Visitor
from records.revisions import Draft
from records.tables import ArticleRevision

router = APIRouter()
NEW = "/desk/articles/new"
_MOST_WORDINGS = 40
_ADD = "add"


@dataclass(frozen=True, slots=True)
class Sitting:
    """One look at the form. `theirs`: what somebody else wrote meanwhile, against what is typed."""

    sheet: Sheet
    based_on: int
    group_id: str = ""
    note: str = ""
    prefix: str = ""
    name: str = ""
    kept: bool = False
    problem: str = ""
    theirs: ArticleRevision | None = None
    between: tuple[Change, ...] = ()
    by: str = ""
    flash: str = ""


@router.get(NEW)
async def new(request: Request, visitor: Annotated[Visitor, Depends(curator)]) -> Response:
    """An empty form; beside it, how the patients of a group asked."""
    typed = await kept(request, visitor)
    if typed.get("title") or typed.get("body"):
        return await _page(request, visitor, None, _sitting("", typed, kept=True))
    group = request.query_params.get("from_group", "")
    sheet = Sheet(confidence="low", level="none")
    return await _page(request, visitor, None, Sitting(sheet, 0, group_id=group))


@router.post(NEW)
async def create(request: Request, form: Annotated[Posted, Depends(curator_post)]) -> Response:
    """Keep the first draft of a new article under the id that was chosen."""
    deps, sitting = deps_of(request), _sitting("", form.fields)
    if form["action"] != "save":
        return await _look(request, form, None, sitting)
    article_id = chosen_id(form.fields)
    known = await deps.database.read(lambda session: piece_of(session, article_id))
    problem = id_problem(article_id, {article_id: known} if known else {})
    problem = problem or ("" if sitting.sheet.title else word("article_problem", "no_title"))
    if problem:
        return await _page(request, form.visitor, None, sitting, problem=problem, status=422)
    sheet = typed_sheet(article_id, form.fields)
    draft = Draft(article_id, laid_out(sheet), 0, note=sitting.note, group_id=_group(sitting))
    done = await _keep(deps, form.visitor, draft)
    if not done:
        problem = word("article_problem", "id_taken")
        return await _page(request, form.visitor, None, sitting, problem=problem, status=409)
    return RedirectResponse(f"/desk/articles/{article_id}/edit?done=draft_kept", 303)


@router.get("/desk/articles/{article_id}/edit")
async def edit(
    request: Request, article_id: str, visitor: Annotated[Visitor, Depends(curator)]
) -> Response:
    """The draft, else what is in force; what was typed and not kept comes first."""
    deps = deps_of(request)
    piece = await deps.database.read(lambda session: piece_of(session, article_id))
    if piece is None:
        not_found()
    typed = await kept(request, visitor)
    sitting = _sitting(article_id, typed, kept=True)
    # A look that was on its way when the draft was kept holds nothing new.
    if (typed.get("title") or typed.get("body")) and sitting.sheet != piece.sheet():
        return await _page(request, visitor, piece, sitting)
    group = request.query_params.get("from_group", "")
    code = request.query_params.get("done", "")
    sitting = Sitting(piece.sheet(), piece.number, group_id=group, flash=code)
    return await _page(request, visitor, piece, sitting)


@router.post("/desk/articles/{article_id}/edit")
async def save(
    request: Request, article_id: str, form: Annotated[Posted, Depends(curator_post)]
) -> Response:
    """Keep a draft, only look at it, or let go what was typed."""
    deps, place = deps_of(request), f"/desk/articles/{article_id}/edit"
    piece = await deps.database.read(lambda session: piece_of(session, article_id))
    if piece is None:
        not_found()
    sitting = _sitting(article_id, form.fields)
    if form["action"] == "discard":
        return RedirectResponse(place, 303)
    if form["action"] != "save":
        return await _look(request, form, piece, sitting)
    if not sitting.sheet.title:
        problem = word("article_problem", "no_title")
        return await _page(request, form.visitor, piece, sitting, problem=problem, status=422)
    draft = Draft(
        article_id,
        laid_out(sitting.sheet),
        sitting.based_on,
        packaged_digest=piece.file_digest,
        note=sitting.note,
        group_id=_group(sitting),
    )
    if await _keep(deps, form.visitor, draft):
        return RedirectResponse(f"{place}?done=draft_kept", 303)
    return await _too_late(request, form.visitor, article_id, sitting)


async def _keep(deps: InboxDeps, visitor: Visitor, draft: Draft) -> bool:
    now, reader = deps.clock(), visitor.reader
    done = await deps.database.write(lambda session: revisions.keep(session, reader, draft, now))
    return done.done


async def _look(request: Request, form: Posted, piece: Piece | None, sitting: Sitting) -> Response:
    """The preview of what is typed, which is kept for this curator as it stands."""
    deps = deps_of(request)
    now, path, owner = deps.clock(), request.url.path, form.visitor.reader.practitioner_id
    typed = tuple(pair for pair in typed_in(form.fields) if pair[0] != "action")
    if typed:
        await deps.database.write(
            lambda session: drafts.keep(session, deps.vault, owner, path, typed, now)
        )
    return await _page(request, form.visitor, piece, sitting)


async def _too_late(
    request: Request, visitor: Visitor, article_id: str, sitting: Sitting
) -> Response:
    """Somebody else kept a draft meanwhile: both texts are shown, and the typed one goes on."""
    deps = deps_of(request)

    def read(session: Session) -> tuple[Piece | None, dict[str, str]]:
        piece = piece_of(session, article_id)
        rows = [piece.newest] if piece and piece.newest else []
        return piece, revisions.authors(session, deps.vault, rows)

    piece, names = await deps.database.read(read)
    if piece is None or piece.newest is None:
        not_found()
    told = Sitting(
        sitting.sheet,
        piece.number,
        group_id=sitting.group_id,
        note=sitting.note,
        theirs=piece.newest,
        between=changes(piece.sheet(), sitting.sheet),
        by=names.get(piece.newest.author_id or "", ""),
    )
    return await _page(request, visitor, piece, told, status=409)


async def _page(
    request: Request,
    visitor: Visitor,
    piece: Piece | None,
    sitting: Sitting,
    *,
    problem: str = "",
    status: int = 200,
) -> Response:
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, dict[str, str]]:
        return frame(session, deps, visitor, now), known_ids(session)

    around, known = await deps.database.read(read)
    # A script wants the preview alone: it is shown nobody's words.
    scripted = request.headers.get("sec-fetch-dest") == "empty"
    wordings = () if scripted else await _asked(deps, visitor, sitting.group_id)
    return show(
        request,
        "article_edit.html",
        around,
        status=status,
        piece=piece,
        one=sitting,
        asked=tuple(text for text in wordings if text not in sitting.sheet.questions),
        group=sitting.group_id if wordings else "",
        known=known,
        sources=sources(),
        wrong=_wrong(sitting.sheet, known, china_date(now)),
        preview=preview(sitting.sheet, sources()),
        problem=problem,
        choices={
            "audience": AUDIENCES,
            "confidence": CONFIDENCES,
            "level": LEVELS,
            "prefix": PREFIXES,
        },
        most={"title": TITLE_LIMIT, "plain": PLAIN_LIMIT, "body": BODY_LIMIT},
    )


def _wrong(sheet: Sheet, known: dict[str, str], today: date) -> dict[str, str]:
    """What is still to be mended; an empty form is not scolded."""
    return problems(sheet, sources(), known, today) if sheet.title else {}


def _sitting(article_id: str, fields: Fields, *, kept: bool = False) -> Sitting:
    based_on, ticked = fields.get("based_on", ""), tuple(map(one_line, fields.all(_ADD)))
    return Sitting(
        _with_questions(typed_sheet(article_id, fields), tuple(filter(None, ticked))),
        int(based_on) if based_on.isascii() and based_on.isdigit() else 0,
        group_id=fields.get("group", ""),
        note=fields.get("note", "").strip(),
        prefix=fields.get("prefix", ""),
        name=fields.get("name", ""),
        kept=kept,
    )


def _group(sitting: Sitting) -> str | None:
    return sitting.group_id or None


def _with_questions(sheet: Sheet, wordings: tuple[str, ...]) -> Sheet:
    return replace(sheet, questions=tuple(dict.fromkeys((*sheet.questions, *wordings))))


async def _asked(deps: InboxDeps, visitor: Visitor, group_id: str) -> tuple[str, ...]:
    """How the patients of a group asked, each wording once."""
    if not group_id:
        return ()
    found = await deps.database.read(
        lambda session: asked.stored(session, deps.vault, visitor.reader)
    )
    texts = (one_line(one.text) for one in found if one.group_id == group_id)
    wordings = tuple(dict.fromkeys(text for text in texts if text))[:_MOST_WORDINGS]
    if wordings:
        now, reader = deps.clock(), visitor.reader
        await deps.database.write(
            lambda session: audit.note(
                session,
                actor=reader.actor,
                action="read",
                subject="question",
                subject_id=group_id,
                facility_id=reader.facility_id,
                now=now,
            )
        )
    return wordings
