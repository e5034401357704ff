"""A picture of what a tester types: "165/98/76", "8.2", "HI", "化验单 8.9 7.2", or the name of a thing."""

import random
import re
from datetime import date

from PIL import Image

from simulator.pictures.camera import Difficulty, photograph
from simulator.pictures.meter import Look, glucose_meter, pressure_meter
from simulator.pictures.others import OTHERS, other
from simulator.pictures.slip import Row, drawn_rows, laboratory_slip

HINT = "165/98/76，8.2，HI，化验单 8.9 7.2，脚，药盒"
_PRESSURE = re.compile(r"(\d{2,3})\D+(\d{2,3})(?:\D+(\d{2,3}))?")
_GLUCOSE = re.compile(r"\d{1,2}\.\d|HI|LO|E-\d")
_SLIP = re.compile(r"化验单(?:\D+(\d{1,2}\.\d{1,2}))?(?:\D+(\d{1,2}\.\d{1,2}))?")
_THINGS = {
    "脚": "foot",
    "皮疹": "rash",
    "自拍": "selfie",
    "药盒": "medicine",
    "钟": "clock",
    "体温计": "thermometer",
    "秤": "scale",
    "血氧": "oximeter",
    "饭": "dish",
}
_PULSE = 72


def taken(asked: str, how: str, today: date) -> bytes:
    """The photo. Raises ValueError with a sentence for the tester."""
    dice = random.Random()  # noqa: S311 - a make of meter, no secret
    return photograph(_thing(asked.strip(), today, dice), Difficulty(how or "medium"), dice)


def _thing(asked: str, today: date, dice: random.Random) -> Image.Image:
    if found := _SLIP.fullmatch(asked):
        return laboratory_slip(_rows(found[1], found[2], dice), today)
    if asked in _THINGS or asked in OTHERS:
        return other(_THINGS.get(asked, asked), dice)
    if _GLUCOSE.fullmatch(asked):
        return glucose_meter(asked, Look.chosen(dice))
    if found := _PRESSURE.fullmatch(asked):
        pulse = int(found[3] or _PULSE)
        return pressure_meter(int(found[1]), int(found[2]), pulse, Look.chosen(dice))
    message = f"照这样写：{HINT}"
    raise ValueError(message)


def _rows(glucose: str | None, hba1c: str | None, dice: random.Random) -> list[Row]:
    """A slip with these values; one that was not named keeps the drawn one."""
    _, _, rows = drawn_rows(dice)
    named = {"mmol/L|3.9-6.1": glucose, "%|4.0-6.0": hba1c}
    return [
        Row(row.name, named.get(f"{row.unit}|{row.normal}") or row.value, row.unit, row.normal)
        for row in rows
    ]
