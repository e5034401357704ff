"""The sheet of rows that need a hand: as they came, with the reason, ready to be brought in again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlmodel import Session, col, select

from records import registering
from records.register.cells import Cell
from records.register.columns import fields
from records.register.reasons import Note, Weight, sentences
from records.tables import ImportRow, ImportRun
from records.vault import Vault

REASON, ROW = "原因", "原表行号"
_LONGEST_TITLE = 31
_WIDE = 60
_WEIGHTS = frozenset({Weight.FATAL, Weight.LEFT_OUT})


def to_mend(session: Session, run: ImportRun) -> list[ImportRow]:
    """The rows that failed, and those that were taken without some value."""
    rows = session.exec(
        select(ImportRow)
        .where(ImportRow.run_id == run.id)
        .where(ImportRow.family == run.family)
        .where(col(ImportRow.cells_sealed).is_not(None))
        .order_by(col(ImportRow.sheet), col(ImportRow.number))
    ).all()
    return [row for row in rows if any(Note.of(note).weight in _WEIGHTS for note in row.notes)]


def why(row: ImportRow, *, heavy_only: bool = True) -> str:
    """The reasons of a row as one sentence each."""
    notes = [Note.of(note) for note in row.notes]
    return "；".join(
        said(note.code, note.field) for note in notes if not heavy_only or note.weight in _WEIGHTS
    )


def said(code: str, field: str) -> str:
    """One reason, with the field it is about in front."""
    known = fields().get(field)
    text = sentences()[code].text
    return f"{known.label}：{text}" if known else text


def error_sheet(session: Session, vault: Vault, run: ImportRun) -> bytes:
    """An XLSX with the same columns, one sheet for each sheet of the file."""
    # The web process writes a spreadsheet once a month.
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    outline = registering.outline_of(vault, run)
    words = outline.families[run.family].words
    book = Workbook(write_only=True)

    def written(values: list[Cell]) -> Iterator[Any]:
        for value in values:
            cell = WriteOnlyCell(sheet, value=value)
            if isinstance(value, str):
                # A text that looks like a formula stays a text; Excel must not eat the corrections.
                cell.data_type = "s"
                cell.number_format = "@"
            yield cell

    found = to_mend(session, run)
    for number, rows in groupby(found, key=lambda row: row.sheet):
        sheet = book.create_sheet(outline.sheets[number][:_LONGEST_TITLE] or "要改的行")
        sheet.column_dimensions["A"].width = _WIDE
        sheet.append(written([REASON, ROW, *words]))
        for row in rows:
            sheet.append(written([why(row), row.number, *registering.cells_of(vault, row)]))
    if not found:
        book.create_sheet("没有要改的行")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
