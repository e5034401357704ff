"""Works off a run, a chunk of rows in each transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import String, cast
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import Session, col, func, select, update

from records import registering
from records.db import Database
from records.insertion import insert_once
from records.people import china_date
from records.register import settling
from records.register.cells import Cell, is_empty, squeezed
from records.register.entry import Entry, is_no_person, read_entry
from records.register.known import key_of, look_up
from records.register.reasons import Note, RefusedError, Weight
from records.register.settling import FAILED, LEFT_OUT, REPEATED, WAITING, Desk, Settled, settle
from records.register.villages import Villages
from records.registering import Claim
from records.tables import Facility, ImportRow, ImportRun, Marker
from records.vault import Vault, VaultError

# A chunk holds the pen of SQLite for less than a tenth of a second.
CHUNK = 50
log = structlog.get_logger()

_LOCK = "register.import"
_MENDED = frozenset({Weight.FATAL, Weight.LEFT_OUT})


@dataclass(slots=True)
class _Line:
    """A row with what was read from it. Without an entry it is no person; without a place, failed."""

    row: ImportRow
    entry: Entry | None = None
    place: Facility | None = None
    key: str | None = None


def advance(database: Database, vault: Vault, claimed: Claim, now: datetime) -> int | None:
    """Settle the next chunk. Returns how many rows; None when the claim is lost or all is done.

    When a chunk cannot be stored, its first row is tried alone, and marked when it is the bad one.
    """
    for most in (CHUNK, 1):
        try:
            return _chunk(database, vault, claimed, now, most)
        # A database that does not answer is nobody's bad row: that goes up, and comes back later.
        except (IntegrityError, DataError, VaultError, ValueError) as error:
            # The text of an error may quote a patient.
            log.warning("import.chunk_failed", run_id=claimed.run_id, error=type(error).__name__)
    return _give_up_one(database, claimed, now)


def _chunk(
    database: Database, vault: Vault, claimed: Claim, now: datetime, most: int
) -> int | None:
    with database.transaction() as session:
        if not registering.hold(session, claimed, now):
            return None
        run = session.get_one(ImportRun, claimed.run_id)
        rows = _waiting(session, run, most)
        if not rows:
            _finish(session, run, now)
            return None
        if run.state == registering.TRIAL:
            _try(session, vault, run, rows, now)
        else:
            _one_at_a_time(session, now)
            for line, settled in _settled(session, vault, run, rows, now):
                _keep(line, settled, now)
                session.add(line.row)
        run.finished_rows += len(rows)
        session.add(run)
        return len(rows)


def _try(
    session: Session, vault: Vault, run: ImportRun, rows: Sequence[ImportRow], now: datetime
) -> None:
    """Do it, look, and take it back: only what became of the rows stays."""
    attempt = session.begin_nested()
    found = [
        (line.row.id, line.key, settled)
        for line, settled in _settled(session, vault, run, rows, now)
    ]
    attempt.rollback()
    session.expire_all()
    for row_id, key, settled in found:
        session.execute(
            update(ImportRow)
            .where(col(ImportRow.id) == row_id)
            .values(
                state=settled.state,
                key_index=key,
                notes=[note.as_row() for note in settled.notes],
                settled_at=now,
            )
            .execution_options(synchronize_session=False)
        )


def _settled(
    session: Session, vault: Vault, run: ImportRun, rows: Sequence[ImportRow], now: datetime
) -> list[tuple[_Line, Settled]]:
    places = _places(session, run.facility_id)
    lines = _read(vault, run, rows, places, now)
    ready = [(one.entry, one.key) for one in lines if one.entry and one.key]
    known = look_up(session, vault, places, ready)
    above = _above(session, run, [key for _, key in ready])
    actor = f"practitioner:{run.started_by}" if run.started_by else "operator"
    desk = Desk(session, vault, known, actor, run.id, now)
    found = []
    for line in lines:
        if line.entry is None:
            settled = Settled(LEFT_OUT)
        elif line.place is None or line.key is None or line.entry.fatal:
            settled = Settled(FAILED, None, line.entry.notes)
        else:
            repeated = line.key in above
            settled = settle(desk, line.entry, line.place, line.key, line.row.number, repeated)
            if settled.state != FAILED:
                above.add(line.key)
            if repeated and settled.state == settling.CREATED:
                # In a trial the first row's person has been taken back already.
                settled.state = REPEATED
        found.append((line, settled))
    desk.flush()
    return found


def _read(
    vault: Vault,
    run: ImportRun,
    rows: Sequence[ImportRow],
    places: dict[str, Facility],
    now: datetime,
) -> list[_Line]:
    villages = Villages(list(places.values()))
    sheets = registering.outline_of(vault, run).sheets
    mapping = {int(column): key for column, key in run.mapping.items()}
    today = china_date(now)
    lines = []
    for row in rows:
        cells: list[Cell] = registering.cells_of(vault, row)
        values = {key: cells[i] for i, key in mapping.items() if i < len(cells)}
        line = _Line(row)
        lines.append(line)
        if is_no_person(cells, values):
            continue
        line.entry = read_entry(values, today)
        line.place = _village(villages, values, sheets[row.sheet], line.entry)
        if line.place and "name" in line.entry.values:
            line.key = key_of(vault, line.entry, line.place)
    return lines


def _village(
    villages: Villages, values: dict[str, Cell], sheet: str, entry: Entry
) -> Facility | None:
    """From the village's column, else the address, else the sheet's name, else there is only one."""
    context = "".join(squeezed(values.get(key)) for key in ("town", "village", "address")) + sheet
    for cell in (values.get("village"), values.get("address")):
        if is_empty(cell):
            continue
        try:
            return villages.find(cell, context)
        except RefusedError as error:
            entry.notes.append(Note(error.code, "village"))
            return None
    try:
        return villages.only() or villages.find(sheet, context)
    except RefusedError:
        entry.notes.append(Note("village_missing", "village"))
        return None


def _places(session: Session, facility_id: str) -> dict[str, Facility]:
    root = session.get_one(Facility, facility_id)
    inside = select(Facility).where(col(Facility.path).startswith(root.path, autoescape=True))
    return {one.id: one for one in session.exec(inside).all()}


def _waiting(session: Session, run: ImportRun, most: int) -> Sequence[ImportRow]:
    return session.exec(
        select(ImportRow)
        .where(ImportRow.run_id == run.id)
        .where(ImportRow.family == run.family)
        .where(ImportRow.state == WAITING)
        .order_by(col(ImportRow.sheet), col(ImportRow.number))
        .limit(most)
    ).all()


def _above(session: Session, run: ImportRun, keys: Sequence[str]) -> set[str]:
    """Keys of rows of this run that were settled already."""
    found = session.exec(
        select(ImportRow.key_index)
        .where(ImportRow.run_id == run.id)
        .where(ImportRow.family == run.family)
        .where(col(ImportRow.key_index).in_(keys))
        .where(col(ImportRow.state).not_in((WAITING, FAILED)))
    ).all()
    return {key for key in found if key}


def _keep(line: _Line, settled: Settled, now: datetime) -> None:
    row = line.row
    row.state, row.settled_at, row.key_index = settled.state, now, line.key
    row.notes = [note.as_row() for note in settled.notes]
    row.person_id = settled.person.id if settled.person else None
    row.written = settled.written
    if not any(note.weight in _MENDED for note in settled.notes):
        # Nothing to mend: what the sheet said is in the records now, and need not lie here too.
        row.cells_sealed = None


def _finish(session: Session, run: ImportRun, now: datetime) -> None:
    run.claim_token, run.claimed_until = None, None
    if run.state == registering.TRIAL:
        run.state, run.tried = registering.PREVIEW, True
    else:
        run.state, run.ended_at = registering.DONE, now
    session.add(run)


def _one_at_a_time(session: Session, now: datetime) -> None:
    """Two imports at once could both find nobody and both register the same person."""
    insert_once(session, Marker(name=_LOCK, value="", set_at=now))
    session.exec(select(Marker).where(Marker.name == _LOCK).with_for_update()).one()


def _give_up_one(database: Database, claimed: Claim, now: datetime) -> int:
    with database.transaction() as session:
        run = session.get_one(ImportRun, claimed.run_id)
        row = _waiting(session, run, 1)[0]
        row.state, row.settled_at = FAILED, now
        row.notes = [Note("row_broken").as_row()]
        run.finished_rows += 1
        session.add_all([row, run])
    return 1


def problems(session: Session, run: ImportRun) -> list[tuple[str, str, int]]:
    """How often each thing was noted: code, field, rows; the commonest first."""
    counted: dict[tuple[str, str], int] = {}
    notes = session.exec(
        select(ImportRow.notes)
        .where(ImportRow.run_id == run.id)
        .where(ImportRow.family == run.family)
        .where(func.length(cast(col(ImportRow.notes), String)) > len("[]"))
    ).all()
    for row in notes:
        for note in {(one["code"], one["field"]) for one in row}:
            counted[note] = counted.get(note, 0) + 1
    return sorted(
        ((code, field, count) for (code, field), count in counted.items()),
        key=lambda one: (-one[2], one[0], one[1]),
    )
