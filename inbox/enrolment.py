"""Registering a person: one form, whoever may be the same offered first, and the code to hand over."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox import welcoming
from inbox.binding import RELATIONS, draw
from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, clinical_post, clinician
from inbox.page import Frame, frame, show
from records import binding, enrolment, queue
from records.enrolment import Application, Likeness
from records.identity import new_id
from records.links import SELF
from records.people import age_on, china_date
from records.practitioners import Visitor
from records.register.identities import Identity, check_digit, read_identity
from records.register.phones import read_phones
from records.register.reasons import Reason, RefusedError
from records.tables import Facility

PROGRAMMES = ("hypertension", "type2_diabetes")
_NAME = re.compile(r"[\u3400-\u9fff·]{2,15}|[A-Za-z][A-Za-z ·.'-]{1,29}")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DATE_PARTS = re.compile(r"(\d{4})\D?(\d{1,2})\D?(\d{1,2})\D?")
_OLDEST = 120
_FIELDS = ("name", "sex", "identity", "born_on", "phone", "facility", "enrolled_on", "relation")

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as it was sent: what could be read, and by field what could not."""

    application: Application | None
    problems: dict[str, str] = field(default_factory=dict)


@router.get("/people/new")
async def new_person(request: Request, visitor: Annotated[Visitor, Depends(clinician)]) -> Response:
    """The empty form; prefilled with what a stranger said of himself."""
    deps = deps_of(request)
    stranger_id = request.query_params.get("stranger", "")
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, list[Facility], dict[str, str]]:
        known: dict[str, str] = {}
        found = queue.one(session, deps.vault, visitor.reader, stranger_id) if stranger_id else None
        if found is not None:
            known = {"name": found.name, "facility": found.facility_id or "", "phone": found.phone}
            known["stranger"] = found.person_id
        around = frame(session, deps, visitor, now)
        return around, enrolment.villages(session, visitor.reader), known

    around, places, known = await deps.database.read(read)
    return _form(request, around, places, {"once": new_id(), **known}, (), {}, None)


@router.post("/people/new")
async def register(request: Request, form: Annotated[Posted, Depends(clinical_post)]) -> Response:
    """Look for the same person first; then register her, and give out a code."""
    deps = deps_of(request)
    now, visitor = deps.clock(), form.visitor
    once, stranger_id = form["once"], form["stranger"]
    if not _ID.fullmatch(once):
        raise HTTPException(400)
    filled = fill(form, china_date(now))

    def write(session: Session) -> _Outcome:
        return _register(session, deps, form, filled, now)

    outcome = await deps.database.write(write)
    if outcome.person_id is None:
        around, places = await deps.database.read(
            lambda session: (
                frame(session, deps, visitor, now),
                enrolment.villages(session, visitor.reader),
            )
        )
        typed = {name: form[name] for name in (*_FIELDS, "once", "stranger")}
        return _form(
            request,
            around,
            places,
            typed,
            form.all("programme"),
            outcome.problems,
            outcome.likeness,
        )
    if outcome.code is not None:
        await draw(deps, outcome.code)
    done = "identified" if stranger_id else "registered"
    return RedirectResponse(f"/persons/{outcome.person_id}/binding?done={done}", 303)


@dataclass(frozen=True, slots=True)
class _Outcome:
    person_id: str | None = None
    code: binding.Issued | None = None
    problems: dict[str, str] = field(default_factory=dict)
    likeness: Likeness | None = None


