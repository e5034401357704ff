"""A small picture of somebody's own values: big digits, a line with dates, colours for old eyes.

No name stands in it: a phone is passed around, and a picture is shown to others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from texts.typeface import TYPEFACE

WIDTH = 720
_MARGIN = 40
_TOP, _PLOT_TOP, _PLOT_BOTTOM, _HEIGHT = 470, 560, 850, 990
_LEFT, _RIGHT = 80, 610
_SHADES = 32
_INK, _GREY, _PAPER, _GRID = "#1b1b1b", "#555555", "#ffffff", "#d9d9d9"
# Dark red and dark blue stay apart for the colour-blind; circle and square do in bright sunlight.
COLOURS = ("#a81e1e", "#0b4a8f")
_DOT = 9

Anchor = Literal["la", "ma", "md", "ra", "rm", "lm", "mm"]


@dataclass(frozen=True, slots=True)
class Series:
    """One line of dots, with the line that its values should stay below. None: not measured."""

    name: str
    values: tuple[float | None, ...]
    line: float | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: the last value large, then all of them in the order they were taken."""

    title: str
    unit: str
    latest: str
    caption: str
    summary: str
    legend: str
    days: tuple[tuple[int, int], ...]
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to pixels."""

    low: float
    high: float
    count: int

    def x(self, position: int) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (position + 0.5) / self.count

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return _PLOT_BOTTOM - share * (_PLOT_BOTTOM - _PLOT_TOP)


def draw(chart: Chart) -> bytes:
    """The picture as PNG. The same chart gives the same bytes."""
    several = len(chart.days) > 1
    image = Image.new("RGB", (WIDTH, _HEIGHT if several else _TOP), _PAPER)
    pen = ImageDraw.Draw(image)
    _heading(pen, chart)
    if several:
        _plot(pen, chart)
    made = BytesIO()
    small = image.quantize(_SHADES, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    small.save(made, "PNG")
    return made.getvalue()


def _heading(pen: ImageDraw.ImageDraw, chart: Chart) -> None:
    _write(pen, (_MARGIN, 34), chart.title, 54, anchor="la")
    _write(pen, (WIDTH - _MARGIN, 52), chart.unit, 32, anchor="ra", colour=_GREY)
    _write(pen, (_MARGIN, 118), chart.caption, 40, anchor="la", colour=_GREY)
    size = 190
    while _font(size).getlength(chart.latest) > WIDTH - 2 * _MARGIN:
        size -= 6
    _write(pen, (WIDTH / 2, 275), chart.latest, size, anchor="mm")
    _write(pen, (_MARGIN, 390), chart.summary, 40, anchor="la")


def _plot(pen: ImageDraw.ImageDraw, chart: Chart) -> None:
    pen.line((_MARGIN, _TOP, WIDTH - _MARGIN, _TOP), _GRID, 2)
    scale = _scale_of(chart)
    for number, one in _measured(chart):
        if one.line is not None:
            _control_line(pen, scale.y(one.line), f"{one.line:g}", COLOURS[number])
    for number, one in _measured(chart):
        _series(pen, scale, one, number)
    _dates(pen, scale, chart.days)
    _legend(pen, chart)


def _measured(chart: Chart) -> list[tuple[int, Series]]:
    """The series that have a value, each with the number of its colour."""
    return [
        (number, one)
        for number, one in enumerate(chart.series)
        if any(value is not None for value in one.values)
    ]


def _scale_of(chart: Chart) -> _Scale:
    numbers = [v for _, one in _measured(chart) for v in (*one.values, one.line) if v is not None]
    low, high = min(numbers), max(numbers)
    room = max((high - low) * 0.08, high * 0.02)
    return _Scale(low - room, high + room, len(chart.days))


def _control_line(pen: ImageDraw.ImageDraw, y: float, label: str, colour: str) -> None:
    for x in range(_LEFT - 30, _RIGHT + 4, 24):
        pen.line((x, y, x + 13, y), colour, 3)
    _write(pen, (_RIGHT + 16, y), label, 36, anchor="lm", colour=colour)


def _series(pen: ImageDraw.ImageDraw, scale: _Scale, one: Series, number: int) -> None:
    colour = COLOURS[number]
    dots = [(scale.x(i), scale.y(v), v) for i, v in enumerate(one.values) if v is not None]
    pen.line([(x, y) for x, y, _ in dots], colour, 5, joint="curve")
    size = 30 if scale.count > 7 else 36  # noqa: PLR2004 - beyond seven, large digits would touch
    for x, y, value in dots:
        box = (x - _DOT, y - _DOT, x + _DOT, y + _DOT)
        pen.rectangle(box, colour) if number else pen.ellipse(box, colour)
        # The upper line is labelled above its dots, the lower one below.
        place, anchor = ((x, y + 14), "ma") if number else ((x, y - 14), "md")
        _label(pen, place, f"{value:g}", size, anchor, colour)


def _label(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    anchor: str,
    colour: str,
) -> None:
    """A value at its dot, on a white rim so that a line behind it does not cross the digits."""
    pen.text(place, text, colour, _font(size), anchor=anchor, stroke_width=4, stroke_fill=_PAPER)


def _dates(pen: ImageDraw.ImageDraw, scale: _Scale, days: Sequence[tuple[int, int]]) -> None:
    before = 0
    for position, (month, day) in enumerate(days):
        x = scale.x(position)
        _write(pen, (x, 888), str(day), 32, anchor="ma", colour=_INK)
        if month != before:
            _write(pen, (x, 926), f"{month}月", 26, anchor="ma", colour=_GREY)
        before = month


def _legend(pen: ImageDraw.ImageDraw, chart: Chart) -> None:
    x = float(_MARGIN)
    for number, one in _measured(chart):
        box = (x, 497, x + 22, 519)
        pen.rectangle(box, COLOURS[number]) if number else pen.ellipse(box, COLOURS[number])
        _write(pen, (x + 32, 508), one.name, 32, anchor="lm", colour=COLOURS[number])
        x += 32 + _font(32).getlength(one.name) + 34
    _write(pen, (WIDTH - _MARGIN, 508), chart.legend, 28, anchor="rm", colour=_GREY)


def _write(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    *,
    anchor: Anchor,
    colour: str = _INK,
) -> None:
    pen.text(place, text, colour, _font(size), anchor=anchor)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(TYPEFACE, size)
