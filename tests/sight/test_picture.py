"""A stranger's file becomes pixels or is refused with a code; nothing it holds can run or fill memory."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from sight.picture import LONGEST, UnreadableError, opened


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    made = io.BytesIO()
    image.save(made, kind, **options)
    return made.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_what_phones_send_is_opened(kind: str) -> None:
    pixels = opened(saved(Image.new("RGB", (400, 300), "white"), kind))
    assert pixels.shape == (300, 400, 3)


def test_a_large_photo_is_made_small() -> None:
    assert max(opened(saved(Image.new("RGB", (5000, 4000)), "JPEG")).shape) == LONGEST


def test_a_photo_is_turned_as_the_camera_was_held() -> None:
    image = Image.new("RGB", (400, 200), "white")
    exif = image.getexif()
    exif[0x0112] = 6
    assert opened(saved(image, "JPEG", exif=exif)).shape == (400, 200, 3)


def test_what_is_transparent_lies_on_white() -> None:
    pixels = opened(saved(Image.new("RGBA", (200, 200), (0, 0, 0, 0)), "PNG"))
    assert int(np.asarray(pixels).min()) == 255


def bomb() -> bytes:
    """A PNG of a few bytes that claims forty thousand pixels a side."""
    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def test_an_image_that_claims_to_be_huge_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(UnreadableError):
        opened(bomb())
    with pytest.raises(UnreadableError, match="too_large"):
        opened(saved(Image.new("L", (8100, 8100)), "PNG"))


@pytest.mark.parametrize(
    ("mode", "kind"), [("P", "PNG"), ("RGBA", "PNG"), ("P", "GIF"), ("CMYK", "JPEG")]
)
def test_what_would_stand_in_memory_whole_may_not_be_large(mode: str, kind: str) -> None:
    """All of these were a few hundred kilobytes at most, and half a gigabyte or more in memory."""
    with pytest.raises(UnreadableError, match="too_large"):
        opened(saved(Image.new(mode, (4100, 4000)), kind))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "kind", "size", "options"),
    [
        ("RGBA", "PNG", (3999, 3999), {}),
        ("P", "GIF", (3999, 3999), {"transparency": 0}),
        ("RGBA", "WEBP", (3999, 3999), {"lossless": True}),
        ("RGB", "JPEG", (8160, 6120), {}),
        ("RGB", "JPEG", (8160, 6120), {"progressive": True, "subsampling": 0}),
    ],
)
def test_the_largest_that_is_opened_leaves_room_for_the_rest_of_the_machine(
    mode: str, kind: str, size: tuple[int, int], options: dict[str, object]
) -> None:
    content = saved(Image.new(mode, size), kind, **options)
    script = (
        "import sys; from sight.picture import opened;"
        "shape = opened(sys.stdin.buffer.read()).shape;"
        "print(max(shape), open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run(  # a process of its own: the high-water mark never falls
        [sys.executable, "-c", script], input=content, stdout=subprocess.PIPE, check=True
    )
    longest, kilobytes = map(int, done.stdout.split())
    assert longest == LONGEST
    assert kilobytes < 450 * 1024


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_screenshot_is_turned_and_laid_on_white_after_it_was_made_small(kind: str) -> None:
    image = Image.new("RGBA", (2600, 1300), (0, 0, 0, 0))
    exif = image.getexif()
    exif[0x0112] = 6
    pixels = opened(saved(image, kind, exif=exif))
    assert pixels.shape == (1280, 640, 3)
    assert int(pixels.min()) == 255


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff not a photo", "not_a_picture"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(600), "not_a_picture"),
        (saved(Image.new("RGB", (400, 300)), "JPEG")[:300], "not_a_picture"),
        (saved(Image.new("RGB", (400, 300)), "TIFF"), "not_a_picture"),
        (b"x" * (13 * 1024 * 1024), "too_large"),
        (saved(Image.new("RGB", (40, 30)), "PNG"), "too_small"),
    ],
)
def test_anything_else_is_refused_with_a_code(content: bytes, code: str) -> None:
    with pytest.raises(UnreadableError, match=code):
        opened(content)
