"""Writing to a patient from her own page, and holding or handing back her conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, clinical_post, not_found
from inbox.form import Fields
from inbox.people import PARTS
from inbox.ready import ready_replies
from inbox.typed import page_behind
from inbox.words import word
from records import dossier, drafts, escalations, takeover, writing
from records.dossier import Dossier
from records.identity import new_id
from records.outbound import DOCTOR
from records.own_replies import own_replies
from records.practitioners import Visitor
from records.reaching import own_contact_point
from records.reader import Reader
from records.tables import ContactPoint, Person, PersonContact
from records.takeover import Held
from records.writing import LONGEST_REPLY

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Writing:
    """The part of a person's page where one writes to her, and to which address it goes."""

    reachable: bool
    held: Held | None
    typed: str
    problem: str
    once: str
    ready: dict[str, str]
    contact_id: str | None = None


def load(
    session: Session, deps: InboxDeps, visitor: Visitor, person: Dossier, now: datetime
) -> Writing:
    """What the part shows. Words typed before the session ended, or refused, are still there."""
    owner = visitor.reader.practitioner_id
    contact = own_contact_point(session, person.id, DOCTOR)
    typed = Fields(drafts.find(session, deps.vault, owner, _page(person.id), now))
    own = own_replies(session, deps.vault, visitor.reader)
    return Writing(
        reachable=contact is not None,
        held=takeover.held(session, deps.vault, contact.id if contact else None, now),
        typed=typed.get("text", ""),
        problem=word("problem", typed.get("problem", "")),
        once=new_id(),
        ready=ready_replies(person, visitor.name, own, now),
        contact_id=contact.id if contact else None,
    )


PARTS["writing"] = load


@router.post("/persons/{person_id}/write")
async def write(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Queue the doctor's words to somebody without an open case."""
    deps, reader = deps_of(request), form.visitor.reader
    now, once = deps.clock(), form["once"] or new_id()
    text = form["text"].replace("\r\n", "\n")
    problem = "" if text else "empty"
    problem = "too_long" if len(text) > LONGEST_REPLY else problem
    if problem:
        return await _keep(request, form, person_id, text, problem)
    done = await deps.database.write(
        lambda session: writing.write_to_patient(
            session, deps.vault, reader, person_id, text=text, once=once, now=now
        )
    )
    if done is None:
        not_found()
    if not done.done:
        return await _keep(request, form, person_id, text, "no_address")
    return RedirectResponse(f"{_page(person_id)}?done=written", 303)


@router.post("/persons/{person_id}/compose")
async def compose(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Put a ready-made reply into the text, to be read again before it is sent."""
    deps, visitor = deps_of(request), form.visitor
    now = deps.clock()

    def read(session: Session) -> str | None:
        person = dossier.dossier(session, deps.vault, visitor.reader, person_id, now)
        if person is None:
            return None
        own = own_replies(session, deps.vault, visitor.reader)
        return ready_replies(person, visitor.name, own, now).get(form["canned"], "")

    ready = await deps.database.read(read)
    if ready is None:
        not_found()
    return await _keep(request, form, person_id, form["text"] + ready, "")


@router.post("/persons/{person_id}/take-over")
async def take_over(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """The doctor talks with the patient now; the agent keeps quiet."""
    deps = deps_of(request)
    now, reader = deps.clock(), form.visitor.reader

    def act(session: Session) -> bool:
        contact = _contact(session, reader, person_id, form["contact"])
        if contact is None:
            return False
        takeover.take(session, reader, contact.id, now)
        escalations.remark(session, person_id, "taken_over", reader.practitioner_id, now)
        return True

    if not await deps.database.write(act):
        not_found()
    return RedirectResponse(f"{page_behind(request)}?done=taken_over", 303)


@router.post("/persons/{person_id}/hand-back")
async def hand_back(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """The agent answers again."""
    deps = deps_of(request)
    now, reader = deps.clock(), form.visitor.reader

    def act(session: Session) -> bool:
        contact = _contact(session, reader, person_id, form["contact"])
        if contact is None:
            return False
        if takeover.hand_back(session, reader, contact.id, now):
            escalations.remark(session, person_id, "handed_back", reader.practitioner_id, now)
        return True

    if not await deps.database.write(act):
        not_found()
    return RedirectResponse(f"{page_behind(request)}?done=handed_back", 303)


def _contact(
    session: Session, reader: Reader, person_id: str, contact_point_id: str
) -> ContactPoint | None:
    """The phone that was meant, if it is one of hers and she is the reader's to see."""
    return session.exec(
        select(ContactPoint)
        .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
        .join(Person, col(Person.id) == col(PersonContact.person_id))
        .where(col(ContactPoint.id) == contact_point_id)
        .where(col(Person.id) == person_id)
        .where(col(PersonContact.unlinked_at).is_(None))
        .where(reader.people())
    ).first()


async def _keep(
    request: Request, form: Posted, person_id: str, text: str, problem: str
) -> Response:
    """Back to the page with the words still there."""
    deps, owner = deps_of(request), form.visitor.reader.practitioner_id
    now, path = deps.clock(), _page(person_id)
    pairs = (("text", text), ("problem", problem))
    await deps.database.write(
        lambda session: drafts.keep(session, deps.vault, owner, path, pairs, now)
    )
    return RedirectResponse(f"{path}#write", 303)


def _page(person_id: str) -> str:
    return f"/persons/{person_id}"
