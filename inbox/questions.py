"""Questions the library could not answer well: a curator answers once, and everybody is served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from care.situation import Programme
from inbox.deps import deps_of
from inbox.desk import curator, curator_post, known_ids
from inbox.door import Posted, not_found
from inbox.page import Frame, frame, show
from inbox.words import word
from knowledge.likeness import closeness, weights
from records import audit, question_groups, question_queue
from records.asked import REASONS
from records.practitioners import Visitor
from records.question_groups import COVERED, DISMISSALS, DISMISSED, MERGED, STATES, WAITING
from records.question_queue import Detail, Queue, Wish
from records.reader import Reader

_MOST_WORDS = 40
_MOST_LIKE = 12
_DIGITS = 4

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Choices:
    """What a group may be put to: articles by id, and other groups, the likeliest first."""

    articles: dict[str, str]
    others: tuple[tuple[str, str], ...]


@router.get("/desk")
async def questions(request: Request, visitor: Annotated[Visitor, Depends(curator)]) -> Response:
    """The queue: what many ask comes first."""
    deps = deps_of(request)
    now, reader, wish = deps.clock(), visitor.reader, _wish(request)

    def read(session: Session) -> tuple[Frame, Queue, dict[str, str]]:
        found = question_queue.queue(session, deps.vault, reader, wish, now, _page(request))
        return frame(session, deps, visitor, now), found, known_ids(session)

    around, found, titles = await deps.database.read(read)
    await deps.database.write(lambda session: _note_read(session, reader, reader.facility_id, now))
    return show(
        request,
        "questions.html",
        around,
        found=found,
        wish=wish,
        titles=titles,
        states=STATES,
        reasons=REASONS,
        conditions=[one.value for one in Programme],
        link=lambda **other: _link(wish, other),
        flash=_flash(request),
    )


@router.get("/desk/questions/{group_id}")
async def one_group(
    request: Request, group_id: str, visitor: Annotated[Visitor, Depends(curator)]
) -> Response:
    """All questions of a group, and what may be done about them."""
    return await _group_page(request, group_id, visitor)


@router.post("/desk/questions/{group_id}")
async def decide(
    request: Request, group_id: str, form: Annotated[Posted, Depends(curator_post)]
) -> Response:
    """An article covers it, it is not ours, it belongs to another, or it is several questions."""
    deps = deps_of(request)
    known = await deps.database.read(
        lambda session: (
            question_queue.detail(session, deps.vault, form.visitor.reader, group_id) is not None,
            known_ids(session),
        )
    )
    act = _DEEDS.get(form["action"])
    if act is None or not known[0]:
        not_found()
    if form["action"] == COVERED and form["article"] not in known[1]:
        return await _group_page(request, group_id, form.visitor, problem="article_unknown")
    now = deps.clock()
    done = await deps.database.write(lambda session: act(session, form, group_id, now))
    if not done:
        problem = f"{form['action']}_nothing"
        return await _group_page(request, group_id, form.visitor, problem=problem)
    return RedirectResponse(_afterwards(form["action"], done), 303)


async def _group_page(
    request: Request, group_id: str, visitor: Visitor, problem: str = ""
) -> Response:
    deps = deps_of(request)
    now, reader = deps.clock(), visitor.reader

    def read(session: Session) -> tuple[Frame, Detail | None, Choices]:
        found = question_queue.detail(session, deps.vault, reader, group_id)
        others = question_queue.titles(session, deps.vault, reader, group_id) if found else ()
        choices = Choices(known_ids(session) if found else {}, others)
        return frame(session, deps, visitor, now), found, choices

    around, found, choices = await deps.database.read(read)
    if found is None:
        not_found()
    await deps.database.write(lambda session: _note_read(session, reader, group_id, now))
    return show(
        request,
        "question_group.html",
        around,
        status=422 if problem else 200,
        group=found.heap,
        questions=found.questions,
        merged=found.merged,
        articles=choices.articles,
        others=_likeliest(found, choices.others),
        dismissals=DISMISSALS,
        removed=sorted({kind for one in found.questions for kind in one.removed}),
        problem=word("problem", problem),
        flash=_flash(request),
    )


def _likeliest(found: Detail, others: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """The groups that ask something like it, the nearest first."""
    own = [weights(one.text) for one in found.questions]
    near = [(closeness(weights(title), own), other, title) for other, title in others]
    near.sort(key=lambda one: -one[0])
    return [(other, title) for _, other, title in near[:_MOST_LIKE]]


def _cover(session: Session, form: Posted, group: str, now: datetime) -> str:
    done = question_groups.cover(session, form.visitor.reader, group, form["article"], now)
    return group if done else ""


def _dismiss(session: Session, form: Posted, group: str, now: datetime) -> str:
    done = question_groups.dismiss(session, form.visitor.reader, group, form["why"], now)
    return group if done else ""


def _reopen(session: Session, form: Posted, group: str, now: datetime) -> str:
    """Whatever was decided, or one of the groups that were put into this one."""
    former = form["former"] or group
    return group if question_groups.reopen(session, form.visitor.reader, former, now) else ""


def _merge(session: Session, form: Posted, group: str, now: datetime) -> str:
    into = form["into"]
    return into if question_groups.merge(session, form.visitor.reader, group, into, now) else ""


def _split(session: Session, form: Posted, group: str, now: datetime) -> str:
    chosen = form.all("question")
    return question_groups.split(session, form.visitor.reader, group, chosen, now) or ""


# What a button of the group's page does. Each returns the group to go on with; empty: nothing was done.
_DEEDS: dict[str, Callable[[Session, Posted, str, datetime], str]] = {
    COVERED: _cover,
    DISMISSED: _dismiss,
    "reopened": _reopen,
    MERGED: _merge,
    "split": _split,
}


def _afterwards(action: str, group: str) -> str:
    """Back to the queue when the group is done with, else to the group."""
    place = "/desk" if action in (COVERED, DISMISSED) else f"/desk/questions/{group}"
    return f"{place}?done=question_{action}"


def _note_read(session: Session, reader: Reader, subject_id: str, now: datetime) -> None:
    audit.note(
        session,
        actor=reader.actor,
        action="read",
        subject="question",
        subject_id=subject_id,
        facility_id=reader.facility_id,
        now=now,
    )


def _wish(request: Request) -> Wish:
    asked = request.query_params
    state, reason = asked.get("state", WAITING), asked.get("reason", "")
    condition = asked.get("condition", "")
    return Wish(
        state=state if state in STATES else WAITING,
        reason=reason if reason in REASONS else "",
        condition=condition if condition in {one.value for one in Programme} else "",
        words=asked.get("q", "").strip()[:_MOST_WORDS],
    )


def _link(wish: Wish, other: dict[str, str]) -> str:
    """The address of the queue with something changed; what is usual is left out."""
    now = {"state": wish.state, "reason": wish.reason, "condition": wish.condition, "q": wish.words}
    asked = {name: value for name, value in {**now, **other}.items() if value}
    if asked.get("state") == WAITING:
        del asked["state"]
    return f"/desk?{urlencode(asked)}" if asked else "/desk"


def _page(request: Request) -> int:
    text = request.query_params.get("page", "1")
    known = text.isascii() and text.isdigit() and len(text) <= _DIGITS
    return int(text) if known else 1


def _flash(request: Request) -> str:
    code = request.query_params.get("done", "")
    return code if word("flash", code) != code else ""
