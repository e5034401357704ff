"""The second reader: looks at the seven places of each digit and knows only displays.

It shares no code with the first one beyond geometry, and no network: where both see the same
numbers they have not seen them for the same reason. It would rather see nothing than guess.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sight.number import Number, shrunk
from sight.picture import Pixels

Ink = NDArray[np.uint8]

_SIDE = 640
# How far around a pixel is looked, and how much darker it must be than what is there.
_CUTS = ((91, 14), (161, 24))
# In pixels of that size: gaps between the segments of one digit.
_GAPS = (3, 7, 11)
_LOWEST, _HIGHEST = 0.045, 0.4
# How far digits may lean, in shares of their height.
_SHEARS = tuple(step / 50 for step in range(-8, 16))
_VOTES = 2
# Where a digit could be hidden (share of the height), and which shades are not the display's own.
_HIDDEN, _ODD, _MOST_ODD, _AS_HIGH, _ROOM = 0.55, 40, 0.15, 0.33, 0.12
# How wide a point is, in shares of the digit's height.
_POINT = (0.08, 0.3)
# Room between digits, in shares of their height.
_BEFORE, _BEFORE_ONE = 0.45, 0.9
_FEWEST, _MOST = 2, 3
# A place is lit above the first share of ink and dark below the second; between, nothing is said.
_LIT, _DARK = 0.5, 0.25
_ONE = 0.36
_LEAST_ONE = 0.62

# a top, b and c right, d bottom, e and f left, g middle.
_DIGITS = {
    "abcdef": "0", "abged": "2", "abgcd": "3", "fgbc": "4", "afgcd": "5", "afgedc": "6",
    "fgedc": "6", "abc": "7", "abcf": "7", "abcdefg": "8", "abcdfg": "9", "abcfg": "9",
    "bcefg": "H", "def": "L", "adefg": "E", "g": "-",
}  # fmt: skip
_KNOWN = {frozenset(lit): digit for lit, digit in _DIGITS.items()}
# Where each segment is looked for: left, right, top, bottom, in shares of the digit's box.
_PLACES = {
    "a": (0.32, 0.68, 0.0, 0.13), "g": (0.32, 0.68, 0.44, 0.56), "d": (0.32, 0.68, 0.87, 1.0),
    "f": (0.0, 0.2, 0.2, 0.4), "b": (0.8, 1.0, 0.2, 0.4),
    "e": (0.0, 0.2, 0.6, 0.8), "c": (0.8, 1.0, 0.6, 0.8),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Piece:
    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        return self.x + self.w

    @property
    def low(self) -> int:
        return self.y + self.h


def read_segments(level: Pixels) -> list[Number]:
    """The numbers of a picture whose rows are level: each place as most looks at it saw it."""
    small = shrunk(level, _SIDE)
    green = np.asarray(cv2.medianBlur(small[:, :, 1], 3), dtype=np.uint8)
    places: list[list[Number]] = []
    for number in (n for ink in _inks(green) for n in _numbers(ink)):
        place = next((p for p in places if p[0].covers(number)), None)
        if place is None:
            places.append([number])
        else:
            place.append(number)
    voted = (_voted(place) for place in places)
    return [number for number in voted if number is not None and _is_whole(green, number)]


def _is_whole(green: Ink, number: Number) -> bool:
    """Whether no further digit can be hidden to the left, under a shadow, a finger or a lamp.

    A full number has no room for one. Beside any other the display must be as empty as it is
    between the digits.
    """
    if len(number.text.partition(".")[0]) >= (_MOST - 1 if "." in number.text else _MOST):
        return True
    left, high = round(number.x - number.width / 2), round(number.height)
    top = round(number.y - 0.3 * high)
    # A 1 stands at the right of its place, and what is hidden stands further off.
    reach = _HIDDEN + (_BEFORE_ONE - _BEFORE if number.text.startswith("1") else 0)
    strip = green[top : top + round(0.6 * high), max(left - round(reach * high), 0) : left - 3]
    paper = _paper(green, number)
    if not strip.size or paper is None:
        return False
    odd = np.abs(strip.astype(np.int16) - paper) > _ODD
    # Small print may stand there; nothing that is as high as a digit.
    return float(odd.mean()) < _MOST_ODD and float(odd.mean(axis=0).max()) < _AS_HIGH


def _paper(green: Ink, number: Number) -> float | None:
    """The shade of the display, right above and below the number."""
    left, right = round(number.x - number.width / 2), round(number.x + number.width / 2)
    room = round(_ROOM * number.height)
    top, low = (round(number.y + side * number.height / 2) for side in (-1, 1))
    above, below = (
        green[max(top - room, 0) : top - 2, left:right],
        green[low + 3 : low + room, left:right],
    )
    both = np.concatenate([above.ravel(), below.ravel()])
    return float(np.median(both)) if both.size else None


def _voted(place: list[Number]) -> Number | None:
    """The longest that was seen twice, unless something else was seen half as often.

    A look that lost a thin leading 1 is no contradiction; one that saw another digit is.
    """
    votes = Counter(number.text for number in place)
    often = [text for text, count in votes.items() if count >= _VOTES]
    text = max(often, key=lambda t: (len(t), votes[t]), default="")
    rivals = [count for other, count in votes.items() if not text.endswith(other)]
    if not text or votes[text] < 2 * max(rivals, default=0):
        return None
    return next(number for number in place if number.text == text)


def _inks(green: NDArray[np.uint8]) -> Iterator[Ink]:
    for lit in (False, True):
        for block, darker in _CUTS:
            shade = cv2.bitwise_not(green) if lit else green
            sharp = cv2.adaptiveThreshold(
                shade, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, darker
            )
            for gap in _GAPS:
                kernel = np.ones((gap, gap), np.uint8)
                yield np.asarray(cv2.morphologyEx(sharp, cv2.MORPH_CLOSE, kernel), dtype=np.uint8)


def _numbers(ink: Ink) -> list[Number]:
    tall, dots = _pieces(ink)
    found = (_number(row, dots, ink) for row in _rows(tall))
    return [number for number in found if number is not None]


def _pieces(ink: Ink) -> tuple[list[_Piece], list[_Piece]]:
    """What is as high as a digit, and what is as small as a point."""
    high = ink.shape[0]
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink)
    every = [_Piece(*(int(v) for v in row[:4])) for row in stats[1:count]]
    tall = [p for p in every if _LOWEST * high < p.h < _HIGHEST * high and p.w < p.h * 0.95]
    dots = [p for p in every if 3 <= p.h <= 0.06 * high and 0.5 < p.w / p.h < 2]  # noqa: PLR2004
    return sorted(tall, key=lambda p: p.x), dots


def _rows(pieces: list[_Piece]) -> list[list[_Piece]]:
    rows: list[list[_Piece]] = []
    for piece in pieces:
        for row in rows:
            last = row[-1]
            # A 1 stands at the right of its place, so only before a 1 there is much room.
            room = _BEFORE_ONE if piece.w < _ONE * piece.h else _BEFORE
            near = piece.x - last.right < room * max(last.h, piece.h)
            even = abs(piece.y - last.y) + abs(piece.low - last.low) < 0.2 * max(last.h, piece.h)
            if near and even and piece.x >= last.x:
                row.append(piece)
                break
        else:
            rows.append([piece])
    return rows


def _number(row: list[_Piece], dots: list[_Piece], ink: Ink) -> Number | None:
    if not _FEWEST <= len(row) <= _MOST:
        return None
    digits = [ink[p.y : p.low, p.x : p.right] for p in row]
    lean = max(_SHEARS, key=lambda shear: sum(_upright_score(d, shear) for d in digits))
    text = ""
    for position, (piece, seen) in enumerate(zip(row, digits, strict=True)):
        before, upright, after = _without_points(_upright(seen, lean))
        digit = _digit(upright)
        if digit is None:
            return None
        text += "." if before and not text.endswith(".") else ""
        following = row[position + 1].x if position + 1 < len(row) else piece.right
        after = after or any(_is_point(dot, piece, following) for dot in dots)
        text += digit + ("." if after else "")
    left, right = row[0].x, row[-1].right
    top, low = min(p.y for p in row), max(p.low for p in row)
    high = max(p.h for p in row)
    return Number(_words(text), (left + right) / 2, (top + low) / 2, right - left, high)


def _words(text: str) -> str:
    return {"H1": "HI", "L0": "LO"}.get(text, text)


def _is_point(dot: _Piece, digit: _Piece, following: int) -> bool:
    low = digit.y + 0.75 * digit.h < dot.y and dot.low < digit.low + 0.12 * digit.h
    return low and digit.x + 0.7 * digit.w < dot.x and dot.right < following + 0.3 * digit.w


def _digit(upright: Ink) -> str | None:
    h, w = upright.shape
    if w < _ONE * h:
        return "1" if float(upright.mean()) > _LEAST_ONE else None
    return _seen(upright)


def _without_points(ink: Ink) -> tuple[bool, Ink, bool]:
    """A digit without the point that grew onto its left or its right, and whether there was one."""
    h = ink.shape[0]
    digit = np.flatnonzero(ink[: round(0.7 * h)].sum(axis=0) > 0.06 * h)
    if not digit.size:
        return False, ink, False
    left, right = int(digit[0]), int(digit[-1]) + 1
    # The foot of an L is longer than any point.
    before, after = (
        _POINT[0] * h < spare < _POINT[1] * h for spare in (left, ink.shape[1] - right)
    )
    return before, ink[:, left if before else 0 : right if after else ink.shape[1]], after


def _upright_score(ink: Ink, shear: float) -> float:
    """Standing strokes fill few columns wholly; leaning ones fill many by half."""
    columns = _sheared(ink, shear).sum(axis=0, dtype=np.int64)
    return float((columns * columns).sum() / ink.shape[0])


def _upright(ink: Ink, shear: float) -> Ink:
    """Lean undone, and cut to what is left."""
    made = _sheared(ink, shear)
    columns = np.flatnonzero(made.sum(axis=0) > 0.06 * ink.shape[0])
    return made[:, columns[0] : columns[-1] + 1] if columns.size else made


def _sheared(ink: Ink, shear: float) -> Ink:
    h, w = ink.shape
    room = round(abs(shear) * h)
    matrix = np.array([[1, shear, room if shear < 0 else 0], [0, 1, 0]], np.float32)
    made = cv2.warpAffine(ink, matrix, (w + room, h), flags=cv2.INTER_NEAREST)
    return np.asarray(made, dtype=np.uint8)


def _seen(ink: Ink) -> str | None:
    h, w = ink.shape
    lit = set()
    for name, (left, right, top, low) in _PLACES.items():
        place = ink[round(top * h) : round(low * h), round(left * w) : round(right * w)]
        share = float(place.mean()) if place.size else 0.0
        if share > _LIT:
            lit.add(name)
        elif share > _DARK:
            return None
    return _KNOWN.get(frozenset(lit))
