"""Page, workbook, PDF, comma-separated text and API say the same, cell by cell."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from records.tables import Facility
from reports.answer import answer
from reports.comma import comma
from reports.definition import Kind
from reports.grid import FIGURE, grids, harmless
from reports.paper import paper
from reports.report import Report
from reports.spreadsheet import DEFINITIONS, spreadsheet
from reports.value import written
from tests.reports.conftest import Look
from tests.reports.hand import Hand

Cells = dict[tuple[str, str, str], str]


def on_the_grid(report: Report) -> Cells:
    """What every format is compared with: table, figure, place."""
    return {
        (grid.title, line.figure.name, place): value.text
        for grid in grids(report)
        for line in grid.lines
        for place, value in zip(grid.header[1:], line.values, strict=True)
    }


def in_the_workbook(content: bytes) -> Cells:
    book, found = load_workbook(io.BytesIO(content)), {}
    for sheet in book.worksheets[1:-1]:
        head, *lines = sheet.iter_rows()
        assert head[0].value == FIGURE
        for name, *cells in lines:
            for place, cell in zip(head[1:], cells, strict=True):
                found[sheet.title, str(name.value), str(place.value)] = shown(cell)
    return found


def shown(cell: Any) -> str:
    """What a spreadsheet shows of a cell."""
    if isinstance(cell.value, str):
        return cell.value
    kind = {"0.0%": Kind.RATE, "0.0": Kind.RATIO, "0": Kind.COUNT}[cell.number_format]
    return written(kind, cell.value)


def in_the_text(content: bytes) -> Cells:
    assert content.startswith(b"\xef\xbb\xbf")
    found, rows = {}, list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    for position, row in enumerate(rows):
        if row and row[0] == FIGURE:
            for line in rows[position + 1 :]:
                if len(line) != len(row):
                    break
                for place, text in zip(row[1:], line[1:], strict=True):
                    found[rows[position - 1][0], line[0], place] = text
    return found


def in_the_answer(content: str) -> Cells:
    found = {}
    for table in json.loads(content)["tables"]:
        for figure in table["figures"]:
            for row in (table["total"], *table["rows"]):
                value = row["values"][figure["key"]]
                text = {"small": "少于5", "derived": "＊", "running": "过完月再看"} | {
                    "no_estimate": "缺估计数",
                    "nothing": "—",
                }
                number = value["value"]
                said = (
                    text[value["missing"]]
                    if number is None
                    else written(Kind(figure["kind"]), number)
                )
                found[table["title"], figure["name"], row["name"]] = said
    return found


def on_paper(content: bytes) -> str:
    return "".join(
        "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split()
    )


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
def test_every_format_has_the_same_cells(look: Look, inside: bool) -> None:
    report = look("town", inside=inside)
    expected = on_the_grid(report)
    assert len(expected) > 150
    assert ("少于5" in expected.values()) == (not inside)
    assert in_the_workbook(spreadsheet(report)) == expected
    assert in_the_text(comma(report)) == expected
    assert in_the_answer(json.dumps(answer(report))) == expected


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
def test_the_printed_lines_are_those_of_the_grid(look: Look, inside: bool) -> None:
    report = look("town", inside=inside)
    text = on_paper(paper(report))
    for grid in grids(report):
        head = "".join((*grid.header,))
        assert re.sub(r"\s", "", head) in text, grid.title
        for line in grid.lines:
            cells = "".join([line.figure.name, *(value.text for value in line.values)])
            assert re.sub(r"\s", "", cells) in text, (grid.title, line.figure.name)


def test_rates_are_real_numbers_and_the_header_stays_in_sight(look: Look) -> None:
    book = load_workbook(io.BytesIO(spreadsheet(look())))
    sheet = book["基本公卫·高血压"]
    assert sheet.freeze_panes == "C2"
    rate = next(row for row in sheet.iter_rows() if row[0].value == "血压控制率（基本公卫）")
    assert (rate[1].value, rate[1].number_format) == (0.6, "0.0%")
    count = next(row for row in sheet.iter_rows() if row[0].value == "年内管理人数")
    assert count[1].value == 10
    rows = list(book[DEFINITIONS].iter_rows(values_only=True))
    assert rows[0] == ("表", "指标", "怎么数的", "来源")
    named = {row[1]: row for row in rows}
    for figure in look().definitions.figures():
        assert named[figure.name][2]


@pytest.mark.parametrize("name", ["=1+1", "+86", "-x", "@cmd", "\t=1"])
def test_no_name_becomes_a_formula(hand: Hand, look: Look, name: str) -> None:
    hand.session.get_one(Facility, "a").name = name
    report = look("town")
    sheet = load_workbook(io.BytesIO(spreadsheet(report)))["基本公卫·高血压"]
    cell = sheet["C1"]
    assert (cell.value, cell.data_type) == (f"'{name}", "s")
    assert harmless("东沟村") == "东沟村"
    assert harmless(name) in comma(report).decode("utf-8-sig")


def test_markup_in_a_name_is_printed_as_it_is(hand: Hand, look: Look) -> None:
    hand.session.get_one(Facility, "a").name = "<b>东&沟</b>"
    assert "<b>东&沟</b>" in on_paper(paper(look("town")))


def test_no_format_names_a_patient(look: Look) -> None:
    report = look("town")
    told = json.dumps(answer(report), ensure_ascii=False)
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", told)
    assert "a1" not in on_paper(paper(report))