def _register(
    session: Session, deps: InboxDeps, form: Posted, filled: Filled, now: datetime
) -> _Outcome:
    reader, application = form.visitor.reader, filled.application
    if application is None or filled.problems:
        return _Outcome(problems=filled.problems)
    if not enrolment.is_new(session, form["once"]):
        return _Outcome(person_id=form["once"])
    found = enrolment.alike(session, deps.vault, reader, application)
    certain = any(one.why == "identity" for one in found.alike)
    if found.elsewhere or certain or (found.alike and form["anyway"] != "yes"):
        return _Outcome(likeness=found)
    try:
        person_id, new = enrolment.enrol(
            session, deps.vault, reader, application, now, once=form["once"]
        )
    except LookupError:
        return _Outcome(problems={"facility": "facility"})
    if new and form["stranger"]:
        welcoming.identify(session, deps.vault, reader, form["stranger"], person_id, now)
        return _Outcome(person_id=person_id)
    relation = form["relation"] if form["relation"] in RELATIONS else SELF
    code = binding.issue(
        session,
        deps.vault,
        person_id,
        relation=relation,
        issued_by=reader.practitioner_id,
        now=now,
    )
    return _Outcome(person_id=person_id, code=code if new else None)


def fill(form: Posted, today: date) -> Filled:
    """Read the form. Every field that cannot be read says why."""
    problems: dict[str, str] = {}
    identity = _identity(form["identity"], today, problems)
    born_on = identity.born_on if identity else _day(form["born_on"])
    sex = identity.sex if identity else form["sex"]
    if not _NAME.fullmatch(form["name"]):
        problems["name"] = "name"
    if born_on is None or born_on > today or (age_on(born_on, today) or 0) > _OLDEST:
        problems.setdefault("born_on", "born_on")
    if sex not in ("male", "female"):
        problems["sex"] = "sex"
    if not form["facility"]:
        problems["facility"] = "facility"
    phone = _phone(form["phone"], problems)
    enrolled_on = _day(form["enrolled_on"]) or (today if not form["enrolled_on"] else None)
    if enrolled_on is None or enrolled_on > today:
        problems["enrolled_on"] = "enrolled_on"
    if problems or born_on is None or enrolled_on is None:
        return Filled(None, problems)
    programmes = {one: enrolled_on for one in PROGRAMMES if one in form.all("programme")}
    return Filled(
        Application(
            name=form["name"],
            sex=sex,
            born_on=born_on,
            facility_id=form["facility"],
            phone=phone,
            identity_number=identity.canonical if identity else None,
            programmes=programmes,
        )
    )


def _identity(text: str, today: date, problems: dict[str, str]) -> Identity | None:
    try:
        return read_identity(text, today) if text else None
    except RefusedError as error:
        if error.code is Reason.IDENTITY_EATEN and text[-1] == check_digit(text[:17]):
            # By hand a number may really end in three zeros; only Excel makes them.
            return _ending_in_zeros(text, problems)
        problems["identity"] = str(error.code)
        return None


def _ending_in_zeros(number: str, problems: dict[str, str]) -> Identity | None:
    born_on = _day(number[6:14])
    if born_on is None:
        problems["identity"] = str(Reason.IDENTITY_BIRTHDAY)
        return None
    return Identity(number, number, born_on, "male" if int(number[16]) % 2 else "female")


def _phone(text: str, problems: dict[str, str]) -> str | None:
    try:
        found = read_phones(text) if text else None
    except RefusedError:
        problems["phone"] = "phone"
        return None
    return found.number if found else None


def _day(text: str) -> date | None:
    """A date as the browser or a hand writes it."""
    found = _DATE_PARTS.fullmatch(text)
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None


def _form(
    request: Request,
    around: Frame,
    places: list[Facility],
    typed: dict[str, Any],
    programmes: tuple[str, ...],
    problems: dict[str, str],
    likeness: Likeness | None,
) -> Response:
    values = dict.fromkeys((*_FIELDS, "once", "stranger"), "") | typed
    if len(places) == 1:
        values["facility"] = places[0].id
    return show(
        request,
        "enrolment.html",
        around,
        status=422 if problems or likeness else 200,
        values=values,
        chosen=programmes,
        programmes=PROGRAMMES,
        places=places,
        relations=RELATIONS,
        problems=problems,
        likeness=likeness,
        today=china_date(around.now),
    )
