"""The report as a PDF to print: landscape A4, a few places beside each other."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import lru_cache
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from reports.grid import Grid, grids, remarks, title
from reports.report import Report
from texts.typeface import TYPEFACE

_FONT = "suifang"
_GREEN, _GREY = colors.HexColor("#0e4f45"), colors.HexColor("#c9d6d2")
_SHADE = colors.HexColor("#eef4f2")
_PLACES = 8
_NAME_WIDTH, _WIDTH, _MARGIN = 52 * mm, 267 * mm, 15 * mm


@lru_cache(maxsize=1)
def _styles() -> dict[str, ParagraphStyle]:
    pdfmetrics.registerFont(TTFont(_FONT, str(TYPEFACE), subfontIndex=0))
    body = ParagraphStyle("body", fontName=_FONT, fontSize=9, leading=13, wordWrap="CJK")
    return {
        "body": body,
        "small": ParagraphStyle("small", body, fontSize=8, leading=11.5),
        "number": ParagraphStyle("number", body, alignment=2),
        "title": ParagraphStyle("title", body, fontSize=18, leading=26, textColor=_GREEN),
        "table": ParagraphStyle(
            "table", body, fontSize=12, leading=18, spaceBefore=10, textColor=_GREEN
        ),
    }


def paper(report: Report) -> bytes:
    """The document as a file."""
    made = io.BytesIO()
    document = SimpleDocTemplate(
        made,
        pagesize=landscape(A4),
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=title(report),
        author="随访",
    )
    document.build(list(_story(report)), onFirstPage=_foot, onLaterPages=_foot)
    return made.getvalue()


def _story(report: Report) -> Iterator[Flowable]:
    yield _text(title(report), "title")
    for one in remarks(report):
        yield _text(one, "small")
    for grid in grids(report):
        yield _text(grid.title, "table")
        yield _text(grid.about, "small")
        yield Spacer(0, 2 * mm)
        for part in _parts(grid):
            yield part
            yield Spacer(0, 2 * mm)
    yield _text("每个数是怎么数的", "table")
    for table in report.tables:
        for figure in table.figures:
            words = (
                f"{table.definition.title}·{figure.name}：{figure.definition}来源：{figure.source}"
            )
            yield _text(words, "small")


def _parts(grid: Grid) -> Iterator[Table]:
    """The table, as often as its places need; the name of the figure stands in each part."""
    places = range(1, len(grid.header))
    for start in range(0, len(places), _PLACES):
        yield _table(grid, places[start : start + _PLACES])


def _table(grid: Grid, places: Sequence[int]) -> Table:
    head = [_text(grid.header[0]), *(_text(grid.header[one], "number") for one in places)]
    lines = [
        [_text(line.figure.name), *(_text(line.values[one - 1].text, "number") for one in places)]
        for line in grid.lines
    ]
    width = (_WIDTH - _NAME_WIDTH) / _PLACES
    return Table(
        [head, *lines],
        colWidths=[_NAME_WIDTH, *(width for _ in places)],
        repeatRows=1,
        hAlign="LEFT",
        style=TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _GREY),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        ),
    )


def _text(words: str, style: str = "body") -> Paragraph:
    return Paragraph(escape(words), _styles()[style])


def _foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont(_FONT, 8)
    canvas.drawRightString(_MARGIN + _WIDTH, 8 * mm, f"第 {document.page} 页")
