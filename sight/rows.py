"""The first reader: finds rows that could be numbers, and lets the network read each.

Pieces of ink that stand side by side and are equally high make a row, for dark and for lit digits;
the network says which of the rows are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from sight.models import Networks
from sight.number import Number, shrunk
from sight.picture import Pixels

_SIDE = 800
# In pixels of that size, across and down: gaps between the segments of one digit.
_SMEARS = ((3, 3), (7, 9), (9, 21))
_LOWEST, _HIGHEST = 0.035, 0.4
_NARROWEST, _WIDEST = 0.3, 4.2
# Neighbours, in shares of their height: a leading 1 stands far from what follows it.
_APART, _SHARED = 0.95, 0.7
_MOST_BLOTS = 60
_SURE = 0.75
_ROOM = 0.14
_LIKE_NUMBER = re.compile(r"\d{1,3}|\d{1,2}\.\d|HI|LO|E-?\d|Err")
# How the network reads the letters of seven segments.
_LETTERS = {"H1": "HI", "Hl": "HI", "L0": "LO", "Lo": "LO", "Hi": "HI", "ERR": "Err"}

_Blot = tuple[int, int, int, int]


def read_rows(level: Pixels, networks: Networks) -> list[Number]:
    """The numbers of a picture whose rows are level."""
    small = shrunk(level, _SIDE)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    blots = _distinct([blot for ink in _inks(grey) for blot in _blots(ink)])[:_MOST_BLOTS]
    texts = networks.recognise([_cut(small, blot) for blot in blots])
    found = [
        (text.confidence, number)
        for blot, text in zip(blots, texts, strict=True)
        if text.confidence >= _SURE and (number := _number(blot, text.words)) is not None
    ]
    return _kept(found)


def _inks(grey: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """What is darker than its surroundings, then what is brighter."""
    calm = cv2.GaussianBlur(grey, (5, 5), 0)
    around = cv2.blur(calm, (151, 151)).astype(np.int16)
    step = max(10, round(float(calm.std()) * 0.3))
    yield ((around - calm) > step).astype(np.uint8)
    yield ((calm - around) > step).astype(np.uint8)


def _blots(ink: NDArray[np.uint8]) -> Iterator[_Blot]:
    """Digits stand side by side, equally high: each chain of such pieces is one blot."""
    for smear in _SMEARS:
        kernel = cv2.getStructuringElement(cv2.MORPH_RECT, smear)
        whole = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, kernel)
        pieces = _pieces(np.asarray(whole, dtype=np.uint8))
        yield from (_around(chain) for chain in _chains(pieces))


def _pieces(ink: NDArray[np.uint8]) -> list[_Blot]:
    """What could be a digit, from left to right."""
    high = ink.shape[0]
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink)
    found = [(int(x), int(y), int(w), int(h)) for x, y, w, h, _ in stats[1:count]]
    return sorted(
        (x, y, w, h)
        for x, y, w, h in found
        if _LOWEST * high < h < _HIGHEST * high and w < _WIDEST * h
    )


def _chains(pieces: list[_Blot]) -> list[list[_Blot]]:
    chains: list[list[_Blot]] = []
    for piece in pieces:
        home = next((chain for chain in chains if _beside(chain[-1], piece)), None)
        if home is None:
            chains.append([piece])
        else:
            home.append(piece)
    return [chain for chain in chains if _like_number(_around(chain))]


def _beside(left: _Blot, right: _Blot) -> bool:
    """Whether the second piece goes on in the row of the first."""
    (x, y, w, h), (x2, y2, _, h2) = left, right
    shared = min(y + h, y2 + h2) - max(y, y2)
    return x2 - (x + w) < _APART * max(h, h2) and shared > _SHARED * max(h, h2)


def _around(chain: list[_Blot]) -> _Blot:
    left, top = min(x for x, *_ in chain), min(y for _, y, *_ in chain)
    right, low = max(x + w for x, _, w, _ in chain), max(y + h for _, y, _, h in chain)
    return left, top, right - left, low - top


def _like_number(blot: _Blot) -> bool:
    return _NARROWEST < blot[2] / blot[3] < _WIDEST


def _distinct(blots: list[_Blot]) -> list[_Blot]:
    """Each place once, the large ones first."""
    kept: list[_Blot] = []
    for blot in sorted(blots, key=lambda b: -b[3] * b[2]):
        if all(max(abs(a - b) for a, b in zip(blot, other, strict=True)) > 5 for other in kept):  # noqa: PLR2004
            kept.append(blot)
    return kept


def _cut(pixels: Pixels, blot: _Blot) -> Pixels:
    x, y, w, h = blot
    room = round(h * _ROOM)
    top, left = max(y - room, 0), max(x - room, 0)
    return pixels[top : y + h + room, left : x + w + room]


def _number(blot: _Blot, words: str) -> Number | None:
    plain = words.replace(" ", "")
    text = _LETTERS.get(plain, plain)
    if not _LIKE_NUMBER.fullmatch(text):
        return None
    x, y, w, h = blot
    return Number(text, x + w / 2, y + h / 2, w, h)


def _kept(found: list[tuple[float, Number]]) -> list[Number]:
    """One reading for each place: the one with most digits, then the surest."""
    kept: list[Number] = []
    for _, number in sorted(found, key=lambda one: (-len(one[1].text), -one[0])):
        if not any(number.covers(other) for other in kept):
            kept.append(number)
    return kept
