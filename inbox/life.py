"""What befell a person, in one tap with a way back, and whom to phone in an emergency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox import standing
from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, clinical_post, not_found
from inbox.page import Frame, frame, show
from inbox.people import PARTS
from records import dossier, emergency, life
from records.dossier import Dossier
from records.emergency import RELATIONS, EmergencyError
from records.festivals import next_spring_festival
from records.life import LifeError, Wish
from records.people import china_date
from records.practitioners import Visitor
from records.tables import LifeChange

CONFIRMED = "yes"

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Life:
    """What the part shows: the change that holds, where to, and what can be chosen."""

    changed: LifeChange | None
    place: str
    until: date
    today: date
    can_change: bool
    relations: tuple[str, ...] = RELATIONS


@dataclass(frozen=True, slots=True)
class Contact:
    """Whether an emergency contact lacks, and what somebody may be to the person."""

    lacks: bool
    relations: tuple[str, ...] = RELATIONS


@router.post("/persons/{person_id}/life")
async def change(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Write it down; for a death ask once more first, because it is the hardest to explain."""
    deps = deps_of(request)
    now, reader = deps.clock(), form.visitor.reader
    try:
        wish = Wish(form["status"], _day(form["on"]), _day(form["until"]), form["place"])
        if wish.status == life.DECEASED and form["sure"] != CONFIRMED:
            return await _page(request, person_id, form, "")
        done = await deps.database.write(
            lambda session: life.change(session, deps.vault, reader, person_id, wish, now)
        )
    except LifeError as error:
        return await _page(request, person_id, form, error.code)
    if done is None:
        not_found()
    flash = f"life_{wish.status}" if done.done else "life_same"
    return RedirectResponse(f"/persons/{person_id}?done={flash}", 303)


@router.post("/persons/{person_id}/emergency")
async def emergency_contact(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Write down whom to phone."""
    deps = deps_of(request)
    now, reader = deps.clock(), form.visitor.reader
    try:
        kept = await deps.database.write(
            lambda session: emergency.keep(
                session,
                deps.vault,
                reader,
                person_id,
                name=form["name"],
                phone=form["phone"],
                relation=form["relation"],
                now=now,
            )
        )
    except EmergencyError as error:
        return await _page(request, person_id, form, error.code)
    if not kept:
        not_found()
    flash = "emergency_kept" if form["phone"] else "emergency_gone"
    return RedirectResponse(f"/persons/{person_id}?done={flash}", 303)


async def _page(request: Request, person_id: str, form: Posted, problem: str) -> Response:
    """The same form on a page of its own: to confirm a death, or to mend what was typed."""
    deps = deps_of(request)
    now, visitor = deps.clock(), form.visitor

    def read(session: Session) -> tuple[Frame, Dossier, Life] | None:
        found = dossier.dossier(session, deps.vault, visitor.reader, person_id, now)
        if found is None:
            return None
        part = on_the_page(session, deps, visitor, found, now)
        return frame(session, deps, visitor, now), found, part

    loaded = await deps.database.read(read)
    if loaded is None:
        not_found()
    around, found, part = loaded
    return show(
        request,
        "life.html",
        around,
        status=422 if problem else 200,
        person=found,
        part=part,
        problem=problem,
        typed=form.fields,
        about_death=form["status"] == life.DECEASED,
    )


def on_the_page(
    session: Session, deps: InboxDeps, _visitor: Visitor, person: Dossier, now: datetime
) -> Life:
    """The part on the person's page."""
    changed = life.last_change(session, person.id)
    place = ""
    if changed is not None and changed.place_sealed is not None:
        place = deps.vault.open(changed.place_sealed, life.PLACE, changed.id)
    today = china_date(now)
    return Life(changed, place, next_spring_festival(today), today, person.status in life.STATUSES)


def _day(typed: str) -> date | None:
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        code = "day"
        raise LifeError(code) from None


def contact_on_the_page(
    _session: Session, _deps: InboxDeps, _visitor: Visitor, person: Dossier, now: datetime
) -> Contact:
    """The part with the contact, open where one lacks."""
    return Contact(standing.lacks_emergency(person, now))


PARTS["life"] = on_the_page
PARTS["emergency"] = contact_on_the_page
