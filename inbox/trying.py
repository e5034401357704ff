"""What a draft would change: asked for here, worked off by the worker, shown when it is done."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.changes import Run, runs
from inbox.deps import deps_of
from inbox.desk import Piece, curator_post, desk_reader, known_ids, piece_of
from inbox.door import Posted, not_found
from inbox.page import Frame, frame, show
from records import revisions, trials
from records.practitioners import Visitor
from records.tables import ArticleTrial
from records.trials import Difference

router = APIRouter()


@router.post("/desk/articles/{article_id}/trial")
async def ask(
    request: Request, article_id: str, form: Annotated[Posted, Depends(curator_post)]
) -> Response:
    """Ask the worker which answers would change with the draft."""
    deps, reader = deps_of(request), form.visitor.reader
    now = deps.clock()

    def write(session: Session) -> str | None:
        piece = piece_of(session, article_id)
        if piece is None or not piece.draft:
            return None
        return trials.request(session, reader, article_id, piece.number, now)

    trial_id = await deps.database.write(write)
    if trial_id is None:
        not_found()
    return RedirectResponse(f"/desk/articles/{article_id}/trials/{trial_id}", 303)


@router.get("/desk/articles/{article_id}/trials/{trial_id}")
async def one_trial(
    request: Request,
    article_id: str,
    trial_id: str,
    visitor: Annotated[Visitor, Depends(desk_reader)],
) -> Response:
    """How far it is; then the questions whose answer changes, before and after."""
    deps = deps_of(request)
    now, reader = deps.clock(), visitor.reader

    def read(
        session: Session,
    ) -> tuple[Frame, Piece | None, ArticleTrial | None, tuple[Difference, ...], dict[str, str]]:
        trial = trials.find(session, article_id, trial_id)
        return (
            frame(session, deps, visitor, now),
            piece_of(session, article_id),
            trial,
            trials.differences(session, deps.vault, reader, trial) if trial else (),
            known_ids(session),
        )

    around, piece, trial, found, titles = await deps.database.read(read)
    if piece is None or trial is None:
        not_found()
    if found:
        await deps.database.write(
            lambda session: revisions.note_read(session, reader, article_id, now)
        )
    return show(
        request,
        "article_trial.html",
        around,
        piece=piece,
        trial=trial,
        moved=[_compared(one) for one in found if _moved(one)],
        reworded=[_compared(one) for one in found if not _moved(one)],
        titles=titles,
        old=trial.number != piece.number,
    )


def _moved(one: Difference) -> bool:
    """Whether another article answers, or now none, or one at last; else it only says it otherwise."""
    return (one.before.kind, one.before.articles) != (one.after.kind, one.after.articles)


def _compared(one: Difference) -> tuple[Difference, tuple[Run, ...]]:
    return one, runs(one.before.text, one.after.text)
