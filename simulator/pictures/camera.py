"""What a hand, a lamp and a cheap camera make of a thing on a table."""

import random
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from simulator.pictures.ink import Colour, Point


class Difficulty(StrEnum):
    """How badly it was taken."""

    CLEAN = "clean"
    MEDIUM = "medium"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class _Taking:
    """`tilt` in degrees, `lean` and `margin` as shares of the width, `blur` in pixels."""

    tilt: float
    lean: float
    blur: float
    glare: int
    dim: float
    noise: float
    quality: int
    margin: float


_TAKINGS = {
    Difficulty.CLEAN: _Taking(1.5, 0.01, 0.0, 0, 0.05, 2.0, 92, 0.06),
    Difficulty.MEDIUM: _Taking(6.0, 0.04, 1.2, 70, 0.2, 6.0, 75, 0.14),
    Difficulty.HARD: _Taking(12.0, 0.09, 2.4, 130, 0.35, 10.0, 60, 0.22),
}
_TABLES: tuple[Colour, ...] = ((150, 112, 78), (196, 188, 176), (92, 96, 104), (222, 214, 196))
LONGEST = 1280


def photograph(thing: Image.Image, difficulty: Difficulty, dice: random.Random) -> bytes:
    """A JPEG of the thing, as a phone would send it."""
    how = _TAKINGS[difficulty]
    scene = _laid(thing, how, dice)
    if how.glare:
        scene = _lit(scene, how.glare, dice)
    scene = ImageEnhance.Brightness(scene).enhance(1 - dice.uniform(0, how.dim))
    scene = scene.filter(ImageFilter.GaussianBlur(how.blur * dice.uniform(0.6, 1.0)))
    made = BytesIO()
    _grained(scene, how.noise, dice).save(made, "JPEG", quality=how.quality)
    return made.getvalue()


def _laid(thing: Image.Image, how: _Taking, dice: random.Random) -> Image.Image:
    """On a table, leaning and turned."""
    margin = round(thing.width * how.margin * dice.uniform(0.7, 1.3))
    wide, high = thing.width + 2 * margin, thing.height + 2 * margin
    table = _table(wide, high, dice)
    corners = _corners(thing, margin, how, dice)
    bent = thing.transform((wide, high), Image.Transform.PERSPECTIVE, _mapping(corners, thing.size),
                           Image.Resampling.BICUBIC)  # fmt: skip
    mask = Image.new("L", (wide, high))
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    table.paste(bent, (0, 0), mask)
    table.thumbnail((LONGEST, LONGEST))
    return table


def _table(wide: int, high: int, dice: random.Random) -> Image.Image:
    colour = dice.choice(_TABLES)
    table = Image.new("RGB", (wide, high), colour)
    pen = ImageDraw.Draw(table)
    for _ in range(60):
        y = dice.randrange(high)
        shade = dice.randrange(-14, 14)
        grain = (colour[0] + shade, colour[1] + shade, colour[2] + shade)
        pen.line((0, y, wide, y + dice.randrange(-20, 20)), grain, dice.randrange(1, 6))
    return table


def _corners(thing: Image.Image, margin: int, how: _Taking, dice: random.Random) -> list[Point]:
    turn = np.deg2rad(dice.uniform(-how.tilt, how.tilt))
    middle = np.array([thing.width / 2 + margin, thing.height / 2 + margin])
    half = np.array([thing.width / 2, thing.height / 2])
    lean = how.lean * thing.width
    found: list[Point] = []
    for side in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        x, y = half * side + np.array([dice.uniform(-lean, lean), dice.uniform(-lean, lean)])
        spot = middle + np.array(
            [x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)]
        )
        found.append((float(spot[0]), float(spot[1])))
    return found


def _mapping(corners: list[Point], size: tuple[int, int]) -> list[float]:
    """The eight numbers that lead from a place in the photo to one on the thing."""
    wide, high = size
    flat = ((0, 0), (wide, 0), (wide, high), (0, high))
    lines, sides = [], []
    for (x, y), (u, v) in zip(corners, flat, strict=True):
        lines += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        sides += [u, v]
    return [float(one) for one in np.linalg.solve(np.array(lines), np.array(sides))]


def _lit(scene: Image.Image, most: int, dice: random.Random) -> Image.Image:
    """A lamp's patch on the glass, and light that falls off to one side."""
    light = Image.new("L", scene.size)
    pen = ImageDraw.Draw(light)
    x, y = dice.uniform(0.1, 0.9) * scene.width, dice.uniform(0.1, 0.9) * scene.height
    wide, high = (dice.uniform(0.05, 0.16) * scene.width for _ in range(2))
    pen.ellipse((x - wide, y - high, x + wide, y + high), fill=dice.randrange(most // 2, most))
    light = light.filter(ImageFilter.GaussianBlur(scene.width * 0.05))
    scene = Image.composite(Image.new("RGB", scene.size, (255, 255, 255)), scene, light)
    fall = Image.linear_gradient("L").rotate(dice.choice((0, 90, 180, 270))).resize(scene.size)
    shade = fall.point(lambda level: level * most // 400)
    return Image.composite(Image.new("RGB", scene.size, (10, 10, 10)), scene, shade)


def _grained(scene: Image.Image, noise: float, dice: random.Random) -> Image.Image:
    grain = np.random.default_rng(dice.randrange(2**32)).normal(
        0, noise, (scene.height, scene.width, 1)
    )
    return Image.fromarray(np.clip(np.asarray(scene) + grain, 0, 255).astype(np.uint8))
