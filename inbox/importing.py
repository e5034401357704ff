"""Registers from spreadsheets: upload, look at the mapping, try, confirm, and mend what failed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.deps import InboxDeps, deps_of
from inbox.door import Posted, posted, signed_in
from inbox.door import not_found as nothing
from inbox.menu import ABOVE_THE_VILLAGE
from inbox.page import Frame, frame, show
from inbox.upload import Uploaded, uploaded
from inbox.words import word
from records import audit, registering
from records.practitioners import Visitor
from records.register import chunk, mending
from records.register.columns import fields, guess
from records.register.reasons import sentences
from records.register.workbook import FileError
from records.registering import Outline
from records.tables import ImportRow, ImportRun

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SAMPLES = 3
_SHOWN = 30
_BEGUN = {"trial": "import.tried", "confirm": "import.confirmed"}

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the sheet: its header, what is in it, and what it is taken for."""

    number: int
    word: str
    samples: tuple[str, ...]
    field: str


@dataclass(frozen=True, slots=True)
class Mend:
    """A row that needs a hand."""

    number: int
    state: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Everything the page of one import shows."""

    run: ImportRun
    outline: Outline | None
    columns: tuple[Column, ...]
    counts: dict[str, int]
    problems: tuple[tuple[str, int], ...]
    mends: tuple[Mend, ...]
    to_mend: int
    resembling: int


async def importer(visitor: Annotated[Visitor, Depends(signed_in)]) -> Visitor:
    """Only those above the village bring in many people at once."""
    if visitor.reader.role not in ABOVE_THE_VILLAGE:
        nothing()
    return visitor


async def importer_post(form: Annotated[Posted, Depends(posted)]) -> Posted:
    if form.visitor.reader.role not in ABOVE_THE_VILLAGE:
        nothing()
    return form


@router.get("/import")
async def imports(request: Request, visitor: Annotated[Visitor, Depends(importer)]) -> Response:
    """Choose a file; what was brought in before."""
    return await _front(request, visitor)


@router.post("/import")
async def upload(request: Request, sent: Annotated[Uploaded, Depends(uploaded)]) -> Response:
    """Read a file and show what would be made of it."""
    visitor = sent.form.visitor
    if visitor.reader.role not in ABOVE_THE_VILLAGE:
        nothing()
    if sent.content is None:
        return await _front(request, visitor, sentences()["file_large"].text, 413)
    if not sent.content:
        return await _front(request, visitor, word("problem", "no_file"), 422)
    deps = deps_of(request)
    now, reader = deps.clock(), visitor.reader
    try:
        # A second of work: not in the loop, and not in one of the threads that hold the records.
        prepared = await asyncio.to_thread(
            registering.prepare,
            deps.vault,
            sent.name,
            sent.content,
            facility_id=reader.facility_id,
            started_by=reader.practitioner_id,
            now=now,
        )
    except FileError as error:
        return await _front(request, visitor, str(error), 422)

    def write(session: Session) -> str:
        run_id = registering.keep(session, prepared).id
        _note(session, visitor, "import.uploaded", run_id, now)
        return run_id

    return RedirectResponse(f"/import/{await deps.database.write(write)}", 303)


@router.get("/import/{run_id}")
async def one_import(
    request: Request, run_id: str, visitor: Annotated[Visitor, Depends(importer)]
) -> Response:
    """The mapping, the progress or the result."""
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, Progress] | None:
        run = registering.visible(session, run_id, visitor.reader.facility_path)
        if run is None:
            return None
        return frame(session, deps, visitor, now), _progress(session, deps, run)

    loaded = await deps.database.read(read)
    if loaded is None:
        nothing()
    around, progress = loaded
    if progress.run.state not in registering.AT_WORK:
        await deps.database.write(lambda session: _note(session, visitor, "read", run_id, now))
    return show(request, "import_run.html", around, one=progress, fields=fields())


@router.post("/import/{run_id}")
async def act(
    request: Request, run_id: str, form: Annotated[Posted, Depends(importer_post)]
) -> Response:
    """Change the mapping, try, confirm, or let it be. Whatever is pressed, the mapping is taken."""
    deps = deps_of(request)
    now, visitor, action = deps.clock(), form.visitor, form["action"]

    def write(session: Session) -> bool | None:
        run = registering.visible(session, run_id, visitor.reader.facility_path)
        if run is None:
            return None
        return _act(session, deps, run, form, now)

    done = await deps.database.write(write)
    if done is None:
        nothing()
    return RedirectResponse("/import" if action == "cancel" else f"/import/{run_id}", 303)


@router.get("/import/{run_id}/errors.xlsx")
async def errors(
    request: Request, run_id: str, visitor: Annotated[Visitor, Depends(importer)]
) -> Response:
    """The rows to mend, with their reasons."""
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> bytes | None:
        run = registering.visible(session, run_id, visitor.reader.facility_path)
        if run is None or run.outline_sealed is None:
            return None
        return mending.error_sheet(session, deps.vault, run)

    sheet = await deps.database.read(read)
    if sheet is None:
        nothing()
    await deps.database.write(lambda s: _note(s, visitor, "import.errors_taken", run_id, now))
    disposition = f'attachment; filename="errors-{run_id[-6:]}.xlsx"'
    return Response(sheet, media_type=XLSX, headers={"Content-Disposition": disposition})


async def _front(
    request: Request, visitor: Visitor, problem: str = "", status: int = 200
) -> Response:
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, list[ImportRun]]:
        runs = registering.recent(session, visitor.reader.facility_path)
        return frame(session, deps, visitor, now), runs

    around, runs = await deps.database.read(read)
    names = {run.id: _file(deps, run) for run in runs}
    return show(
        request, "imports.html", around, status=status, runs=runs, names=names, problem=problem
    )


def _act(session: Session, deps: InboxDeps, run: ImportRun, form: Posted, now: datetime) -> bool:
    action, visitor = form["action"], form.visitor
    if action == "cancel":
        registering.cancel(session, run, now)
        _note(session, visitor, "import.cancelled", run.id, now)
        return True
    if run.state != registering.PREVIEW:
        return False
    family = int(form["family"]) if form["family"].isdecimal() else run.family
    if family == run.family:
        mapping = {name[1:]: value for name, value in form.fields.items() if name[:1] == "c"}
        mapping = {column: key for column, key in mapping.items() if column.isdecimal()}
        if mapping and mapping != run.mapping:
            registering.choose(session, deps.vault, run, family, mapping)
    else:
        families = registering.outline_of(deps.vault, run).families
        words = families[family].words if family < len(families) else []
        guessed = {str(column): key for column, key in guess(words).items()}
        registering.choose(session, deps.vault, run, family, guessed)
        return True
    if action in _BEGUN and "name" in run.mapping.values():
        session.flush()
        registering.begin(session, run, now, trial=action == "trial")
        _note(session, visitor, _BEGUN[action], run.id, now)
    return True


def _progress(session: Session, deps: InboxDeps, run: ImportRun) -> Progress:
    outline = registering.outline_of(deps.vault, run) if run.outline_sealed else None
    counted = run.tried or run.state == registering.DONE
    waiting = mending.to_mend(session, run) if counted else []
    problems = chunk.problems(session, run) if counted else []
    return Progress(
        run=run,
        outline=outline,
        columns=_columns(session, deps, run, outline) if outline else (),
        counts=registering.tally(session, run) if counted else {},
        problems=tuple((mending.said(code, field), count) for code, field, count in problems),
        mends=tuple(_mend(deps, run, row) for row in waiting[:_SHOWN]),
        to_mend=len(waiting),
        resembling=sum(count for code, _, count in problems if code == "looks_like"),
    )


def _columns(
    session: Session, deps: InboxDeps, run: ImportRun, outline: Outline
) -> tuple[Column, ...]:
    rows = [cells for _, cells in registering.sample(session, deps.vault, run)]
    words = outline.families[run.family].words
    return tuple(
        Column(number, text, _samples(rows, number), run.mapping.get(str(number), ""))
        for number, text in enumerate(words)
        if text or _samples(rows, number)
    )


def _samples(rows: list[list[Any]], column: int) -> tuple[str, ...]:
    found = [row[column] for row in rows if column < len(row) and row[column] is not None]
    return tuple(str(value) for value in found[:_SAMPLES])


def _mend(deps: InboxDeps, run: ImportRun, row: ImportRow) -> Mend:
    cells = registering.cells_of(deps.vault, row)
    column = next((int(c) for c, key in run.mapping.items() if key == "name"), -1)
    name = str(cells[column] or "") if 0 <= column < len(cells) else ""
    return Mend(row.number, row.state, name, mending.why(row))


def _file(deps: InboxDeps, run: ImportRun) -> str:
    return registering.outline_of(deps.vault, run).file if run.outline_sealed else ""


def _note(session: Session, visitor: Visitor, action: str, run_id: str, now: datetime) -> None:
    audit.note(
        session,
        actor=visitor.reader.actor,
        action=action,
        subject="import_run",
        subject_id=run_id,
        facility_id=visitor.reader.facility_id,
        now=now,
    )
