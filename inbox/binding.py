"""The code a person takes home: shown big, as a QR picture and as a slip; who is bound, and consent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import segno
import structlog
from fastapi import APIRouter, Depends
from markupsafe import Markup
from sqlmodel import Session, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox import people
from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, clinical_post, clinician, not_found
from inbox.page import Frame, frame, show
from inbox.words import word
from records import audit, binding, consents, links
from records.caseload import readable
from records.consents import Evidence
from records.dossier import Dossier
from records.practitioners import Visitor
from records.reader import Reader
from records.tables import Facility, Person
from records.vault import Vault

# What the patient is to whoever will hold the phone, the likely one first.
RELATIONS = (
    "self", "mother", "father", "spouse", "mother_in_law", "father_in_law",
    "grandmother", "grandfather", "sibling", "child", "other",
)  # fmt: skip
_PATIENCE = 6.0

_Act = Callable[[Session, "Sheet"], bool]

router = APIRouter()
log = structlog.get_logger("inbox")


@dataclass(frozen=True, slots=True)
class Bound:
    """A phone that is bound, and what was agreed to on it."""

    tied: links.Tied
    allowed: frozenset[str]
    pending: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything the page shows of one person."""

    person_id: str
    name: str
    status: str
    village: str | None
    phone_of_clinic: str | None
    codes: tuple[binding.Issued, ...]
    bound: tuple[Bound, ...]


@router.get("/persons/{person_id}/binding")
async def sheet(
    request: Request, person_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """The code to hand over, or the button to get one."""
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, Sheet] | None:
        found = _sheet(session, deps.vault, visitor.reader, person_id, now)
        return (frame(session, deps, visitor, now), found) if found else None

    loaded = await deps.database.read(read)
    if loaded is None:
        not_found()
    around, found = loaded
    await deps.database.write(lambda session: _note(session, visitor, "read", person_id, now))
    done = request.query_params.get("done", "")
    return show(
        request,
        "binding.html",
        around,
        sheet=found,
        pictures={code.id: picture(code.qr_url) for code in found.codes if code.qr_url},
        wechat=deps.picture_of is not None,
        loopback=deps.loopback,
        relations=RELATIONS,
        purposes=consents.PURPOSES,
        flash=done if word("flash", done) != done else "",
    )


