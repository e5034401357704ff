"""A visit or a phone call written down in a few taps: one page, however many programmes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from care.entry import Entry, enter
from care.filling import spell
from care.form import Form
from care.situation import Programme
from inbox import contacts
from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, clinical_post, clinician, not_found
from inbox.page import Frame, frame, show
from inbox.typed import kept
from inbox.words import word
from records import audit, forms, visits
from records.forms import Sheet
from records.identity import new_id
from records.people import china_date
from records.practitioners import Visitor
from records.signing import Signed

router = APIRouter()

_SHORT = ("systolic", "diastolic", "fpg", "other_glucose", "heart_rate", "weight")
# The symptom numbers of the two forms mean different things: each keeps its own.
_OWN = "symptoms"


@router.get("/persons/{person_id}/visit")
async def visit(
    request: Request, person_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """An empty visit; what was measured at the clinic today, and last time's medicines, at hand."""
    deps, now = deps_of(request), deps_of(request).clock()
    around, sheets = await _load(deps, visitor, person_id, now)
    await deps.database.write(
        lambda session: audit.note(
            session,
            actor=visitor.reader.actor,
            action="read",
            subject="visit",
            subject_id=person_id,
            person_id=person_id,
            now=now,
        )
    )
    typed: Mapping[str, str] = await kept(request, visitor)
    restored = bool(typed)
    if not typed:
        by_phone = request.query_params.get("by") == "phone"
        typed = {"contact": "phone" if by_phone else "clinic"}
        for sheet in sheets:
            typed |= _prefixed(sheet.form, spell(sheet.form, sheet.values))
    return _page(request, around, sheets, typed, flash="restored" if restored else "")


@router.post("/persons/{person_id}/visit")
async def write_down(
    request: Request, person_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Sign the visit, one form per programme."""
    deps, now = deps_of(request), deps_of(request).clock()
    around, sheets = await _load(deps, form.visitor, person_id, now)
    _, mode, typed = contacts.chosen(form.fields, contacts.choices(sheets[0].mode, fresh=True))
    today = china_date(now)
    entries = {
        one.programme: enter(one.form, _own(one.form, typed), mode, one.known, today=today)
        for one in sheets
    }
    flash = _hindered(entries, set(form["seen"].split()))
    if flash:
        return _page(request, around, sheets, typed, entries, flash=flash, status=422)

    def write(session: Session) -> tuple[Signed, ...] | None:
        return visits.write_down(
            session,
            deps.vault,
            form.visitor.reader,
            person_id,
            entries,
            once=form["once"],
            now=now,
        )

    done = await deps.database.write(write)
    if not done:
        not_found()
    if not all(one.done for one in done):
        return _page(request, around, sheets, typed, entries, flash="visit_twice", status=409)
    alarm = next((one.case_id for one in done if one.case_id), None)
    if alarm:
        return RedirectResponse(f"/cases/{alarm}?done=visit_alarm", 303)
    return RedirectResponse(f"/follow-ups/{done[0].follow_up_id}?done=signed", 303)


def _hindered(entries: Mapping[Programme, Entry], seen: set[str]) -> str:
    if any(entry.problems for entry in entries.values()):
        return "form_problems"
    doubts = {key for entry in entries.values() for key in entry.doubts}
    return "" if seen.issuperset(doubts) else "look_again"


async def _load(
    deps: InboxDeps, visitor: Visitor, person_id: str, now: datetime
) -> tuple[Frame, tuple[Sheet, ...]]:
    def read(session: Session) -> tuple[Frame, tuple[Sheet, ...]]:
        found = forms.blank(session, deps.vault, visitor.reader, person_id, now)
        return frame(session, deps, visitor, now), found

    around, sheets = await deps.database.read(read)
    if not sheets:
        not_found()
    return around, sheets


def _prefixed(form: Form, typed: Mapping[str, str]) -> dict[str, str]:
    return {
        f"{form.programme}:{key}" if key.startswith(_OWN) else key: value
        for key, value in typed.items()
    }


def _own(form: Form, typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed for this programme's form."""
    prefix = f"{form.programme}:"
    shared = {key: value for key, value in typed.items() if ":" not in key}
    mine = {k.removeprefix(prefix): v for k, v in typed.items() if k.startswith(prefix)}
    return {**shared, **mine}


def _page(
    request: Request,
    around: Frame,
    sheets: tuple[Sheet, ...],
    typed: Mapping[str, str],
    entries: Mapping[Programme, Entry] | None = None,
    *,
    flash: str = "",
    status: int = 200,
) -> Response:
    held = entries or {}
    problems: dict[str, str] = {}
    doubts: dict[str, str] = {}
    for entry in held.values():
        problems |= _prefixed(entry.form, entry.problems)
        doubts |= entry.doubts
    wide = sheets[-1]
    return show(
        request,
        "visit.html",
        around,
        status=status,
        sheets=sheets,
        wide=wide,
        blanks=_blanks(sheets),
        typed=typed,
        contact=typed.get("contact", "clinic"),
        contacts=contacts.choices(wide.mode, fresh=True),
        problems=problems,
        doubts=doubts,
        seen=" ".join(doubts),
        entries=held,
        once=typed.get("once") or new_id(),
        last={key: v for one in sheets for key, v in spell(one.form, one.known.last).items()},
        flash=flash if word("flash", flash) != flash else "",
        short=_SHORT,
    )


def _blanks(sheets: tuple[Sheet, ...]) -> dict[str, object]:
    """Every blank of any of the forms, once."""
    return {key: blank for one in sheets for key, blank in one.form.blanks.items()}
