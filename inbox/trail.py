"""The audit trail, shown to the township: who read, who changed, who stood at the door."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from sqlmodel import Session, select
from starlette.requests import Request
from starlette.responses import Response

from inbox.deps import InboxDeps, deps_of
from inbox.door import clinician, not_found
from inbox.page import Frame, frame, show
from inbox.words import word
from records import audit, people, staffing, trail
from records.practitioners import Visitor
from records.reader import Reader
from records.staffing import Post
from records.tables import Person
from records.trail import CHANGE, DOOR, READ, Line, Question, Trail

KINDS = (READ, CHANGE, DOOR)
_ASKED = ("person", "by", "day", "kind")

_DIGITS = 4

router = APIRouter()


async def above_the_village(visitor: Annotated[Visitor, Depends(clinician)]) -> Visitor:
    """These pages do not exist for a village doctor."""
    if not trail.may_look(visitor.reader):
        not_found()
    return visitor


@router.get("/audit")
async def audit_trail(
    request: Request, visitor: Annotated[Visitor, Depends(above_the_village)]
) -> Response:
    """The trail of the catchment, narrowed to what the address asks for."""
    deps = deps_of(request)
    now, reader = deps.clock(), visitor.reader
    question, page = _question(request), _page(request)

    def read(session: Session) -> tuple[Frame, Trail, str | None, tuple[tuple[str, str], ...]]:
        about = _about(session, deps, reader, question.person_id)
        found = trail.trail(session, deps.vault, reader, question, page)
        staff = trail.colleagues(session, deps.vault, reader)
        return frame(session, deps, visitor, now), found, about, staff

    around, found, about, staff = await deps.database.read(read)
    if question.person_id and about is None:
        not_found()
    await deps.database.write(
        lambda session: audit.note(
            session,
            actor=reader.actor,
            action="read",
            subject="audit",
            subject_id=reader.facility_id,
            person_id=question.person_id or None,
            facility_id=reader.facility_id,
            now=now,
        )
    )
    asked = {name: value for name in _ASKED if (value := request.query_params.get(name))}
    return show(
        request,
        "audit.html",
        around,
        found=found,
        about=about,
        question=question,
        staff=staff,
        kinds=KINDS,
        deed=deed,
        actor=actor,
        link=lambda to: f"/audit?{urlencode({**asked, 'page': to})}",
    )


@router.get("/staff")
async def staff_page(
    request: Request, visitor: Annotated[Visitor, Depends(above_the_village)]
) -> Response:
    """The tree of facilities with everybody who signs in."""
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, tuple[Post, ...]]:
        posts = staffing.posts(session, deps.vault, visitor.reader)
        return frame(session, deps, visitor, now), posts

    around, posts = await deps.database.read(read)
    return show(request, "staff.html", around, posts=posts)


def deed(line: Line) -> str:
    """What was done, in words."""
    if line.action == READ:
        return word("audit_read", line.subject)
    with_subject = f"{line.action}:{line.subject}"
    said = word("audit_action", with_subject)
    return said if said != with_subject else word("audit_action", line.action)


def actor(line: Line) -> str:
    """Who did it: a name, or what is known of whoever has none."""
    return word("audit_actor", line.by)


def _about(session: Session, deps: InboxDeps, reader: Reader, person_id: str) -> str | None:
    """The name of the person asked about; None outside the catchment."""
    if not person_id:
        return None
    row = session.exec(select(Person).where(Person.id == person_id).where(reader.people())).first()
    return None if row is None else people.name_of(deps.vault, row)


def _question(request: Request) -> Question:
    asked = request.query_params
    kind = asked.get("kind", "")
    return Question(
        person_id=asked.get("person", ""),
        practitioner_id=asked.get("by", ""),
        day=_day(asked.get("day", "")),
        kind=kind if kind in KINDS else "",
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _page(request: Request) -> int:
    text = request.query_params.get("page", "1")
    known = text.isascii() and text.isdigit() and int(text[:_DIGITS]) > 0 and len(text) <= _DIGITS
    return int(text) if known else 1
