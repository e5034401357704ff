"""Kidney disease, gout, a weak heart: ticked once by a doctor, heeded whenever somebody asks what to eat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, clinical_post, not_found
from inbox.people import PARTS
from records import ailing
from records.dossier import Dossier
from records.practitioners import Visitor
from records.tables import Person

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Ailing:
    """What can be ticked, and what is."""

    known: tuple[str, ...]
    ticked: tuple[str, ...]


@router.post("/persons/{person_id}/ailments")
async def ailments(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Write down what is ticked, and forget what is not."""
    deps = deps_of(request)
    now, reader, said = deps.clock(), form.visitor.reader, form.all("ailment")
    kept = await deps.database.write(
        lambda session: ailing.keep(session, reader, person_id, said, now)
    )
    if not kept:
        not_found()
    return RedirectResponse(f"/persons/{person_id}?done=ailments_kept", 303)


def on_the_page(
    session: Session, _deps: InboxDeps, _visitor: Visitor, person: Dossier, _now: datetime
) -> Ailing:
    """The part on the person's page."""
    return Ailing(ailing.AILMENTS, tuple(session.get_one(Person, person.id).ailments))


PARTS["ailments"] = on_the_page