@router.post("/persons/{person_id}/binding")
async def issue(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Give out a new code; the picture is asked for outside of any transaction."""
    deps = deps_of(request)
    now, reader = deps.clock(), form.visitor.reader
    relation = form["relation"] if form["relation"] in RELATIONS else links.SELF

    def write(session: Session) -> binding.Issued | None:
        if _person(session, reader, person_id) is None:
            return None
        _note(session, form.visitor, "issue", person_id, now)
        return binding.issue(
            session,
            deps.vault,
            person_id,
            relation=relation,
            issued_by=reader.practitioner_id,
            now=now,
        )

    code = await deps.database.write(write)
    if code is None:
        not_found()
    drawn = await draw(deps, code)
    done = "code" if drawn or deps.picture_of is None else "code_only"
    return RedirectResponse(f"/persons/{person_id}/binding?done={done}", 303)


@router.post("/persons/{person_id}/binding/cancel")
async def cancel(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Make a code useless."""
    now, code_id = deps_of(request).clock(), form["code"]

    def write(session: Session, found: Sheet) -> bool:
        if code_id not in {code.id for code in found.codes}:
            return False
        _note(session, form.visitor, "cancel", person_id, now)
        return binding.cancel(session, code_id, now)

    return await _change(request, form.visitor, person_id, write, "cancelled")


@router.post("/persons/{person_id}/binding/unbind")
async def unbind(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Take the person from behind a phone. What was agreed to on it ends with it."""
    now, link_id = deps_of(request).clock(), form["link"]
    proof = Evidence(practitioner_id=form.visitor.reader.practitioner_id)

    def write(session: Session, found: Sheet) -> bool:
        tied = next((one.tied for one in found.bound if one.tied.link_id == link_id), None)
        if tied is None or not links.untie(session, link_id, now):
            return False
        consents.revoke(
            session,
            person_id,
            consents.PURPOSES,
            now,
            evidence=proof,
            said_on=tied.contact_point_id,
            everywhere=False,
        )
        _note(session, form.visitor, "unbind", person_id, now)
        return True

    return await _change(request, form.visitor, person_id, write, "unbound")


@router.post("/persons/{person_id}/binding/consent")
async def consent(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """What the person told the doctor face to face, for one phone."""
    now, link_id = deps_of(request).clock(), form["link"]
    proof = Evidence(practitioner_id=form.visitor.reader.practitioner_id)
    wanted = {purpose for purpose in consents.PURPOSES if purpose in form.all("purpose")}

    def write(session: Session, found: Sheet) -> bool:
        one = next((one for one in found.bound if one.tied.link_id == link_id), None)
        if one is None:
            return False
        point = one.tied.contact_point_id
        consents.give(session, person_id, wanted, now, contact_point_id=point, evidence=proof)
        taken = [purpose for purpose in consents.PURPOSES if purpose not in wanted]
        consents.revoke(
            session, person_id, taken, now, evidence=proof, said_on=point, everywhere=False
        )
        _note(session, form.visitor, "consent", person_id, now, sorted(wanted))
        return True

    return await _change(request, form.visitor, person_id, write, "consent")


async def draw(deps: InboxDeps, code: binding.Issued) -> bool:
    """Ask WeChat for the picture's content. Without it the six digits are enough."""
    if deps.picture_of is None or code.scene is None:
        return False
    seconds, scene = int(binding.LASTS.total_seconds()), code.scene
    try:
        async with asyncio.timeout(_PATIENCE):
            url = await deps.picture_of(scene, seconds, deps.clock())
    except Exception as error:  # noqa: BLE001 - no picture is no reason to hold back the code
        log.warning("binding.no_picture", error=type(error).__name__)
        return False
    if url is None:
        log.warning("binding.no_picture")
        return False
    await deps.database.write(
        lambda session: binding.keep_picture(session, deps.vault, code.id, scene=scene, url=url)
    )
    return True


def picture(url: str) -> Markup:
    """The QR picture as SVG in the page itself: the page's policy lets nothing else in."""
    drawn = segno.make(url, error="m").svg_inline(omitsize=True, border=3, svgclass="qr")
    return Markup(drawn)  # noqa: S704 -- drawn by us, and the address only decides which squares


def on_the_page(
    session: Session, deps: InboxDeps, visitor: Visitor, person: Dossier, now: datetime
) -> Sheet | None:
    """The part of the person's page that says who is bound."""
    return _sheet(session, deps.vault, visitor.reader, person.id, now)


people.PARTS["binding"] = on_the_page


async def _change(
    request: Request,
    visitor: Visitor,
    person_id: str,
    act: _Act,
    done: str,
) -> Response:
    deps = deps_of(request)
    now = deps.clock()

    def write(session: Session) -> bool | None:
        found = _sheet(session, deps.vault, visitor.reader, person_id, now)
        return act(session, found) if found else None

    changed = await deps.database.write(write)
    if changed is None:
        not_found()
    return RedirectResponse(f"/persons/{person_id}/binding?done={done if changed else 'late'}", 303)


def _sheet(
    session: Session, vault: Vault, reader: Reader, person_id: str, now: datetime
) -> Sheet | None:
    person = _person(session, reader, person_id)
    if person is None:
        return None
    place = session.get(Facility, person.facility_id) if person.facility_id else None
    bound = []
    for tied in links.phones_of(session, person_id):
        found = consents.standing(session, person_id, tied.contact_point_id)
        bound.append(Bound(tied, found.allowed, found.pending))
    return Sheet(
        person_id=person.id,
        name=readable(vault, person.name_sealed, "persons.name", person.id) or "",
        status=person.status,
        village=place.name if place else None,
        phone_of_clinic=place.phone if place else None,
        codes=tuple(binding.live(session, vault, person_id, now)),
        bound=tuple(bound),
    )


def _person(session: Session, reader: Reader, person_id: str) -> Person | None:
    return session.exec(select(Person).where(Person.id == person_id).where(reader.people())).first()


def _note(
    session: Session,
    visitor: Visitor,
    action: str,
    person_id: str,
    now: datetime,
    purposes: list[str] | None = None,
) -> None:
    audit.note(
        session,
        actor=visitor.reader.actor,
        action=action,
        subject="binding",
        subject_id=person_id,
        person_id=person_id,
        facility_id=visitor.reader.facility_id,
        now=now,
        detail={"purposes": purposes} if purposes is not None else None,
    )
