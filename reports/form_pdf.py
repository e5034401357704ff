"""The follow-up form as a PDF, laid out like the paper form: four visits side by side on one A4 page.

Boxes and ticks are drawn, because the typeface has none. A contact by message says so in its column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
# Tried in turn until the form fits its page: most forms are set in the first.
_SIZES = (7.6, 6.8, 6.0, 5.2)
_TITLE = 1.7
_LABEL = 23 * mm
_MARGIN = 9 * mm


@dataclass(frozen=True, slots=True)
class Scale:
    """How large everything is drawn, from the size of the letters."""

    size: float

    @property
    def leading(self) -> float:
        return self.size * 1.32

    @property
    def box(self) -> float:
        return self.size * 0.82

    @property
    def pad(self) -> float:
        return self.size * 0.4

    def times(self, factor: float) -> Scale:
        return Scale(self.size * factor)


def form_pdf(paper: Paper) -> bytes:
    """The page, ready to print. A form with very many words is set smaller, at worst on two pages."""
    _typeface()
    drawn = b""
    for size in _SIZES:
        drawn, pages = _drawn(paper, Scale(size))
        if pages == 1:
            break
    return drawn


def _drawn(paper: Paper, scale: Scale) -> tuple[bytes, int]:
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
    each = (A4[0] - 2 * _MARGIN - 12 - _LABEL) / COLUMNS
    who = (
        f"姓名：{paper.who.name}　　编号：{paper.who.id[-8:]}　　"
        f"{paper.who.village or ''}　　{paper.year}年"
    )
    table = Table(
        list(_lines(paper, scale)), colWidths=[_LABEL] + [each] * COLUMNS, style=_style(scale)
    )
    feet = (Text(line, scale) for line in _feet(paper))
    document.build(
        [
            Text(paper.form.title, scale.times(_TITLE), centred=True),
            Spacer(1, 3),
            Text(who, scale.times(1.15)),
            Spacer(1, 3),
            table,
            Spacer(1, 3),
            *feet,
        ]
    )
    return out.getvalue(), document.page


class Text(Flowable):
    """Words that wrap anywhere, as Chinese does."""

    def __init__(self, words: str, scale: Scale, *, centred: bool = False) -> None:
        super().__init__()
        self.words, self.scale, self.centred = words, scale, centred
        self.lines: list[str] = []

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width = width
        self.lines = list(_wrapped(self.words, width, self.scale.size))
        return width, len(self.lines) * self.scale.leading

    def draw(self) -> None:
        canvas: Canvas = self.canv
        canvas.setFont(FONT, self.scale.size)
        high = self.scale.leading * len(self.lines)
        for number, line in enumerate(self.lines):
            at = high - self.scale.leading * number - self.scale.size
            if self.centred:
                canvas.drawCentredString(self.width / 2, at, line)
            else:
                canvas.drawString(0, at, line)


class Boxes(Flowable):
    """A drawn box before each code; those that were chosen are ticked."""

    def __init__(
        self, codes: Mapping[str, str], chosen: tuple[str, ...], before: str, scale: Scale
    ) -> None:
        super().__init__()
        self.codes, self.chosen, self.before, self.scale = codes, chosen, before, scale
        self.places: list[tuple[float, int, str, str]] = []
        self.rows = 1

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.places, across, line = [], 0.0, 0
        size, box = self.scale.size, self.scale.box
        if self.before:
            across = pdfmetrics.stringWidth(self.before, FONT, size) + 2
        for code, name in self.codes.items():
            text = name if code == name else f"{code} {name}"
            wide = box + 1.5 + pdfmetrics.stringWidth(text, FONT, size) + 4
            if across and across + wide - 4 > width:
                across, line = 0.0, line + 1
            self.places.append((across, line, code, text))
            across += wide
        self.rows = line + 1
        return width, self.rows * self.scale.leading

    def draw(self) -> None:
        canvas: Canvas = self.canv
        size, box = self.scale.size, self.scale.box
        canvas.setFont(FONT, size)
        high = self.rows * self.scale.leading
        if self.before:
            canvas.drawString(0, high - size, self.before)
        for across, line, code, text in self.places:
            at = high - line * self.scale.leading - size
            canvas.setLineWidth(0.5)
            canvas.rect(across, at - 0.6, box, box)
            if code in self.chosen:
                _tick(canvas, across, at - 0.6, box)
            canvas.drawString(across + box + 1.5, at, text)


def _tick(canvas: Canvas, left: float, low: float, box: float) -> None:
    canvas.setLineWidth(box * 0.2)
    turn = left + box * 0.4, low + box * 0.16
    canvas.line(left + box * 0.15, low + box * 0.45, *turn)
    canvas.line(*turn, left + box * 0.94, low + box * 0.97)


def _style(scale: Scale) -> TableStyle:
    sides = ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")
    return TableStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.5, black),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            *((side, (0, 0), (-1, -1), scale.pad) for side in sides),
        ]
    )


def _lines(paper: Paper, scale: Scale) -> Iterator[list[Any]]:
    empty: list[Column | None] = [None] * (COLUMNS - len(paper.columns))
    columns = [*paper.columns, *empty]
    for row in _printed(paper):
        yield [Text(row.name, scale), *(_cell(row, column, scale) for column in columns)]


def _printed(paper: Paper) -> Iterator[Row]:
    """The national rows, and of the local ones those in use."""
    for row in paper.form.rows:
        used = any(b.key in c.sheet.values for b in row.blanks for c in paper.columns)
        if row.group != "extended" or used:
            yield row


def _cell(row: Row, column: Column | None, scale: Scale) -> list[Flowable]:
    values = column.sheet.values if column else {}
    if row.key == "doctor_signature":
        return [Text(column.doctor if column else "", scale)]
    if row.key == "followup_mode" and column and column.sheet.mode is Mode.MESSAGE:
        return [*_boxes(row.blanks, {}, scale), Text(render("form.by_message"), scale)]
    coded = {BlankKind.CODE, BlankKind.CODES}
    cell: list[Flowable] = _boxes([b for b in row.blanks if b.kind in coded], values, scale)
    rest = [b for b in row.blanks if b.kind not in coded]
    if rest:
        cell.append(Text(_written(row, rest, values), scale))
    return cell


def _boxes(blanks: Sequence[Blank], values: Mapping[str, Any], scale: Scale) -> list[Flowable]:
    found: list[Flowable] = []
    for blank in blanks:
        value = values.get(blank.key)
        chosen = tuple(value) if isinstance(value, list) else (value,) if value else ()
        found.append(Boxes(blank.codes, chosen, blank.label, scale))
    return found


def _written(row: Row, blanks: list[Blank], values: Mapping[str, Any]) -> str:
    """The entries as the paper has them: 150/95 mmHg, 60/58 kg, 3次/周 30分钟/次."""
    if row.key in {"bp", "weight", "bmi", "smoke_per_day", "alcohol_per_day", "staple_food"}:
        pair = "/".join(_said(blank, values) or "　　" for blank in blanks)
        return f"{pair} {blanks[0].unit}"
    if row.key == "exercise":
        return "\n".join(
            _exercise(times, minutes, values)
            for times, minutes in zip(blanks[::2], blanks[1::2], strict=True)
        )
    if row.key == "drugs":
        return _medicines(blanks, values)
    parts = []
    for blank in blanks:
        text = _said(blank, values)
        label = f"{blank.label}：" if blank.label else ""
        if text or label:
            parts.append(f"{label}{text}{blank.unit if text else ''}")
    return "　".join(parts)


def _exercise(times: Blank, minutes: Blank, values: Mapping[str, Any]) -> str:
    often, long = (_said(one, values) or "　" for one in (times, minutes))
    return f"{times.label} {often}{times.unit} {long}{minutes.unit}"


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


def _feet(paper: Paper) -> Iterator[str]:
    if _by_message(paper):
        yield render("form.not_face_to_face")
    yield render("form.pending")


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
