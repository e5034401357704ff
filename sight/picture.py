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
_MOST_PIXELS = 64_000_000
# What phones and WeChat send. Every other decoder stays shut.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "MPO")


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
    if image.width * image.height > _MOST_PIXELS:
        raise UnreadableError("too_large")  # noqa: EM101
    if min(image.size) < _SHORTEST:
        raise UnreadableError("too_small")  # noqa: EM101
    # A JPEG is decoded at a fraction of its size: twelve megapixels never stand in memory.
    image.draft("RGB", (LONGEST, LONGEST))
    upright = ImageOps.exif_transpose(image)
    # Through "RGBA" onto white, so that a transparent screenshot is not read on black.
    if upright.mode in {"RGBA", "LA", "P", "PA"}:
        seen = upright.convert("RGBA")
        paper = Image.new("RGBA", seen.size, "white")
        upright = Image.alpha_composite(paper, seen)
    upright = upright.convert("RGB")
    upright.thumbnail((LONGEST, LONGEST))
    return np.asarray(upright, dtype=np.uint8)
