"""Blood pressure meters and blood sugar meters, in several makes."""

import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from simulator.pictures.ink import Colour, Point, Strokes, draw_number, letters, number_width

_WIDTH, _HEIGHT = 900, 1000
_DARK = 128
_ROOM = 520.0
_BODIES: tuple[Colour, ...] = ((236, 236, 232), (210, 216, 222), (245, 245, 248), (60, 66, 76))
# Background and ink of a display; the last one is lit from behind.
_SCREENS: tuple[tuple[Colour, Colour], ...] = (
    ((184, 196, 176), (28, 36, 28)),
    ((200, 206, 204), (24, 28, 34)),
    ((168, 184, 172), (36, 48, 40)),
    ((170, 196, 226), (16, 26, 52)),
    ((22, 30, 62), (226, 238, 255)),
)
_MAKES = ("安康", "HeartCare", "百姓家", "BP-2000", "康宁")


@dataclass(frozen=True, slots=True)
class Look:
    """A make of meter: how its digits are drawn and where the words stand."""

    strokes: Strokes
    screen: int = 0
    body: int = 0
    make: int = 0
    labels: str = "left"
    chinese: bool = False
    equal: bool = False
    clock: bool = True
    ghosts: bool = False

    @classmethod
    def chosen(cls, dice: random.Random) -> "Look":
        """Any of them."""
        return cls(
            strokes=Strokes(
                width=dice.uniform(0.46, 0.58),
                stroke=dice.uniform(0.1, 0.17),
                gap=dice.uniform(0.004, 0.028),
                slant=dice.uniform(0.0, 0.14),
                seven=_often(dice, 0.25),
                tailed=_often(dice, 0.85),
            ),
            screen=dice.randrange(len(_SCREENS)),
            body=dice.randrange(len(_BODIES)),
            make=dice.randrange(len(_MAKES)),
            labels=dice.choice(("left", "right")),
            chinese=_often(dice, 0.4),
            equal=_often(dice, 0.35),
            clock=_often(dice, 0.6),
            ghosts=_often(dice, 0.3),
        )

    @property
    def paper(self) -> Colour:
        return _SCREENS[self.screen][0]

    @property
    def ink(self) -> Colour:
        return _SCREENS[self.screen][1]

    @property
    def ghost(self) -> Colour | None:
        if not self.ghosts:
            return None
        mixed = [round(0.93 * p + 0.07 * i) for p, i in zip(self.paper, self.ink, strict=True)]
        return mixed[0], mixed[1], mixed[2]


def pressure_meter(systolic: int, diastolic: int, pulse: int, look: Look) -> Image.Image:
    """A meter that shows these three."""
    image, pen = _device(look)
    rows = ((systolic, 260.0), (diastolic, 260.0), (pulse, 260.0 if look.equal else 170.0))
    names = ("收缩压", "舒张压", "脉搏") if look.chinese else ("SYS", "DIA", "PULSE")
    units = ("mmHg", "mmHg", "次/分" if look.chinese else "/min")
    top = 150.0
    if look.clock:
        draw_number(pen, (250, 112), "8:35", 44, look.strokes, look.ink)
        pen.text((420, 110), "11/22", look.ink, letters(40))
        top = 175.0
    scale = (880 - top) / (sum(height for _, height in rows) + 60)
    for (value, tall), name, unit in zip(rows, names, units, strict=True):
        height = tall * scale * 0.86
        _row(pen, str(value), (top, height), (name, unit), look)
        top += (tall + 20) * scale
    return image


def glucose_meter(shown: str, look: Look) -> Image.Image:
    """A blood sugar meter that shows "8.2", "HI", "LO" or an error."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _BODIES[look.body])
    pen = ImageDraw.Draw(image)
    _words(pen, (330, 40), _MAKES[look.make], 54, _on_body(look))
    pen.rounded_rectangle((130, 150, 770, 640), 30, look.paper)
    if look.clock:
        draw_number(pen, (180, 178), "11-22", 44, look.strokes, look.ink)
        draw_number(pen, (520, 178), "8:35", 44, look.strokes, look.ink)
    height = 250.0
    wide = number_width(shown, height, look.strokes)
    if wide > _ROOM:
        height, wide = height * _ROOM / wide, _ROOM
    at = (700 - wide, 260.0)
    draw_number(pen, at, shown, height, look.strokes, look.ink, ghost=look.ghost)
    if shown[0] != "E":
        _words(pen, (520, 560), "mmol/L", 52, look.ink)
    pen.ellipse((370, 720, 530, 880), (120, 150, 190))
    return image


def _device(look: Look) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _BODIES[look.body])
    pen = ImageDraw.Draw(image)
    _words(pen, (60, 24), _MAKES[look.make], 48, _on_body(look))
    pen.rounded_rectangle((60, 90, 840, 900), 24, look.paper, outline=(90, 90, 90), width=4)
    for number, name in enumerate(("开始", "记忆", "设置")):
        x = 180 + number * 230
        pen.rounded_rectangle((x, 918, x + 150, 984), 30, (90, 130, 190))
        _words(pen, (x + 40, 930), name, 34, (255, 255, 255))
    return image, pen


def _row(
    pen: ImageDraw.ImageDraw,
    value: str,
    place: tuple[float, float],
    label: tuple[str, str],
    look: Look,
) -> None:
    top, height = place
    wide = number_width("888", height, look.strokes)
    right = 810.0 if look.labels == "left" else 620.0
    ghost = "8" * (3 - len(value))
    if look.ghost is not None:
        draw_number(pen, (right - wide, top), ghost, height, look.strokes, look.ghost)
    at = (right - number_width(value, height, look.strokes), top)
    draw_number(pen, at, value, height, look.strokes, look.ink, ghost=look.ghost)
    x = 84.0 if look.labels == "left" else 650.0
    _words(pen, (x, top + height * 0.2), label[0], 44, look.ink)
    _words(pen, (x, top + height * 0.2 + 52), label[1], 32, look.ink)


def _on_body(look: Look) -> Colour:
    return (230, 230, 230) if max(_BODIES[look.body]) < _DARK else (70, 70, 80)


def _often(dice: random.Random, share: float) -> bool:
    return dice.random() < share


def _words(pen: ImageDraw.ImageDraw, at: Point, words: str, size: int, colour: Colour) -> None:
    pen.text(at, words, colour, letters(size))
