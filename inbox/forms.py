"""The form of one follow-up: look, fill in, save, sign, correct. Whatever is wrong, nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from care.entry import Entry, enter
from care.filling import spell
from care.form import Row
from care.proposal import Proposal
from inbox import contacts
from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, clinical_post, clinician, not_found
from inbox.page import Frame, frame, show
from inbox.typed import kept
from inbox.words import word
from records import audit, forms, signing
from records.follow_ups import SIGNED
from records.forms import SIGNABLE, Sheet
from records.people import china_date
from records.practitioners import Visitor
from records.signing import Signed, Version

router = APIRouter()

_FOLDED = frozenset({"lifestyle", "extended"})
_STATUS = {"form_changed": 409, "form_late": 409}


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything the page of a form draws."""

    sheet: Sheet
    proposal: Proposal
    versions: tuple[Version, ...]
    following: str | None


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of one heading, in the official order. What is rarely filled begins folded."""

    name: str
    rows: tuple[Row, ...]
    open: bool


@router.get("/follow-ups/{follow_up_id}")
async def follow_up(
    request: Request, follow_up_id: str, visitor: Annotated[Visitor, Depends(clinician)]
) -> Response:
    """The form as it stands: to fill in and sign, or as it was signed."""
    deps, now = deps_of(request), deps_of(request).clock()
    around, shown = await _load(deps, visitor, follow_up_id, now)
    await _note_read(deps, visitor, shown.sheet, now)
    typed = await kept(request, visitor)
    correcting = "correct" in request.query_params
    flash = "restored" if typed else request.query_params.get("done", "")
    return _page(
        request, around, shown, typed=dict(typed) or None, flash=flash, correcting=correcting
    )


@router.post("/follow-ups/{follow_up_id}")
async def hand_in(
    request: Request, follow_up_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Save or sign what was typed; when something is wrong the page says where and keeps it all."""
    deps, now = deps_of(request), deps_of(request).clock()
    around, shown = await _load(deps, form.visitor, follow_up_id, now)
    sheet = shown.sheet
    allowed = contacts.choices(sheet.mode)
    _, mode, typed = contacts.chosen(form.fields, allowed)
    entry = enter(sheet.form, typed, mode, sheet.known, today=china_date(now))
    signs = form["do"] == "sign"
    hindered = _hindered(entry, form, signs=signs)
    if hindered:
        return _page(request, around, shown, typed=typed, entry=entry, flash=hindered, status=422)

    def write(session: Session) -> Signed | None:
        doing = signing.sign if signs else signing.save
        return doing(
            session,
            deps.vault,
            form.visitor.reader,
            follow_up_id,
            entry,
            typed_stamp=form["stamp"],
            now=now,
        )

    done = await deps.database.write(write)
    if done is None:
        not_found()
    if done.done:
        code = "signed" if signs else "form_saved"
        return RedirectResponse(f"/follow-ups/{follow_up_id}?done={code}", 303)
    around, shown = await _load(deps, form.visitor, follow_up_id, now)
    flash = "form_late" if done.state == SIGNED else "form_changed"
    return _page(
        request, around, shown, typed=typed, entry=entry, flash=flash, status=_STATUS[flash]
    )


def _hindered(entry: Entry, form: Posted, *, signs: bool) -> str:
    """Why the form cannot be taken yet. A draft may have gaps, but no entry nobody understands."""
    wrong = {key for key, why in entry.problems.items() if signs or why != "missing"}
    if not signs:
        wrong -= {"class_reason"}
    if wrong:
        return "form_problems"
    seen = set(form["seen"].split())
    return "look_again" if signs and not seen.issuperset(entry.doubts) else ""


async def _load(
    deps: InboxDeps, visitor: Visitor, follow_up_id: str, now: datetime
) -> tuple[Frame, Shown]:
    def read(session: Session) -> tuple[Frame, Shown] | None:
        found = forms.sheet(session, deps.vault, visitor.reader, follow_up_id, now)
        if found is None:
            return None
        entry, _ = found.draft(china_date(now))
        shown = Shown(
            sheet=found,
            proposal=entry.proposal,
            versions=signing.versions(session, deps.vault, follow_up_id),
            following=forms.next_draft(session, visitor.reader) if found.state == SIGNED else None,
        )
        return frame(session, deps, visitor, now), shown

    loaded = await deps.database.read(read)
    if loaded is None:
        not_found()
    return loaded


async def _note_read(deps: InboxDeps, visitor: Visitor, sheet: Sheet, now: datetime) -> None:
    await deps.database.write(
        lambda session: audit.note(
            session,
            actor=visitor.reader.actor,
            action="read",
            subject="follow_up",
            subject_id=sheet.id,
            person_id=sheet.who.id,
            now=now,
        )
    )


def _page(
    request: Request,
    around: Frame,
    shown: Shown,
    *,
    typed: Mapping[str, str] | None = None,
    entry: Entry | None = None,
    flash: str = "",
    correcting: bool = False,
    status: int = 200,
) -> Response:
    sheet = shown.sheet
    faulty = {*entry.problems, *entry.doubts} if entry else set()
    values: dict[str, Any] = dict(sheet.values)
    written = {**spell(sheet.form, values), "held_on": values.get("held_on", sheet.held_on)}
    written["class_reason"] = values.get("class_reason", "")
    by_rules = {
        "visit_class": shown.proposal.code,
        "next_on": shown.proposal.due.on.isoformat(),
        "next_measure": shown.proposal.result.measure.code,
    }
    # What the rules say anyway is left to the rules: it follows when another entry is changed.
    written |= {key: "" for key, code in by_rules.items() if written.get(key) == code}
    contact = contacts.name_of(sheet.mode, values.get("mode"))
    if typed is not None:
        contact, _, _ = contacts.chosen(typed, contacts.choices(sheet.mode))
    return show(
        request,
        "follow_up.html",
        around,
        status=status,
        sheet=sheet,
        shown=shown,
        sections=_sections(sheet, faulty),
        typed=written if typed is None else typed,
        editing=sheet.state in SIGNABLE or correcting or typed is not None,
        correcting=sheet.state == SIGNED,
        contact=contact,
        contacts=contacts.choices(sheet.mode),
        proposal=entry.proposal if entry else shown.proposal,
        problems=entry.problems if entry else {},
        doubts=entry.doubts if entry else {},
        seen=" ".join(entry.doubts) if entry else "",
        last=spell(sheet.form, sheet.known.last),
        flash=flash if word("flash", flash) != flash else "",
        tone="late" if status >= 400 else "",  # noqa: PLR2004 - a refused form
    )


def _sections(sheet: Sheet, faulty: set[str]) -> list[Section]:
    found = []
    for name, rows in groupby(sheet.form.rows, key=lambda row: row.group):
        group = tuple(rows)
        keys = {blank.key for row in group for blank in row.blanks}
        found.append(Section(name, group, name not in _FOLDED or bool(keys & faulty)))
    return found
