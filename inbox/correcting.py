"""Putting a reading right, and writing down what the doctor measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from care.plausibility import Doubt
from care.reading import GlucoseContext, Kind, Reading
from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, clinical_post, clinician, not_found
from inbox.entry import EntryError, Fault, context_of, number, pressure, taken_in
from inbox.page import Frame, frame, show
from inbox.typed import kept
from records import bedside, corrections, dossier
from records.corrections import REASONS, Candidate, Change
from records.dossier import Dossier
from records.practitioners import Visitor
from records.readings import VALID, as_reading
from records.tables import StoredReading

NUMBER, PERSON, NOTHING = "number", "person", "nothing"
CONTEXTS = (GlucoseContext.FASTING, GlucoseContext.POSTPRANDIAL, GlucoseContext.RANDOM)
# A doubt that no second look can remove.
_REFUSED = frozenset({Doubt.OUT_OF_RANGE, Doubt.REVERSED})

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Desk:
    """What the page of a correction shows."""

    reading: StoredReading
    person: Dossier
    others: tuple[Candidate, ...]


@router.get("/readings/{reading_id}/correct")
async def correct_page(
    request: Request, reading_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """One reading, and what may be wrong with it."""
    return await _correct_page(request, reading_id, visitor, await kept(request, visitor))


@router.post("/readings/{reading_id}/correct")
async def correct(
    request: Request, reading_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Put it right, unless what was typed cannot be."""
    deps = deps_of(request)
    now, visitor = deps.clock(), form.visitor
    desk = await deps.database.read(lambda session: _desk(session, deps, visitor, reading_id, now))
    if desk is None:
        not_found()
    try:
        change = _change(form.fields, desk)
    except EntryError as error:
        return await _correct_page(request, reading_id, visitor, form.fields, (str(error),))
    taken = (change.reading,) if change.reading else ()
    doubts, sure = await _doubts(deps, desk.person.id, taken, form, now, without=reading_id)
    if doubts:
        return await _correct_page(request, reading_id, visitor, form.fields, doubts, sure)
    done = await deps.database.write(
        lambda session: corrections.correct(
            session, deps.vault, visitor.reader, reading_id, change, now
        )
    )
    if done is None:
        not_found()
    flash = "alarmed" if done.case_id else "corrected" if done.done else "late"
    return RedirectResponse(f"/persons/{desk.person.id}?done={flash}", 303)


@router.get("/persons/{person_id}/measure")
async def measure_page(
    request: Request, person_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """The form for what the doctor measures."""
    return await _measure_page(request, person_id, visitor, await kept(request, visitor))


@router.post("/persons/{person_id}/measure")
async def measure(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Store it, judge it, and alarm if need be."""
    deps = deps_of(request)
    now, visitor = deps.clock(), form.visitor
    try:
        taken = taken_in(form.fields)
    except EntryError as error:
        return await _measure_page(request, person_id, visitor, form.fields, (str(error),))
    doubts, sure = await _doubts(deps, person_id, taken, form, now)
    if doubts:
        return await _measure_page(request, person_id, visitor, form.fields, doubts, sure)
    done = await deps.database.write(
        lambda session: bedside.enter(session, visitor.reader, person_id, taken, now)
    )
    if done is None:
        not_found()
    flash = "alarmed" if done.case_id else "measured"
    return RedirectResponse(f"/persons/{person_id}?done={flash}", 303)


def _change(fields: Mapping[str, str], desk: Desk) -> Change:
    what, reason = fields.get("what", ""), fields.get("reason", "")
    if what not in {NUMBER, PERSON, NOTHING}:
        raise EntryError(Fault.NO_CHOICE)
    if reason not in REASONS:
        raise EntryError(Fault.NO_REASON)
    if what == NOTHING:
        return Change(reason)
    if what == PERSON:
        whose = fields.get("person", "")
        if whose not in {one.id for one in desk.others}:
            raise EntryError(Fault.NO_PERSON)
        return Change(reason, person_id=whose)
    value = _right_value(fields, desk.reading)
    if value == as_reading(desk.reading):
        raise EntryError(Fault.SAME_VALUE)
    return Change(reason, reading=value)


def _right_value(fields: Mapping[str, str], wrong: StoredReading) -> Reading:
    if wrong.kind == Kind.BP:
        found = pressure(fields)
        if found is None:
            raise EntryError(Fault.NOTHING_MEASURED)
        return found
    value = number(fields.get("value", ""))
    if value is None:
        raise EntryError(Fault.NOTHING_MEASURED)
    kind = Kind(wrong.kind)
    return Reading(kind, value=value, context=context_of(fields) if kind is Kind.GLUCOSE else None)


async def _doubts(
    deps: InboxDeps,
    person_id: str,
    taken: tuple[Reading, ...],
    form: Posted,
    now: datetime,
    *,
    without: str = "",
) -> tuple[tuple[str, ...], str]:
    """What to ask before these values are stored, and the values that a second look confirms.

    Nothing to ask once the doctor has confirmed exactly these; what cannot be is never confirmed.
    """

    def read(session: Session) -> list[Doubt]:
        verdicts = [
            bedside.doubted(session, person_id, value, now, without=without) for value in taken
        ]
        return [doubt for verdict in verdicts for doubt in verdict.doubts]

    found = tuple(dict.fromkeys(await deps.database.read(read)))
    refused = tuple(doubt for doubt in found if doubt in _REFUSED)
    if refused:
        return refused, ""
    shown = " ".join(str(value) for value in taken)
    return ((), "") if form["sure"] == shown else (found, shown)


def _desk(
    session: Session, deps: InboxDeps, visitor: Visitor, reading_id: str, now: datetime
) -> Desk | None:
    row = corrections.reading(session, visitor.reader, reading_id)
    if row is None:
        return None
    person = dossier.dossier(session, deps.vault, visitor.reader, row.person_id, now)
    if person is None:
        return None
    others = corrections.candidates(session, deps.vault, visitor.reader, row)
    return Desk(row, person, others)


async def _correct_page(
    request: Request,
    reading_id: str,
    visitor: Visitor,
    typed: Mapping[str, str],
    problems: tuple[str, ...] = (),
    sure: str = "",
) -> Response:
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, Desk] | None:
        desk = _desk(session, deps, visitor, reading_id, now)
        return None if desk is None else (frame(session, deps, visitor, now), desk)

    found = await deps.database.read(read)
    if found is None:
        not_found()
    around, desk = found
    return show(
        request,
        "correct.html",
        around,
        status=422 if problems else 200,
        desk=desk,
        person=desk.person,
        typed=typed,
        flash="restored" if typed and not problems else "",
        problems=problems,
        sure=sure,
        reasons=REASONS,
        contexts=CONTEXTS,
        changeable=desk.reading.state in VALID,
    )


async def _measure_page(
    request: Request,
    person_id: str,
    visitor: Visitor,
    typed: Mapping[str, str],
    problems: tuple[str, ...] = (),
    sure: str = "",
) -> Response:
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, Dossier] | None:
        found = dossier.dossier(session, deps.vault, visitor.reader, person_id, now)
        return None if found is None else (frame(session, deps, visitor, now), found)

    found = await deps.database.read(read)
    if found is None:
        not_found()
    around, person = found
    return show(
        request,
        "measure.html",
        around,
        status=422 if problems else 200,
        person=person,
        typed=typed,
        flash="restored" if typed and not problems else "",
        problems=problems,
        sure=sure,
        contexts=CONTEXTS,
    )
