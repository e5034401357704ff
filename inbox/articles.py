"""The education articles: all of them, one as patients read it, its history, and its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from inbox.changes import Change, changes
from inbox.deps import deps_of
from inbox.desk import FILTERS, Piece, desk_reader, piece_of, pieces
from inbox.door import not_found
from inbox.page import Frame, frame, show
from inbox.preview import previewed
from inbox.words import word
from knowledge.article import ArticleError
from knowledge.manuscript import written
from knowledge.sheet import Sheet, sheet_of
from records import revisions, trials
from records.people import china_date
from records.practitioners import Visitor
from records.tables import ArticleRevision, ArticleTrial

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Past:
    """One article's rows: what was written, by whom, and the newest trial."""

    rows: tuple[ArticleRevision, ...]
    authors: dict[str, str]
    trial: ArticleTrial | None


@router.get("/desk/articles")
async def articles(request: Request, visitor: Annotated[Visitor, Depends(desk_reader)]) -> Response:
    """The list: search by title, id or any word, and the filters."""
    deps = deps_of(request)
    now = deps.clock()
    today = china_date(now)
    words = request.query_params.get("q", "").strip()
    chosen = request.query_params.get("show", "all")
    chosen = chosen if chosen in FILTERS else "all"

    def read(session: Session) -> tuple[Frame, list[Piece]]:
        return frame(session, deps, visitor, now), list(pieces(session).values())

    around, found = await deps.database.read(read)
    tags = {one.id: one.tags(today) for one in found}
    return show(
        request,
        "articles.html",
        around,
        shown=[one for one in found if chosen in tags[one.id] and (not words or one.holds(words))],
        tags=tags,
        counts={name: sum(name in own for own in tags.values()) for name in FILTERS},
        chosen=chosen,
        words=words,
        today=today,
    )


@router.get("/desk/articles/{article_id}")
async def one_article(
    request: Request, article_id: str, visitor: Annotated[Visitor, Depends(desk_reader)]
) -> Response:
    """As patients read it, with its sources, its history and what may be done with it."""
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, Piece | None, Past]:
        rows = revisions.history(session, article_id)
        past = Past(
            rows,
            revisions.authors(session, deps.vault, rows),
            trials.latest(session, article_id),
        )
        return frame(session, deps, visitor, now), piece_of(session, article_id), past

    around, piece, past = await deps.database.read(read)
    if piece is None:
        not_found()
    reader = visitor.reader
    await deps.database.write(lambda session: revisions.note_read(session, reader, article_id, now))
    served, code = piece.served, request.query_params.get("done", "")
    return show(
        request,
        "article.html",
        around,
        piece=piece,
        past=past,
        tags=piece.tags(china_date(now)),
        preview=previewed(served) if served and served.sources else None,
        flash=code if word("flash", code) != code else "",
    )


@router.get("/desk/articles/{article_id}/revisions/{number}")
async def revision(
    request: Request,
    article_id: str,
    number: str,
    visitor: Annotated[Visitor, Depends(desk_reader)],
) -> Response:
    """One revision, and what it changed against the one before."""
    deps = deps_of(request)
    now, wanted = deps.clock(), _number(number)

    def read(
        session: Session,
    ) -> tuple[Frame, Piece | None, Sequence[ArticleRevision], dict[str, str]]:
        rows = revisions.history(session, article_id)
        names = revisions.authors(session, deps.vault, rows)
        return frame(session, deps, visitor, now), piece_of(session, article_id), rows, names

    around, piece, rows, names = await deps.database.read(read)
    row = next((one for one in rows if one.number == wanted), None)
    if piece is None or row is None:
        not_found()
    before = _before(piece, rows, row)
    return show(
        request,
        "article_revision.html",
        around,
        piece=piece,
        row=row,
        author=names.get(row.author_id or ""),
        sheet=sheet_of(article_id, row.manuscript),
        changed=_changed(before, row) if before else None,
        sound=revisions.intact(row),
    )


@router.get("/desk/articles/{article_id}/file")
async def file(
    request: Request, article_id: str, visitor: Annotated[Visitor, Depends(desk_reader)]
) -> Response:
    """The Markdown file of what is served; without anything served, of the draft."""
    deps = deps_of(request)
    now, reader = deps.clock(), visitor.reader
    piece = await deps.database.read(lambda session: piece_of(session, article_id))
    if piece is None:
        not_found()
    text = written(piece.served) if piece.served else piece.manuscript
    await deps.database.write(lambda session: revisions.note_read(session, reader, article_id, now))
    return Response(
        text,
        media_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{article_id}.md"'},
    )


def _before(piece: Piece, rows: Sequence[ArticleRevision], row: ArticleRevision) -> Sheet | None:
    """The text it followed: the revision before it, else the packaged file."""
    older = next((one for one in rows if one.number < row.number), None)
    try:
        if older is not None:
            return sheet_of(piece.id, older.manuscript)
        return sheet_of(piece.id, written(piece.file)) if piece.file else None
    except ArticleError:
        return None


def _changed(before: Sheet, row: ArticleRevision) -> tuple[Change, ...]:
    return changes(before, sheet_of(row.article_id, row.manuscript))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0  # noqa: PLR2004
