"""Pictures that show no value to write down; several hold numbers that look like one."""

import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter

from simulator.pictures.ink import Strokes, draw_number, letters, number_width

_SIZE = (960, 960)
_DARK = (30, 34, 38)


def other(kind: str, dice: random.Random) -> Image.Image:
    """One picture of this kind."""
    image = Image.new("RGB", _SIZE, (206, 198, 184))
    return OTHERS[kind](image, ImageDraw.Draw(image), dice)


def _foot(image: Image.Image, pen: ImageDraw.ImageDraw, dice: random.Random) -> Image.Image:
    skin = (214, 168, 138)
    pen.ellipse((300, 120, 640, 860), skin)
    for toe in range(5):
        pen.ellipse((290 + toe * 72, 60 + toe * 16, 362 + toe * 72, 190 + toe * 16), skin)
    x, y = dice.randrange(380, 540), dice.randrange(300, 700)
    pen.ellipse((x, y, x + 60, y + 50), (150, 52, 48))
    return image.filter(ImageFilter.GaussianBlur(3))


def _rash(image: Image.Image, pen: ImageDraw.ImageDraw, dice: random.Random) -> Image.Image:
    pen.rectangle((0, 0, *_SIZE), (222, 180, 152))
    for _ in range(120):
        x, y, r = dice.randrange(960), dice.randrange(960), dice.randrange(6, 26)
        pen.ellipse((x, y, x + r, y + r), (196, 92, 84))
    return image.filter(ImageFilter.GaussianBlur(2))


def _selfie(image: Image.Image, pen: ImageDraw.ImageDraw, _: random.Random) -> Image.Image:
    pen.ellipse((260, 140, 700, 760), (224, 184, 156))
    pen.pieslice((250, 100, 710, 560), 180, 360, (40, 34, 34))
    for x in (380, 540):
        pen.ellipse((x, 400, x + 50, 430), (30, 30, 30))
    pen.arc((390, 520, 570, 650), 20, 160, (150, 60, 60), 12)
    return image.filter(ImageFilter.GaussianBlur(2))


def _medicine(image: Image.Image, pen: ImageDraw.ImageDraw, dice: random.Random) -> Image.Image:
    pen.rectangle((120, 260, 840, 700), (240, 246, 250), outline=(60, 110, 170), width=8)
    pen.text((170, 310), "苯磺酸氨氯地平片", (20, 60, 120), letters(70))
    pen.text((170, 430), f"{dice.choice((5, 10))}mg×{dice.choice((14, 28))}片", _DARK, letters(60))
    pen.text((170, 540), f"国药准字H{dice.randrange(10**7, 10**8)}", _DARK, letters(40))
    pen.text((170, 610), f"批号 {dice.randrange(200000, 299999)}", _DARK, letters(40))
    return image


def _wall_clock(image: Image.Image, pen: ImageDraw.ImageDraw, dice: random.Random) -> Image.Image:
    """A digital clock with date, temperature and humidity."""
    pen.rounded_rectangle((100, 200, 860, 760), 40, (32, 34, 40))
    strokes, red = Strokes(stroke=0.14), (240, 70, 50)
    draw_number(
        pen, (180, 270), f"{dice.randrange(10, 24)}:{dice.randrange(10, 60)}", 220, strokes, red
    )
    draw_number(pen, (180, 560), f"{dice.randrange(10, 35)}", 120, strokes, red)
    draw_number(pen, (440, 560), f"{dice.randrange(30, 90)}", 120, strokes, red)
    pen.text((330, 600), "℃", red, letters(60))
    pen.text((600, 600), "%", red, letters(60))
    return image


def _one_number(
    image: Image.Image, shown: str, unit: str, dice: random.Random, paper: tuple[int, int, int]
) -> Image.Image:
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((140, 240, 820, 640), 50, paper)
    strokes = Strokes(stroke=dice.uniform(0.11, 0.16), slant=dice.uniform(0, 0.1))
    wide = number_width(shown, 220, strokes)
    draw_number(pen, (660 - wide, 320), shown, 220, strokes, _DARK)
    pen.text((690, 470), unit, _DARK, letters(60))
    return image


