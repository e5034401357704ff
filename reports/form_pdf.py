"""The follow-up form as a PDF, laid out like the paper form: four visits side by side on one A4 page.

Boxes and ticks are drawn, because the typeface has none. A contact by message says so in its column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from io import BytesIO
from typing import Any

from reportlab.lib.colors import black
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer, Table, TableStyle

from care.form import Blank, BlankKind, Form, Mode, Row
from records.papers import COLUMNS, Column, Paper
from texts.catalogue import render
from texts.typeface import TYPEFACE

FONT = "form"
_SIZE, _LEADING, _BOX = 7.6, 10.2, 6.2
_TITLE = 13.0
_LABEL = 23 * mm
_MARGIN = 9 * mm
_PAD = 3.2


def form_pdf(paper: Paper) -> bytes:
    """The page, ready to print."""
    _typeface()
    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=f"{paper.form.title} {paper.year}",
        invariant=1,
    )
    width = A4[0] - 2 * _MARGIN - 12
    each = (width - _LABEL) / COLUMNS
    head = Text(paper.form.title, _TITLE, centred=True)
    who = Text(
        f"姓名：{paper.who.name}　　编号：{paper.who.id[-8:]}　　"
        f"{paper.who.village or ''}　　{paper.year}年",
        _SIZE + 1.2,
    )
    table = Table(
        list(_lines(paper)),
        colWidths=[_LABEL] + [each] * COLUMNS,
        style=_STYLE,
    )
    document.build([head, Spacer(1, 3), who, Spacer(1, 3), table, *_feet(paper)])
    return out.getvalue()


class Text(Flowable):
    """Words that wrap anywhere, as Chinese does."""

    def __init__(self, words: str, size: float = _SIZE, *, centred: bool = False) -> None:
        super().__init__()
        self.words, self.size, self.centred = words, size, centred
        self.lines: list[str] = []

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width = width
        self.lines = list(_wrapped(self.words, width, self.size))
        return width, max(1, len(self.lines)) * self.size * _LEADING / _SIZE

    def draw(self) -> None:
        canvas: Canvas = self.canv
        canvas.setFont(FONT, self.size)
        step = self.size * _LEADING / _SIZE
        high = step * len(self.lines)
        for number, line in enumerate(self.lines, start=1):
            at = high - step * number + step - self.size
            if self.centred:
                canvas.drawCentredString(self.width / 2, at, line)
            else:
                canvas.drawString(0, at, line)


class Boxes(Flowable):
    """A drawn box before each code; those that were chosen are ticked."""

    def __init__(self, codes: Mapping[str, str], chosen: tuple[str, ...], before: str = "") -> None:
        super().__init__()
        self.codes, self.chosen, self.before = codes, chosen, before
        self.places: list[tuple[float, int, str, str]] = []
        self.rows = 1

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.places, across, line = [], 0.0, 0
        if self.before:
            across = pdfmetrics.stringWidth(self.before, FONT, _SIZE) + 2
        for code, name in self.codes.items():
            text = name if code == name else f"{code} {name}"
            wide = _BOX + 1.5 + pdfmetrics.stringWidth(text, FONT, _SIZE) + 4
            if across and across + wide - 4 > width:
                across, line = 0.0, line + 1
            self.places.append((across, line, code, text))
            across += wide
        self.rows = line + 1
        return width, self.rows * _LEADING

    def draw(self) -> None:
        canvas: Canvas = self.canv
        canvas.setFont(FONT, _SIZE)
        high = self.rows * _LEADING
        if self.before:
            canvas.drawString(0, high - _SIZE, self.before)
        for across, line, code, text in self.places:
            at = high - line * _LEADING - _SIZE
            canvas.setLineWidth(0.5)
            canvas.rect(across, at - 0.6, _BOX, _BOX)
            if code in self.chosen:
                _tick(canvas, across, at - 0.6)
            canvas.drawString(across + _BOX + 1.5, at, text)


def _tick(canvas: Canvas, left: float, low: float) -> None:
    canvas.setLineWidth(1.3)
    canvas.line(left + 0.9, low + 2.8, left + 2.4, low + 1.0)
    canvas.line(left + 2.4, low + 1.0, left + 5.8, low + 6.0)


_STYLE = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.5, black),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        *(
            (side, (0, 0), (-1, -1), _PAD)
            for side in ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")
        ),
    ]
)


def _lines(paper: Paper) -> Iterator[list[Any]]:
    empty: list[Column | None] = [None] * (COLUMNS - len(paper.columns))
    columns = [*paper.columns, *empty]
    for row in _printed(paper):
        yield [Text(row.name), *(_cell(row, column) for column in columns)]


def _printed(paper: Paper) -> Iterator[Row]:
    """The national rows, and of the local ones those in use."""
    for row in paper.form.rows:
        used = any(b.key in c.sheet.values for b in row.blanks for c in paper.columns)
        if row.group != "extended" or used:
            yield row


def _cell(row: Row, column: Column | None) -> list[Flowable]:
    values = column.sheet.values if column else {}
    if row.key == "doctor_signature":
        return [Text(column.doctor if column else "")]
    if row.key == "followup_mode" and column and column.sheet.mode is Mode.MESSAGE:
        return [*_boxes(row.blanks, {}), Text(render("form.by_message"))]
    coded = {BlankKind.CODE, BlankKind.CODES}
    cell: list[Flowable] = _boxes([b for b in row.blanks if b.kind in coded], values)
    rest = [b for b in row.blanks if b.kind not in coded]
    if rest:
        cell.append(Text(_written(row, rest, values)))
    return cell


def _boxes(blanks: Any, values: Mapping[str, Any]) -> list[Flowable]:
    found: list[Flowable] = []
    for blank in blanks:
        value = values.get(blank.key)
        chosen = tuple(value) if isinstance(value, list) else (value,) if value else ()
        found.append(Boxes(blank.codes, chosen, blank.label))
    return found


def _written(row: Row, blanks: list[Blank], values: Mapping[str, Any]) -> str:
    """The entries as the paper has them: 150/95 mmHg, 60/58 kg, 3次/周 30分钟/次."""
    if row.key in {"bp", "weight", "bmi", "smoke_per_day", "alcohol_per_day", "staple_food"}:
        pair = "/".join(_said(blank, values) or "　　" for blank in blanks)
        return f"{pair} {blanks[0].unit}"
    if row.key == "drugs":
        return _medicines(blanks, values)
    parts = []
    for blank in blanks:
        text = _said(blank, values)
        label = f"{blank.label}：" if blank.label else ""
        if text or label:
            parts.append(f"{label}{text}{blank.unit if text else ''}")
    return "　".join(parts)


def _medicines(blanks: list[Blank], values: Mapping[str, Any]) -> str:
    lines = []
    for name, times, dose in zip(blanks[::3], blanks[1::3], blanks[2::3], strict=True):
        said = [_said(one, values) for one in (name, times, dose)]
        if said[0]:
            lines.append(f"{said[0]} 每日{said[1] or '　'}次 每次{said[2] or '　'}")
        else:
            lines.append(f"{name.label}")
    return "\n".join(lines)


def _said(blank: Blank, values: Mapping[str, Any]) -> str:
    value = values.get(blank.key)
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _feet(paper: Paper) -> list[Flowable]:
    first = render("form.not_face_to_face") if _by_message(paper) else ""
    return [Spacer(1, 3), *(Text(line) for line in (first, render("form.pending")) if line)]


def _by_message(paper: Paper) -> bool:
    return any(column.sheet.mode is not Mode.FACE_TO_FACE for column in paper.columns)


def _wrapped(words: str, width: float, size: float) -> Iterator[str]:
    for paragraph in words.split("\n"):
        line = ""
        for letter in paragraph:
            if line and pdfmetrics.stringWidth(line + letter, FONT, size) > width:
                yield line
                line = ""
            line += letter
        yield line


@lru_cache(maxsize=1)
def _typeface() -> None:
    pdfmetrics.registerFont(TTFont(FONT, str(TYPEFACE), subfontIndex=0))


def labels(form: Form) -> tuple[str, ...]:
    """Every word of the national rows that must stand on the page."""
    rows = [row for row in form.rows if row.group != "extended"]
    names = [row.name for row in rows]
    return (*names, *(name for row in rows for b in row.blanks for name in b.codes.values()))
