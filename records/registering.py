"""Registers on their way in: kept as sealed rows, looked at, then worked off in small transactions.

The command line and the worker do the same thing: claim a run, settle a chunk, say how far it is.
A row is settled in the transaction that writes its person, so a kill in between doubles nobody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete, func, insert, select, update

from records.db import changed
from records.identity import new_id
from records.register.columns import Header, fields, header_of
from records.register.workbook import Line, Sheet, read_file
from records.tables import Facility, ImportRow, ImportRun
from records.vault import Vault

PREVIEW, TRIAL, WAITING, DONE, CANCELLED = "preview", "trial", "waiting", "done", "cancelled"
OUTLINE, CELLS = "import_runs.outline", "import_rows.cells"
AT_WORK = (TRIAL, WAITING)
_LEASE = timedelta(seconds=60)
_SAMPLE = 8
_LOOKED_AT, _MENDED = timedelta(days=7), timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Family:
    """Sheets with one header: they are brought in together."""

    sheets: list[str]
    words: list[str]
    rows: int
    known: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """What is shown of a file before anything happens."""

    file: str
    families: list[Family]
    sheets: list[str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file read and sealed, ready to be stored in one short transaction."""

    run: ImportRun
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a run for a while."""

    run_id: str
    token: str


def prepare(
    vault: Vault,
    name: str,
    content: bytes,
    *,
    facility_id: str,
    started_by: str | None,
    now: datetime,
) -> Prepared:
    """Read a file. Touches no database; takes about a second for five thousand rows.

    Raises:
        FileError: the file cannot be used.
    """
    sheets = read_file(content)
    headers = [header_of(sheet.lines) for sheet in sheets]
    families = _families(headers)
    outline = _outlined(name, sheets, headers, families)
    best = max(
        range(len(outline.families)),
        key=lambda i: (outline.families[i].known, outline.families[i].rows),
    )
    run = ImportRun(
        id=new_id(),
        facility_id=facility_id,
        started_by=started_by,
        content_index=_digest(vault, content),
        started_at=now,
        family=best,
        mapping=_mapping(headers[families.index(best)]),
        total=outline.families[best].rows,
    )
    run.outline_sealed = vault.seal(_as_text(outline), OUTLINE, run.id)
    rows = [
        _sealed(vault, run.id, families[number], number, line)
        for number, sheet in enumerate(sheets)
        for line in sheet.lines[headers[number].index + 1 :]
    ]
    return Prepared(run, rows)


def keep(session: Session, prepared: Prepared) -> ImportRun:
    """Store what was read, waiting for somebody to look at it."""
    session.add(prepared.run)
    session.flush()
    if prepared.rows:
        session.execute(insert(ImportRow), prepared.rows)
    return prepared.run


def outline_of(vault: Vault, run: ImportRun) -> Outline:
    found = json.loads(vault.open(run.outline_sealed, OUTLINE, run.id))
    return Outline(found["file"], [Family(**one) for one in found["families"]], found["sheets"])


def visible(session: Session, run_id: str, paths: str) -> ImportRun | None:
    """A run of somebody within a catchment, or nothing."""
    return session.exec(
        select(ImportRun)
        .join(Facility, col(Facility.id) == col(ImportRun.facility_id))
        .where(ImportRun.id == run_id)
        .where(col(Facility.path).startswith(paths, autoescape=True))
    ).first()


def recent(session: Session, paths: str, limit: int = 20) -> list[ImportRun]:
    """The last runs of a catchment, the newest first."""
    return list(
        session.exec(
            select(ImportRun)
            .join(Facility, col(Facility.id) == col(ImportRun.facility_id))
            .where(col(Facility.path).startswith(paths, autoescape=True))
            .where(ImportRun.state != CANCELLED)
            .order_by(col(ImportRun.started_at).desc())
            .limit(limit)
        ).all()
    )


def unfinished(session: Session, vault: Vault, content: bytes) -> ImportRun | None:
    """An earlier run of the same file that was confirmed and broke off."""
    return session.exec(
        select(ImportRun)
        .where(ImportRun.content_index == _digest(vault, content))
        .where(ImportRun.state == WAITING)
        .order_by(col(ImportRun.started_at).desc())
        .limit(1)
    ).first()


def choose(
    session: Session, vault: Vault, run: ImportRun, family: int, mapping: Mapping[str, str]
) -> None:
    """Take another group of sheets, or say what a column holds. Only before the import."""
    outline = outline_of(vault, run)
    if run.state != PREVIEW or not 0 <= family < len(outline.families):
        return
    known, seen = fields(), set()
    chosen: dict[str, str] = {}
    for column in range(len(outline.families[family].words)):
        key = mapping.get(str(column), "")
        if key in known and key not in seen:
            seen.add(key)
            chosen[str(column)] = key
    run.family, run.mapping, run.tried = family, chosen, False
    run.total = outline.families[family].rows
    session.add(run)


def begin(session: Session, run: ImportRun, now: datetime, *, trial: bool) -> bool:
    """Hand the run to whoever works: really, or only to see what would happen."""
    statement = (
        update(ImportRun)
        .where(col(ImportRun.id) == run.id)
        .where(col(ImportRun.state) == PREVIEW)
        .values(
            state=TRIAL if trial else WAITING,
            confirmed_at=now,
            finished_rows=0,
            claim_token=None,
            claimed_until=None,
        )
        .execution_options(synchronize_session=False)
    )
    if changed(session, statement) != 1:
        return False
    session.execute(
        update(ImportRow)
        .where(col(ImportRow.run_id) == run.id)
        .values(state=WAITING, notes=[], settled_at=None)
    )
    if not trial:
        other = delete(ImportRow).where(col(ImportRow.run_id) == run.id)
        session.execute(other.where(col(ImportRow.family) != run.family))
    session.expire(run)
    return True


def cancel(session: Session, run: ImportRun, now: datetime) -> None:
    """Forget a file that was only looked at; its rows go at once."""
    if run.state != PREVIEW:
        return
    session.execute(delete(ImportRow).where(col(ImportRow.run_id) == run.id))
    run.state, run.ended_at, run.outline_sealed = CANCELLED, now, None
    session.add(run)


def forget_old(session: Session, now: datetime) -> int:
    """Empty what nobody confirmed for a week, and the rows nobody mended for three months."""
    old = select(ImportRun.id)
    looked_at = old.where(ImportRun.state == PREVIEW).where(
        col(ImportRun.started_at) <= now - _LOOKED_AT
    )
    mended = old.where(ImportRun.state == DONE).where(col(ImportRun.ended_at) <= now - _MENDED)
    gone = changed(session, delete(ImportRow).where(col(ImportRow.run_id).in_(looked_at)))
    session.execute(
        update(ImportRun)
        .where(col(ImportRun.id).in_(looked_at))
        .values(state=CANCELLED, ended_at=now, outline_sealed=None)
        .execution_options(synchronize_session=False)
    )
    emptied = (
        update(ImportRow)
        .where(col(ImportRow.run_id).in_(mended))
        .where(col(ImportRow.cells_sealed).is_not(None))
        .values(cells_sealed=None)
        .execution_options(synchronize_session=False)
    )
    return gone + changed(session, emptied)


def claim(session: Session, now: datetime, run_id: str | None = None) -> Claim | None:
    """Take a run that nobody works on: this one, or the oldest."""
    token = new_id()
    free = (
        select(ImportRun.id)
        .where(col(ImportRun.state).in_(AT_WORK))
        .where((col(ImportRun.claimed_until).is_(None)) | (col(ImportRun.claimed_until) <= now))
        .order_by(col(ImportRun.confirmed_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if run_id:
        free = free.where(ImportRun.id == run_id)
    found = session.exec(free).first()
    if found is None:
        return None
    session.execute(
        update(ImportRun)
        .where(col(ImportRun.id) == found)
        .values(claim_token=token, claimed_until=now + _LEASE)
        .execution_options(synchronize_session=False)
    )
    return Claim(found, token)


def anything_to_do(session: Session) -> bool:
    """Whether any run waits. Asked every second, so it only reads."""
    waiting = select(ImportRun.id).where(col(ImportRun.state).in_(AT_WORK)).limit(1)
    return session.exec(waiting).first() is not None


def let_go(session: Session, claimed: Claim) -> None:
    """Give the claim back, so that the next turn need not wait for it to end."""
    session.execute(
        update(ImportRun)
        .where(col(ImportRun.id) == claimed.run_id)
        .where(col(ImportRun.claim_token) == claimed.token)
        .values(claim_token=None, claimed_until=None)
        .execution_options(synchronize_session=False)
    )


def hold(session: Session, claimed: Claim, now: datetime) -> bool:
    """Keep a claim a while longer; False when somebody else has it."""
    statement = (
        update(ImportRun)
        .where(col(ImportRun.id) == claimed.run_id)
        .where(col(ImportRun.claim_token) == claimed.token)
        .where(col(ImportRun.state).in_(AT_WORK))
        .values(claimed_until=now + _LEASE)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def tally(session: Session, run: ImportRun) -> dict[str, int]:
    """How many rows ended in which state."""
    rows = session.execute(
        select(ImportRow.state, func.count())
        .where(ImportRow.run_id == run.id)
        .where(ImportRow.family == run.family)
        .group_by(col(ImportRow.state))
    ).all()
    return {state: int(count) for state, count in rows}


def sample(session: Session, vault: Vault, run: ImportRun) -> list[tuple[ImportRow, list[Any]]]:
    """The first rows of the chosen sheets, opened."""
    rows = session.exec(
        select(ImportRow)
        .where(ImportRow.run_id == run.id)
        .where(ImportRow.family == run.family)
        .order_by(col(ImportRow.sheet), col(ImportRow.number))
        .limit(_SAMPLE)
    ).all()
    return [(row, cells_of(vault, row)) for row in rows]


def cells_of(vault: Vault, row: ImportRow) -> list[Any]:
    """The cells of a row; nothing when they are no longer kept."""
    if row.cells_sealed is None:
        return []
    found: list[Any] = json.loads(vault.open(row.cells_sealed, CELLS, row.id))
    return found


def _digest(vault: Vault, content: bytes) -> str:
    """Finds the same file again, and tells nobody else anything about it."""
    return vault.index(hashlib.sha256(content).hexdigest(), "register.file")


def _sealed(vault: Vault, run_id: str, family: int, sheet: int, line: Line) -> dict[str, Any]:
    row = new_id()
    cells = json.dumps(line.cells, ensure_ascii=False)
    return {
        "id": row,
        "run_id": run_id,
        "family": family,
        "sheet": sheet,
        "number": line.number,
        "cells_sealed": vault.seal(cells, CELLS, row),
        "state": WAITING,
        "notes": [],
        "written": {},
    }


def _outlined(
    name: str, sheets: Sequence[Sheet], headers: Sequence[Header], families: Sequence[int]
) -> Outline:
    return Outline(
        file=name,
        families=[
            Family(
                sheets=[sheets[i].name for i in members],
                words=headers[members[0]].words,
                rows=sum(len(sheets[i].lines) - headers[i].index - 1 for i in members),
                known=headers[members[0]].known,
            )
            for members in _members(families)
        ],
        sheets=[sheet.name for sheet in sheets],
    )


def _families(headers: Sequence[Header]) -> list[int]:
    """Sheets with the same words in the header are one family; an unknown one stands alone."""
    seen: dict[tuple[object, ...], int] = {}
    found = []
    for number, header in enumerate(headers):
        key: tuple[object, ...] = tuple(header.words) if header.known else (number,)
        found.append(seen.setdefault(key, len(seen)))
    return found


def _members(families: Sequence[int]) -> list[list[int]]:
    return [
        [i for i, family in enumerate(families) if family == number]
        for number in range(max(families) + 1)
    ]


def _mapping(header: Header) -> dict[str, str]:
    return {str(column): key for column, key in header.mapping.items()}


def _as_text(outline: Outline) -> str:
    families = [
        {"sheets": one.sheets, "words": one.words, "rows": one.rows, "known": one.known}
        for one in outline.families
    ]
    found = {"file": outline.file, "families": families, "sheets": outline.sheets}
    return json.dumps(found, ensure_ascii=False)
