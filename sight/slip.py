"""Laboratory slips: only blood sugar and HbA1c, only from rows where everything fits together."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from care.reading import GlucoseContext, Kind, Reading
from sight.lines import Line
from sight.meter import believable

_HEADS = ("结果", "参考", "项目", "单位", "检验", "化验")
_FEWEST_HEADS = 2
_FASTING = "空腹"
_SURE = 0.85
# Value, unit and range. A unit is one of two words, and a lone "%" never looks sure.
_LEAST = (_SURE, 0.5, _SURE)
_BESIDE = 0.55
# From taking the sample to printing the slip. An old result printed again spans more.
_ONE_VISIT = timedelta(days=3)

_NAMES = {
    Kind.GLUCOSE: re.compile(
        r"(?:空腹)?(?:血糖|葡萄糖|血清葡萄糖|血浆葡萄糖)(?:(?:测定)?[(（]?(?:GLU|FBG|FPG|Glu)[)）]?)?|GLU|FBG|FPG"
    ),
    Kind.HBA1C: re.compile(
        r"糖化血红蛋白(?:A1c)?(?:测定)?[(（]?(?:HbA1c|HBA1C|HbA1C)?[)）]?|HbA1c|HBA1C|HbA1C"
    ),
}
_UNITS = {Kind.GLUCOSE: "mmol/l", Kind.HBA1C: "%"}
_VALUE = re.compile(r"(\d{1,2}\.\d{1,2})\s*([↑↓]?)")
_RANGE = re.compile(r"(\d{1,2}\.\d{1,2})\s*[-–—~～]{1,2}\s*(\d{1,2}\.\d{1,2})")
_DATE = re.compile(r"(20\d\d)[-./年](\d{1,2})[-./月](\d{1,2})")


@dataclass(frozen=True, slots=True)
class Slip:
    """The values to ask about, and the day of the sample, when the slip leaves no doubt of it."""

    readings: tuple[Reading, ...]
    on: date | None


def is_slip(lines: Sequence[Line]) -> bool:
    """Whether the words are those of a table of results."""
    told = "".join(line.words for line in lines)
    heads = sum(head in told for head in _HEADS)
    ranges = sum(bool(_RANGE.fullmatch(line.words)) for line in lines)
    return heads >= _FEWEST_HEADS and ranges >= 1


def read_slip(lines: Sequence[Line]) -> Slip:
    """What can be proposed; a kind that stands there twice is left to the doctor."""
    slope = median(math.tan(math.radians(line.angle)) for line in lines)
    found = [reading for line in lines if (reading := _row(line, lines, slope)) is not None]
    kinds = [reading.kind for reading in found]
    return Slip(tuple(reading for reading in found if kinds.count(reading.kind) == 1), _day(lines))


def _row(name: Line, lines: Sequence[Line], slope: float) -> Reading | None:
    kind = next((k for k, known in _NAMES.items() if known.fullmatch(_plain(name.words))), None)
    if kind is None or name.confidence < _SURE:
        return None
    cells = list(_right_of(name, lines, slope))
    if len(cells) != len(_LEAST) or any(
        cell.confidence < least for cell, least in zip(cells, _LEAST, strict=True)
    ):
        return None
    value, unit, normal = (_plain(cell.words) for cell in cells)
    told, span = _VALUE.fullmatch(value), _RANGE.fullmatch(normal)
    if told is None or span is None or unit.lower() != _UNITS[kind]:
        return None
    number, low, high = float(told[1]), float(span[1]), float(span[2])
    if not low < high or told[2] != _mark(number, low, high):
        return None
    return _reading(kind, number, fasting=_FASTING in name.words)


def _reading(kind: Kind, number: float, *, fasting: bool) -> Reading | None:
    context = GlucoseContext.FASTING if fasting else None
    reading = Reading(kind, value=number, context=context)
    return reading if believable(reading) else None


def _mark(number: float, low: float, high: float) -> str:
    if number > high:
        return "↑"
    return "↓" if number < low else ""


def _right_of(name: Line, lines: Sequence[Line], slope: float) -> Iterator[Line]:
    """The cells of the same row, from left to right."""
    own = math.tan(math.radians(name.angle)) if name.width > 3 * name.height else slope
    for line in sorted(lines, key=lambda one: one.x):
        if line.x <= name.x + name.width / 2:
            continue
        expected = name.y + own * (line.x - name.x)
        if abs(line.y - expected) < _BESIDE * name.height:
            yield line


def _day(lines: Sequence[Line]) -> date | None:
    """The first of the days that stand there; none when they are far apart."""
    found = []
    for line in lines:
        for year, month, day in _DATE.findall(line.words):
            try:
                found.append(date(int(year), int(month), int(day)))
            except ValueError:
                continue
    if not found or max(found) - min(found) > _ONE_VISIT:
        return None
    return min(found)


def _plain(words: str) -> str:
    return words.replace(" ", "").replace("－", "-")
