"""From the bytes of a stranger's file to pixels, upright and small; anything odd is refused."""

from __future__ import annotations

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Pixels = NDArray[np.uint8]

# The longer side that is worked on; a number on a meter stays well above what is needed.
LONGEST = 1280
_SHORTEST = 120
_MOST_BYTES = 12 * 1024 * 1024
# What phones and WeChat send. Every other decoder stays shut.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "MPO")
# A photo of 64 megapixels is decoded at a fraction of its size. Whatever else a file is stands in
# memory whole, up to a dozen bytes for each pixel, however few bytes the file itself has.
_SHRINKING = {("JPEG", "RGB"), ("JPEG", "L"), ("MPO", "RGB")}
_MOST_PIXELS_SHRINKING = 64_000_000
_MOST_PIXELS = 16_000_000


class UnreadableError(ValueError):
    """The file is no picture that can be opened here; the message is a code."""


def opened(content: bytes) -> Pixels:
    """The first picture of the file, turned as the camera was held, in red, green and blue."""
    if not content:
        raise UnreadableError("empty")  # noqa: EM101 - a code, here and below
    if len(content) > _MOST_BYTES:
        raise UnreadableError("too_large")  # noqa: EM101
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(
            io.BytesIO(content), formats=_FORMATS
        ) as image:  # fmt: skip
            return _pixels(image)
    except UnreadableError:
        raise
    except Image.DecompressionBombError:
        raise UnreadableError("too_large") from None  # noqa: EM101
    except Exception as error:
        raise UnreadableError("not_a_picture") from error  # noqa: EM101


def _pixels(image: Image.Image) -> Pixels:
    shrinking = (image.format, image.mode) in _SHRINKING
    most = _MOST_PIXELS_SHRINKING if shrinking else _MOST_PIXELS
    if image.width * image.height > most:
        raise UnreadableError("too_large")  # noqa: EM101
    if min(image.size) < _SHORTEST:
        raise UnreadableError("too_small")  # noqa: EM101
    # A JPEG is decoded at a fraction of its size: twelve megapixels never stand in memory.
    image.draft("RGB", (LONGEST, LONGEST))
    small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail((LONGEST, LONGEST))
    upright = ImageOps.exif_transpose(small)
    # Onto white, so that a transparent screenshot is not read on black.
    if upright.mode == "RGBA":
        paper = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(paper, upright).convert("RGB")
    return np.asarray(upright, dtype=np.uint8)
