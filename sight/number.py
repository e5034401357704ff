"""A number on a display, as one of the two readers saw it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sight.picture import Pixels


@dataclass(frozen=True, slots=True)
class Number:
    """What stands there, its middle, and its size, in a picture that was made level."""

    text: str
    x: float
    y: float
    width: float
    height: float

    def covers(self, other: Number) -> bool:
        """Whether both claim the same place."""
        apart_x, apart_y = abs(self.x - other.x), abs(self.y - other.y)
        return apart_x < max(self.width, other.width) / 2 and (
            apart_y < max(self.height, other.height) / 2
        )


def levelled(pixels: Pixels, tilt: float) -> Pixels:
    """The picture turned by so many degrees, as large as before."""
    if not tilt:
        return pixels
    high, wide = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), tilt, 1.0)
    turned = cv2.warpAffine(pixels, turn, (wide, high), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, dtype=np.uint8)


def shrunk(pixels: Pixels, longest: int) -> Pixels:
    """The picture with its longer side at most this."""
    scale = longest / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)
