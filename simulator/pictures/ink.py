"""Letters and the seven segments of a display."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from PIL import ImageDraw, ImageFont

Point: TypeAlias = tuple[float, float]
Colour: TypeAlias = tuple[int, int, int]

# The letters that the product ships for its own paper; read as a file, nothing is imported.
_LETTERS = Path(__file__).parents[2] / "texts" / "typeface" / "wqy-microhei.ttc"

#   a
# f   b
#   g
# e   c
#   d
GLYPHS = {
    "0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd",
    "6": "afgedc", "7": "abc", "8": "abcdefg", "9": "abcdfg", "-": "g", " ": "",
    "H": "fbgec", "I": "bc", "L": "fed", "O": "abcdef", "E": "afged", "r": "eg",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Strokes:
    """How a display draws its digits, in shares of a digit's height. `seven`: 7 has its serif."""

    width: float = 0.52
    stroke: float = 0.13
    gap: float = 0.012
    slant: float = 0.08
    seven: bool = False
    tailed: bool = True


@cache
def letters(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_LETTERS, size)


def number_width(text: str, height: float, strokes: Strokes) -> float:
    """How wide a number is drawn."""
    pitch = strokes.width + 0.2
    return sum(0.16 if one in ".:" else pitch for one in text) * height


def draw_number(
    pen: ImageDraw.ImageDraw,
    at: Point,
    text: str,
    height: float,
    strokes: Strokes,
    colour: Colour,
    *,
    ghost: Colour | None = None,
) -> None:
    """Draw a number with its top left corner here. `ghost`: unlit segments are faintly seen."""
    x, y = at
    for one in text:
        if one in ".:":
            _dots(pen, (x, y), one, height, strokes, colour)
            x += 0.16 * height
            continue
        if ghost is not None:
            _glyph(pen, (x, y), "abcdefg", height, strokes, ghost)
        _glyph(pen, (x, y), _lit(one, strokes), height, strokes, colour)
        x += (strokes.width + 0.2) * height


def _lit(one: str, strokes: Strokes) -> str:
    lit = GLYPHS[one]
    if one == "7" and strokes.seven:
        return lit + "f"
    if one in "69" and not strokes.tailed:
        return lit.replace("a" if one == "6" else "d", "")
    return lit


def _dots(
    pen: ImageDraw.ImageDraw,
    at: Point,
    one: str,
    height: float,
    strokes: Strokes,
    colour: Colour,
) -> None:
    x, y = at
    side = strokes.stroke * height
    for share in (0.3, 0.7) if one == ":" else (1.0,):
        top = y + share * height - side
        left = x + strokes.slant * height * (1 - share) - 0.05 * height
        pen.rectangle((left, top, left + side, top + side), fill=colour)


def _glyph(
    pen: ImageDraw.ImageDraw,
    at: Point,
    lit: str,
    height: float,
    strokes: Strokes,
    colour: Colour,
) -> None:
    for name in lit:
        points = [_placed(p, at, height, strokes) for p in _segment(name, strokes)]
        pen.polygon(points, fill=colour)


def _placed(point: Point, at: Point, height: float, strokes: Strokes) -> Point:
    x, y = point
    return at[0] + (x + strokes.slant * (1 - y)) * height, at[1] + y * height


def _segment(name: str, strokes: Strokes) -> list[Point]:
    """The outline of one segment in a digit of height 1."""
    w, t, g = strokes.width, strokes.stroke, strokes.gap
    if name in "adg":
        y = {"a": 0.0, "g": 0.5 - t / 2, "d": 1 - t}[name]
        if name == "g":
            middle = y + t / 2
            return [
                (t / 2 + g, middle), (t + g, y), (w - t - g, y), (w - t / 2 - g, middle),
                (w - t - g, y + t), (t + g, y + t),
            ]  # fmt: skip
        outer, inner = (y, y + t) if name == "a" else (y + t, y)
        return [(g, outer), (w - g, outer), (w - t - g, inner), (t + g, inner)]
    x0, x1 = (0.0, t) if name in "fe" else (w, w - t)
    if name in "fb":
        return [
            (x0, g),
            (x1, t + g),
            (x1, 0.5 - t / 2 - g),
            ((x0 + x1) / 2, 0.5 - g),
            (x0, 0.5 - g),
        ]
    return [
        (x0, 1 - g),
        (x1, 1 - t - g),
        (x1, 0.5 + t / 2 + g),
        ((x0 + x1) / 2, 0.5 + g),
        (x0, 0.5 + g),
    ]
