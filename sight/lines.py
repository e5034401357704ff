"""Every line of words in a picture, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sight.models import Networks
from sight.picture import Pixels

_SIDE = 960
_WORDS_FROM = 0.3
_BOX_FROM = 0.5
_SMALLEST = 5
# The network marks the middle of a line; the letters reach further by this share.
_REACH = 1.7
_MOST_LINES = 80
_LEVEL = 45


@dataclass(frozen=True, slots=True)
class Line:
    """Words, where their middle is, how wide and high they are, and how they lean (degrees)."""

    words: str
    confidence: float
    x: float
    y: float
    width: float
    height: float
    angle: float


def find_lines(pixels: Pixels, networks: Networks) -> list[Line]:
    """All lines, from top to bottom."""
    boxes = _boxes(pixels, networks)
    texts = networks.recognise([_cut(pixels, box) for box in boxes])
    lines = [
        Line(text.words.strip(), text.confidence, *box)
        for text, box in zip(texts, boxes, strict=True)
        if text.words.strip()
    ]
    return sorted(lines, key=lambda line: line.y)


_Box = tuple[float, float, float, float, float]


def _boxes(pixels: Pixels, networks: Networks) -> list[_Box]:
    high, wide = pixels.shape[:2]
    scale = _SIDE / max(high, wide)
    size = (_multiple(wide * scale), _multiple(high * scale))
    likely = networks.text_map(np.ascontiguousarray(cv2.resize(pixels, size)))
    mask = (likely > _WORDS_FROM).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    by_size = sorted(contours, key=cv2.contourArea, reverse=True)[:_MOST_LINES]
    found = [_box(one, likely, (wide / size[0], high / size[1])) for one in by_size]
    return [box for box in found if box is not None]


def _box(
    contour: NDArray[Any], likely: NDArray[np.float32], scale: tuple[float, float]
) -> _Box | None:
    (x, y), (w, h), angle = cv2.minAreaRect(contour)
    if min(w, h) < _SMALLEST:
        return None
    inside = np.zeros(likely.shape, np.uint8)
    cv2.drawContours(inside, [contour], -1, 1, -1)
    if float(likely[inside > 0].mean()) < _BOX_FROM:
        return None
    # A line of words lies rather than stands: the side nearer to level is its width.
    while angle > _LEVEL:
        angle, w, h = angle - 90, h, w
    while angle < -_LEVEL:
        angle, w, h = angle + 90, h, w
    grow = w * h * _REACH / (2 * (w + h))
    w, h = w + 2 * grow, h + 2 * grow
    return x * scale[0], y * scale[1], w * scale[0], h * scale[1], angle


def _cut(pixels: Pixels, box: _Box) -> Pixels:
    """The line alone, made level."""
    x, y, w, h, angle = box
    turn = cv2.getRotationMatrix2D((x, y), angle, 1.0)
    turn[:, 2] += np.array([w / 2 - x, h / 2 - y])
    level = cv2.warpAffine(
        pixels, turn, (max(round(w), 4), max(round(h), 4)), borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(level, dtype=np.uint8)


def _multiple(side: float) -> int:
    return max(32, round(side / 32) * 32)