def _thermometer(image: Image.Image, _: ImageDraw.ImageDraw, dice: random.Random) -> Image.Image:
    return _one_number(image, f"{dice.uniform(35.8, 39.4):.1f}", "℃", dice, (190, 202, 186))


def _scale(image: Image.Image, _: ImageDraw.ImageDraw, dice: random.Random) -> Image.Image:
    return _one_number(image, f"{dice.uniform(42, 98):.1f}", "kg", dice, (178, 196, 206))


def _oximeter(image: Image.Image, pen: ImageDraw.ImageDraw, dice: random.Random) -> Image.Image:
    """Two numbers under each other that could pass for a pressure."""
    pen.rounded_rectangle((180, 140, 780, 820), 60, (18, 22, 30))
    strokes = Strokes(stroke=0.15, slant=0.0)
    draw_number(pen, (420, 240), str(dice.randrange(88, 100)), 210, strokes, (250, 220, 60))
    draw_number(pen, (420, 530), str(dice.randrange(52, 86)), 210, strokes, (80, 230, 240))
    pen.text((230, 300), "%SpO2", (220, 220, 220), letters(52))
    pen.text((230, 590), "PRbpm", (220, 220, 220), letters(52))
    return image


def _price(image: Image.Image, pen: ImageDraw.ImageDraw, dice: random.Random) -> Image.Image:
    """The scale at the market: weight, price, sum."""
    pen.rounded_rectangle((140, 120, 820, 860), 30, (182, 198, 180))
    strokes = Strokes()
    for number, name in enumerate(("重量kg", "单价元", "金额元")):
        shown = f"{dice.uniform(1, 90):.2f}"
        draw_number(pen, (360, 170 + number * 230), shown, 150, strokes, _DARK)
        pen.text((170, 220 + number * 230), name, _DARK, letters(50))
    return image


def _calendar(image: Image.Image, pen: ImageDraw.ImageDraw, dice: random.Random) -> Image.Image:
    pen.rectangle((120, 120, 840, 840), (250, 250, 250))
    pen.text((480, 160), f"{dice.randrange(1, 13)}月", (200, 40, 40), letters(80), anchor="ma")
    pen.text((480, 290), str(dice.randrange(10, 31)), (200, 40, 40), letters(360), anchor="ma")
    pen.text((480, 720), "农历十月十三", _DARK, letters(60), anchor="ma")
    return image


def _phone_number(image: Image.Image, pen: ImageDraw.ImageDraw, dice: random.Random) -> Image.Image:
    pen.rectangle((120, 300, 840, 660), (252, 252, 244))
    pen.text((180, 360), "村医 李大夫", _DARK, letters(70))
    pen.text((180, 500), f"138{dice.randrange(10**7, 10**8)}", _DARK, letters(84))
    return image


def _dish(image: Image.Image, pen: ImageDraw.ImageDraw, dice: random.Random) -> Image.Image:
    pen.ellipse((130, 170, 830, 800), (246, 246, 250))
    for _ in range(70):
        x, y = dice.randrange(250, 680), dice.randrange(280, 660)
        colour = dice.choice(((80, 140, 60), (190, 90, 50), (220, 190, 90)))
        pen.ellipse((x, y, x + 60, y + 36), colour)
    return image


def _bill(image: Image.Image, pen: ImageDraw.ImageDraw, dice: random.Random) -> Image.Image:
    pen.rectangle((160, 80, 800, 900), (252, 250, 244))
    pen.text((480, 120), "收费票据", _DARK, letters(60), anchor="ma")
    for number, name in enumerate(("血糖测定", "血压测量", "挂号费", "西药费", "合计")):
        pen.text((200, 250 + number * 110), name, _DARK, letters(50))
        pen.text((600, 250 + number * 110), f"{dice.uniform(3, 160):.2f}", _DARK, letters(50))
    return image


_Draws = Callable[[Image.Image, ImageDraw.ImageDraw, random.Random], Image.Image]
OTHERS: dict[str, _Draws] = {
    "foot": _foot,
    "rash": _rash,
    "selfie": _selfie,
    "medicine": _medicine,
    "clock": _wall_clock,
    "thermometer": _thermometer,
    "scale": _scale,
    "oximeter": _oximeter,
    "market": _price,
    "calendar": _calendar,
    "note": _phone_number,
    "dish": _dish,
    "bill": _bill,
}
