"""Opens what was uploaded: XLSX or CSV, nothing else, and nothing that could hurt.

A cell is a text, a number or nothing. Dates of Excel come as "1956-03-05", formulas as their text.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from xml.etree.ElementTree import ParseError

from records.register.cells import Cell, is_formula
from records.register.reasons import sentences

LARGEST_FILE = 8 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 120
_LONGEST_TEXT = 500
_MOST_PARTS = 2_000
_LARGEST_UNPACKED = 120 * 1024 * 1024
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_DELIMITERS = ",\t;"
_LOOKED_AT = 1024
_MAC_EPOCH_YEAR = 1904
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_LETTERS = 26


class Fault(StrEnum):
    """What is wrong with a file."""

    YEAR_1904 = "file_1904"
    BOMB = "file_bomb"
    BROKEN = "file_broken"
    EMPTY = "file_empty"
    ENCODING = "file_encoding"
    LARGE = "file_large"
    MACRO = "file_macro"
    OLD = "file_old"
    TYPE = "file_type"
    WIDE = "file_wide"


class FileError(ValueError):
    """The file cannot be used. `code` is a code of reasons.toml; the message says what to do."""

    def __init__(self, code: Fault) -> None:
        super().__init__(sentences()[code].text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Line:
    """One row that holds something, with its number in the sheet."""

    number: int
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of the file."""

    name: str
    lines: list[Line]


def read_file(content: bytes) -> list[Sheet]:
    """The sheets that hold anything.

    Raises:
        FileError: with what whoever uploaded it should do.
    """
    if len(content) > LARGEST_FILE:
        raise FileError(Fault.LARGE)
    if content.startswith(_OLE):
        raise FileError(Fault.OLD)
    sheets = _excel(content) if content.startswith(_ZIP) else [Sheet("", list(_csv(content)))]
    found = [sheet for sheet in sheets if sheet.lines]
    if not found:
        raise FileError(Fault.EMPTY)
    if sum(len(sheet.lines) for sheet in found) > MOST_ROWS:
        raise FileError(Fault.LARGE)
    return found


def _excel(content: bytes) -> list[Sheet]:
    # The web process opens a spreadsheet once a month.
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    broken = (
        *(InvalidFileException, zipfile.BadZipFile, zlib.error, ParseError),
        *(KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, OSError),
    )
    try:
        merged = _inspected(content)
        with warnings.catch_warnings(action="ignore"):
            book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
            sheets = list(_sheets(book, merged))
            book.close()
    except FileError:
        raise
    except broken as error:
        raise FileError(Fault.BROKEN) from error
    return sheets


def _sheets(book: Any, merged: dict[str, list[tuple[int, int, int]]]) -> Iterator[Sheet]:
    """The sheets people see. A hidden one is somebody's list of choices."""
    if book.epoch.year == _MAC_EPOCH_YEAR:
        raise FileError(Fault.YEAR_1904)
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            # The size a sheet claims to have may be anything; every row would be filled up to it.
            sheet.reset_dimensions()
            part = sheet._worksheet_path  # noqa: SLF001 - the only way to the merged cells
            yield Sheet(sheet.title, _filled(_lines(sheet.iter_rows()), merged.get(part, [])))


def _inspected(content: bytes) -> dict[str, list[tuple[int, int, int]]]:
    """Refuse what is no honest spreadsheet, before it is unpacked; find cells merged downwards."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        names = parts.namelist()
        if "xl/workbook.xml" not in names:
            raise FileError(Fault.TYPE)
        if any("vbaproject" in name.lower() for name in names):
            raise FileError(Fault.MACRO)
        unpacked = sum(part.file_size for part in parts.infolist())
        if len(names) > _MOST_PARTS or unpacked > _LARGEST_UNPACKED:
            raise FileError(Fault.BOMB)
        for name in names:
            if name.endswith((".xml", ".rels")):
                with parts.open(name) as part:
                    if b"<!DOCTYPE" in part.read(_LOOKED_AT).upper():
                        raise FileError(Fault.BOMB)
        sheets = [name for name in names if name.startswith("xl/worksheets/")]
        return {name: _merged_downwards(parts.read(name)) for name in sheets}


def _merged_downwards(sheet: bytes) -> list[tuple[int, int, int]]:
    """Column, first and last row of cells that stand for several rows: a village written once."""
    found = []
    for left, top, right, bottom in _MERGED.findall(sheet):
        if left == right and top != bottom:
            found.append((_column(left.decode()), int(top), int(bottom)))
    return found


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * _LETTERS + ord(letter) - ord("A") + 1
    return number - 1


def _filled(lines: Iterable[Line], merged: list[tuple[int, int, int]]) -> list[Line]:
    """Give every row of a merged cell its value; a row that holds nothing else stays out."""
    found = list(lines)
    by_number = {line.number: line for line in found}
    for column, top, bottom in merged:
        first = by_number.get(top)
        if first is None or column >= len(first.cells):
            continue
        for number in range(top + 1, min(bottom, top + MOST_ROWS) + 1):
            if line := by_number.get(number):
                line.cells.extend([None] * (column + 1 - len(line.cells)))
                line.cells[column] = first.cells[column]
    return found


def _lines(rows: Iterable[Iterable[Any]]) -> Iterator[Line]:
    kept = 0
    for number, row in enumerate(rows, 1):
        cells = [_cell(cell.value) for cell in row]
        while cells and cells[-1] in {None, ""}:
            cells.pop()
        if not cells:
            continue
        kept += 1
        if kept > MOST_ROWS:
            raise FileError(Fault.LARGE)
        if len(cells) > MOST_COLUMNS:
            raise FileError(Fault.WIDE)
        yield Line(number, cells)


def _cell(value: object) -> Cell:
    if isinstance(value, bool):
        return "是" if value else "否"
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    # An array formula is an object; as text it is still recognised as a formula.
    text = value if isinstance(value, str) else f"={type(value).__name__}"
    text = text if is_formula(text) else text.strip()
    return text[:_LONGEST_TEXT] or None


def _csv(content: bytes) -> Iterator[Line]:
    text = _decoded(content)
    head = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise FileError(Fault.BROKEN) from error
    if max((len(row) for row in rows), default=0) < 2:  # noqa: PLR2004 - one column is no table
        raise FileError(Fault.TYPE)
    yield from _lines([_Value(_quoted(one)) for one in row] for row in rows)


@dataclass(frozen=True, slots=True)
class _Value:
    """What openpyxl calls a cell."""

    value: str


def _quoted(text: str) -> str:
    """Excel's own trick to keep digits in a CSV: ="13800001111"."""
    if text.startswith('="') and text.endswith('"'):
        return text[2:-1]
    return text


def _decoded(content: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with it, or what Chinese Excel writes: GB18030."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise FileError(Fault.ENCODING)
