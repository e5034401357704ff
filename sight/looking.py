"""One look at a picture: a meter, a laboratory slip, or something for the doctor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from statistics import median
from typing import Any

from care.reading import GlucoseContext, Kind, Reading
from sight.lines import Line, find_lines
from sight.meter import (
    Words,
    agreed_glucose,
    agreed_pressure,
    looks_like_pressure,
    says_error,
)
from sight.models import Networks
from sight.number import Number, levelled
from sight.picture import Pixels
from sight.rows import read_rows
from sight.segments import read_segments
from sight.slip import is_slip, read_slip

# How the second reader turns the picture until it sees most; it asks nobody.
_TILTS = (0, -5, 5, -10, 10)


class What(StrEnum):
    """What the picture shows. METER: a meter whose numbers were not agreed on."""

    PRESSURE = "pressure"
    GLUCOSE = "glucose"
    METER = "meter"
    METER_ERROR = "meter_error"
    SLIP = "slip"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen, the same in words as a patient would type them, and the day of a slip."""

    what: What
    text: str = ""
    on: date | None = None

    def as_mapping(self) -> dict[str, Any]:
        """For the turn and the doctor's page."""
        return {**asdict(self), "what": str(self.what), "on": self.on and self.on.isoformat()}


def look(pixels: Pixels, networks: Networks) -> Sight:
    """Look once, slowly."""
    lines = find_lines(pixels, networks)
    if is_slip(lines):
        slip = read_slip(lines)
        # Without a day nobody knows whether it is about today.
        return Sight(What.SLIP, _said(slip.readings) if slip.on else "", slip.on)
    words = Words.of(lines)
    if words.other:
        return Sight(What.OTHER)
    first = read_rows(levelled(pixels, tilt_of(lines)), networks)
    if not (words.some_meter or looks_like_pressure(first) or says_error(first)):
        return Sight(What.OTHER)
    return _meter(words, first, second_reading(pixels))


def second_reading(pixels: Pixels) -> list[Number]:
    """What the second reader sees at the angle where it sees most."""
    best: list[Number] = []
    for tilt in _TILTS:
        found = read_segments(levelled(pixels, tilt))
        if _weight(found) > _weight(best):
            best = found
    return best


def tilt_of(lines: Sequence[Line]) -> float:
    """By how many degrees the words lean."""
    long = [line.angle for line in lines if line.width > 1.5 * line.height]
    return median(long) if long else 0.0


def _weight(numbers: Sequence[Number]) -> int:
    """How many digits were seen, small ones left out."""
    tallest = max((number.height for number in numbers), default=0.0)
    large = (n for n in numbers if n.height > tallest / 2)
    return sum(len(number.text.replace(".", "")) for number in large)


def _meter(words: Words, first: Sequence[Number], second: Sequence[Number]) -> Sight:
    if words.pressure:
        both = agreed_pressure(first, second)
        if both is not None:
            return Sight(What.PRESSURE, _said([one for one in both if one is not None]))
    if words.glucose:
        sugar = agreed_glucose(first, second)
        if sugar is not None:
            return Sight(What.GLUCOSE, f"血糖{sugar}" if isinstance(sugar, str) else _said([sugar]))
    if says_error(first) and says_error(second):
        return Sight(What.METER_ERROR)
    return Sight(What.METER)


_NAMES = {Kind.BP: "血压", Kind.PULSE: "心跳", Kind.GLUCOSE: "血糖", Kind.HBA1C: "糖化血红蛋白"}


def _said(readings: Sequence[Reading]) -> str:
    return "，".join(_one(reading) for reading in readings)


def _one(reading: Reading) -> str:
    fasting = "空腹" if reading.context is GlucoseContext.FASTING else ""
    percent = "%" if reading.kind is Kind.HBA1C else ""
    return f"{fasting}{_NAMES[reading.kind]}{reading}{percent}"
