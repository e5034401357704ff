"""Taking data out: one person as FHIR, a copy for the person herself, and erasure on request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, clinician, not_found
from inbox.importing import importer, importer_post
from inbox.menu import ABOVE_THE_VILLAGE
from inbox.page import Frame, frame, show
from inbox.people import PARTS
from records import audit, dossier, erasing
from records.dossier import Dossier
from records.erasing import EraseError
from records.people import name_of
from records.practitioners import Visitor
from records.tables import Person
from reports import own_copy

router = APIRouter()

_NAMELESS = "未建档"


@dataclass(frozen=True, slots=True)
class Ways:
    """What the person's page offers this reader."""

    may_erase: bool


def _part(
    _session: Session, _deps: InboxDeps, visitor: Visitor, _found: Dossier, _now: datetime
) -> Ways:
    return Ways(may_erase=visitor.reader.role in ABOVE_THE_VILLAGE)


PARTS["export"] = _part


@router.get("/persons/{person_id}/fhir.json")
async def fhir(
    request: Request, person_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """One person as a FHIR Bundle, for whoever treats the person next."""
    now = deps_of(request).clock()

    def make(session: Session, person: Person) -> bytes:
        # The models are imported by the first export only.
        from reports.fhir import export  # noqa: PLC0415

        found = export.facilities_above(session, person.facility_id)
        found += export.of_person(session, deps_of(request).vault, person)
        return export.as_json(export.bundle(found, now)).encode()

    content = await _taken(request, visitor, person_id, make, "person.exported")
    return _file(content, "application/fhir+json", f"person-{person_id[-6:]}.json")


@router.get("/persons/{person_id}/copy.zip")
async def copy(
    request: Request, person_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """Everything that is kept about a person, for the person herself."""
    vault = deps_of(request).vault

    def make(session: Session, person: Person) -> bytes:
        return own_copy.as_zip(own_copy.own_copy(session, vault, person))

    content = await _taken(request, visitor, person_id, make, "person.copied")
    return _file(content, "application/zip", f"person-{person_id[-6:]}.zip")


@router.get("/persons/{person_id}/erase")
async def asked(
    request: Request, person_id: str, visitor: Annotated[Visitor, Depends(importer)]
) -> Response:
    """What erasure does, before it is done."""
    return await _page(request, visitor, person_id, "")


@router.post("/persons/{person_id}/erase")
async def erased(
    request: Request, person_id: str, form: Annotated[Posted, Depends(importer_post)]
) -> Response:
    """Erase, when the name was written out."""
    deps = deps_of(request)
    now, reader, typed = deps.clock(), form.visitor.reader, form["name"]

    def write(session: Session) -> str | None:
        person = _visible(session, form.visitor, person_id)
        if person is None:
            return None
        if typed != (name_of(deps.vault, person) or _NAMELESS):
            return "erase_name"
        erasing.erase(session, deps.vault, person_id, actor=reader.actor, now=now)
        return ""

    try:
        problem = await deps.database.write(write)
    except EraseError as error:
        problem = f"erase_{error.code}"
    if problem is None:
        not_found()
    if problem:
        return await _page(request, form.visitor, person_id, problem)
    return RedirectResponse("/erased", 303)


@router.get("/erased")
async def gone(request: Request, visitor: Annotated[Visitor, Depends(importer)]) -> Response:
    """It is done. The page names nobody, because nobody is there any more."""
    deps = deps_of(request)
    now = deps.clock()
    around = await deps.database.read(lambda session: frame(session, deps, visitor, now))
    return show(request, "erased.html", around)


async def _page(request: Request, visitor: Visitor, person_id: str, problem: str) -> Response:
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, Dossier] | None:
        found = dossier.dossier(session, deps.vault, visitor.reader, person_id, now)
        return (frame(session, deps, visitor, now), found) if found else None

    loaded = await deps.database.read(read)
    if loaded is None:
        not_found()
    around, person = loaded
    return show(
        request,
        "erase.html",
        around,
        status=422 if problem else 200,
        person=person,
        name=person.name or _NAMELESS,
        problem=problem,
    )


async def _taken(
    request: Request,
    visitor: Visitor,
    person_id: str,
    make: Callable[[Session, Person], bytes],
    action: str,
) -> bytes:
    """Make a file of a person this reader may see, and write down that it was taken."""
    deps = deps_of(request)
    now = deps.clock()

    def read() -> bytes | None:
        with deps.database.reading() as session:
            person = _visible(session, visitor, person_id)
            return make(session, person) if person else None

    content = await asyncio.to_thread(read)
    if content is None:
        not_found()
    await deps.database.write(
        lambda session: audit.note(
            session,
            actor=visitor.reader.actor,
            action=action,
            subject="person",
            subject_id=person_id,
            person_id=person_id,
            now=now,
        )
    )
    return content


def _visible(session: Session, visitor: Visitor, person_id: str) -> Person | None:
    return session.exec(
        select(Person).where(Person.id == person_id).where(visitor.reader.people())
    ).first()


def _file(content: bytes, kind: str, name: str) -> Response:
    disposition = f'attachment; filename="{name}"'
    return Response(content, media_type=kind, headers={"Content-Disposition": disposition})
