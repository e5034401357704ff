"""Laboratory slips of a county hospital."""

import random
from dataclasses import dataclass
from datetime import date

from PIL import Image, ImageDraw

from simulator.pictures.ink import letters

_WIDTH = 1180
_INK = (30, 30, 36)
_COLUMNS = (60, 470, 660, 860)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, as printed."""

    name: str
    value: str
    unit: str
    normal: str

    @property
    def mark(self) -> str:
        low, _, high = self.normal.partition("-")
        try:
            number = float(self.value)
            return "↑" if number > float(high) else "↓" if number < float(low) else ""
        except ValueError:
            return ""


_REST = (
    ("尿酸(UA)", (180, 560), 0, "μmol/L", "208-428"),
    ("肌酐(CREA)", (44, 130), 0, "μmol/L", "57-97"),
    ("总胆固醇(TC)", (2.9, 7.2), 2, "mmol/L", "2.80-5.20"),
    ("甘油三酯(TG)", (0.6, 4.2), 2, "mmol/L", "0.56-1.70"),
    ("谷丙转氨酶(ALT)", (8, 90), 0, "U/L", "9-50"),
    ("钾(K)", (3.3, 5.6), 2, "mmol/L", "3.50-5.30"),
)
_GLUCOSE = ("葡萄糖(GLU)", "空腹血糖(GLU)", "血糖(FBG)", "葡萄糖")
_HBA1C = ("糖化血红蛋白(HbA1c)", "糖化血红蛋白A1c", "HbA1c")


def drawn_rows(dice: random.Random) -> tuple[float, float, list[Row]]:
    """A glucose value, an HbA1c value, and a table that holds both among others."""
    glucose = round(dice.uniform(3.4, 17.9), dice.choice((1, 2)))
    hba1c = round(dice.uniform(4.6, 12.9), 1)
    decimals = 1 if glucose == round(glucose, 1) else 2
    rows = [
        Row(dice.choice(_GLUCOSE), f"{glucose:.{decimals}f}", "mmol/L", "3.9-6.1"),
        Row(dice.choice(_HBA1C), f"{hba1c:.1f}", "%", "4.0-6.0"),
    ]
    for name, (low, high), places, unit, normal in dice.sample(_REST, dice.randrange(3, 6)):
        rows.append(Row(name, f"{dice.uniform(low, high):.{places}f}", unit, normal))
    dice.shuffle(rows)
    return glucose, hba1c, rows


def laboratory_slip(rows: list[Row], on: date) -> Image.Image:
    """The slip with these rows."""
    high = 420 + 66 * len(rows)
    image = Image.new("RGB", (_WIDTH, high), (250, 250, 246))
    pen = ImageDraw.Draw(image)
    pen.text((_WIDTH / 2, 34), "桃花县人民医院检验报告单", _INK, letters(46), anchor="ma")
    pen.text((60, 116), "姓名：王某某   性别：女   年龄：66岁   科别：内科", _INK, letters(30))
    pen.text((60, 164), f"标本：血清   采样日期：{on:%Y-%m-%d}", _INK, letters(30))
    pen.line((50, 218, _WIDTH - 50, 218), _INK, 3)
    for x, head in zip(_COLUMNS, ("项目", "结果", "单位", "参考范围"), strict=True):
        pen.text((x, 232), head, _INK, letters(32))
    pen.line((50, 282, _WIDTH - 50, 282), _INK, 2)
    for number, row in enumerate(rows):
        y = 300 + 66 * number
        told = (row.name, f"{row.value} {row.mark}".strip(), row.unit, row.normal)
        for x, words in zip(_COLUMNS, told, strict=True):
            pen.text((x, y), words, _INK, letters(32))
    pen.line((50, high - 96, _WIDTH - 50, high - 96), _INK, 3)
    pen.text((60, high - 76), "本结果仅对该标本负责", _INK, letters(26))
    return image
