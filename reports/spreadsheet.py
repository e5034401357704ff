"""The report as a workbook: real numbers, a header that stays in sight, and the definitions."""

from __future__ import annotations

import io
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from reports.definition import Kind
from reports.grid import Grid, grids, harmless, remarks, title
from reports.report import Report
from reports.value import Value

REMARKS, DEFINITIONS = "说明", "定义"
_FORMATS = {Kind.RATE: "0.0%", Kind.RATIO: "0.0"}
_PLAIN = "0"
_BOLD = Font(bold=True)
_SHADE = PatternFill("solid", fgColor="E6F0ED")
_WRAP = Alignment(wrap_text=True, vertical="top")
_NAME_WIDTH, _NUMBER_WIDTH, _TEXT_WIDTH = 30, 14, 80


def spreadsheet(report: Report) -> bytes:
    """The workbook as a file."""
    book = Workbook()
    first = book.active
    assert isinstance(first, Worksheet)  # noqa: S101 - a new workbook has one sheet
    first.title = REMARKS
    _lines(first, [[title(report)], *([one] for one in remarks(report))], (_TEXT_WIDTH,))
    for grid in grids(report):
        _sheet(book.create_sheet(grid.title), grid)
    _definitions(book.create_sheet(DEFINITIONS), report)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _sheet(sheet: Worksheet, grid: Grid) -> None:
    sheet.append([harmless(name) for name in grid.header])
    for line in grid.lines:
        sheet.append([harmless(line.figure.name), *(_cell(value) for value in line.values)])
        for column, value in enumerate(line.values, start=2):
            cell = sheet.cell(row=sheet.max_row, column=column)
            cell.number_format = _FORMATS.get(value.kind, _PLAIN)
            cell.alignment = Alignment(horizontal="right")
    _header(sheet)
    sheet.freeze_panes = "C2"
    _widths(sheet, (_NAME_WIDTH, *(_NUMBER_WIDTH for _ in grid.header[1:])))


def _cell(value: Value) -> int | float | str:
    return value.text if value.number is None else value.number


def _definitions(sheet: Worksheet, report: Report) -> None:
    lines: list[list[str]] = [["表", "指标", "怎么数的", "来源"]]
    for table in report.tables:
        lines.append([table.definition.title, "", table.definition.about, ""])
        lines += [
            [table.definition.title, one.name, one.definition, one.source] for one in table.figures
        ]
    _lines(sheet, lines, (_NAME_WIDTH, _NAME_WIDTH, _TEXT_WIDTH, _TEXT_WIDTH))
    sheet.freeze_panes = "A2"


def _lines(sheet: Worksheet, lines: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
    for line in lines:
        sheet.append([harmless(text) for text in line])
    for row in sheet.iter_rows():
        for cell in row:
            cell.alignment = _WRAP
    _header(sheet)
    _widths(sheet, widths)


def _header(sheet: Worksheet) -> None:
    for cell in sheet[1]:
        cell.font, cell.fill = _BOLD, _SHADE


def _widths(sheet: Worksheet, widths: Sequence[int]) -> None:
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
