"""Numbers with their units: each one a reworded answer gives must stand in its passages.

Amounts are never converted: 半斤 is not 250克 here, however right it would be. Only time is the same
in other words (半小时, 30分钟).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "figures.toml"
_DIGITS = {sign: i for i, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
_TENS = {"十": 10, "百": 100, "千": 1000, "万": 10000}
_CHINESE = "零〇一二两俩三四五六七八九十百千万"
# 两 is a number in front and a weight behind one: 两斤, 二两.
_SPELT = rf"[{_CHINESE}][{_CHINESE.replace('两', '')}]*(?:点[零〇一二三四五六七八九]+)?"
_SHARE = re.compile(rf"([{_CHINESE}]+)分之([{_CHINESE}]+)")
_TENTH = 10
_PAIR = 2
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: its value, the unit (None: none was said) and the bound that its words set."""

    value: float | str
    unit: str | None
    bound: str | None
    clause: str

    @property
    def amount(self) -> tuple[float | str, str | None]:
        return self.value, self.unit


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(_DATA.read_text(encoding="utf-8"))


@cache
def _units() -> dict[str, tuple[str, float]]:
    """Every spelling of a unit, with the unit it counts as and how many of that it is."""
    return {
        word: (unit["name"], float(unit.get("times", 1)))
        for unit in _data()["units"]
        for word in unit["words"]
    }


@cache
def _pattern() -> re.Pattern[str]:
    units = "|".join(map(re.escape, sorted(_units(), key=len, reverse=True)))
    number = rf"百分之(?P<percent>[0-9.]+|{_SPELT})|(?P<share>[{_CHINESE}]+分之[{_CHINESE}]+)|(?P<arabic>[0-9]+(?:\.[0-9]+)?)(?P<wan>万)?|(?P<half>半)|(?P<vague>好?几十?|十几|若干)|(?P<spelt>{_SPELT})"
    return re.compile(
        rf"(?P<number>{number})(?P<half_after>半(?=[个小天年斤]))?\s*(?P<unit>个?半?(?:{units}))?(?P<and_half>半)?",
        re.IGNORECASE,
    )


@cache
def _idioms() -> re.Pattern[str]:
    words = "|".join(sorted(_data()["idioms"], key=len, reverse=True))
    return re.compile(rf"(?<![0-9{_CHINESE}])(?:{words})|(?P<again>[\u4e00-\u9fff])一(?P=again)")


@cache
def _bounds() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    return tuple(
        (
            name,
            re.compile(rf"(?:{'|'.join(words['before'])})[^0-9{_CHINESE}]{{0,3}}$"),
            re.compile("|".join(words["after"])),
        )
        for name, words in _data()["bounds"].items()
    )


def figures(clauses: Iterable[str]) -> tuple[Figure, ...]:
    """Every number in these clauses. 30到60分钟 are two, both of minutes."""
    return tuple(found for clause in clauses for found in _of_clause(clause))


def _of_clause(clause: str) -> list[Figure]:
    hidden = _idioms().sub(lambda m: "＿" * len(m[0]), clause)
    found: list[tuple[int, int, float | str, str | None]] = []
    for match in _pattern().finditer(hidden):
        value, unit = _read(match)
        if value is not None:
            found.append((match.start(), match.end(), value, unit))
    return [
        Figure(
            value,
            _inherited(hidden, found, place) if unit is None else unit,
            _bound(hidden, start, end),
            clause,
        )
        for place, (start, end, value, unit) in enumerate(found)
    ]


def _inherited(
    clause: str, found: list[tuple[int, int, float | str, str | None]], place: int
) -> str | None:
    """The unit of 30 in 30到60分钟."""
    if place + 1 < len(found):
        between = clause[found[place][1] : found[place + 1][0]]
        if re.fullmatch(r"\s*(?:到|至|~|～|-|—|－|或|、|、或)\s*", between):
            return found[place + 1][3]
    return None


def _bound(clause: str, start: int, end: int) -> str | None:
    for name, before, after in _bounds():
        if before.search(clause[:start]) or after.match(clause[end:]):
            return name
    return None


def _read(match: re.Match[str]) -> tuple[float | str | None, str | None]:
    unit, times = None, 1.0
    extra = 0.0
    if word := match["unit"]:
        half_inside = word.startswith(("个半", "半"))
        bare = word.removeprefix("个").removeprefix("半") if word.lower() not in _units() else word
        if bare.lower() not in _units():
            return _value(match), None
        unit, times = _units()[bare.lower()]
        extra += _HALF if half_inside and bare != word else 0.0
    if match["half_after"] or match["and_half"]:
        extra += _HALF
    value = _value(match)
    if isinstance(value, str) or value is None:
        return value, unit
    if match["percent"]:
        return value, "%"
    return round((value + extra) * times, 6), unit


def _value(match: re.Match[str]) -> float | str | None:
    if match["percent"]:
        return float(match["percent"]) if match["percent"][0].isascii() else spelt(match["percent"])
    if match["share"]:
        below, above = _SHARE.fullmatch(match["share"]).groups()  # type: ignore[union-attr]
        parts, taken = _whole(below), _whole(above)
        return round((taken or 0) / parts, 6) if parts else None
    if match["arabic"]:
        return float(match["arabic"]) * (10000 if match["wan"] else 1)
    if match["half"]:
        return _HALF
    if match["vague"]:
        return "some"
    return spelt(match["spelt"])


def spelt(text: str) -> float | str | None:
    """一百四 is 140, 一百五十 150, 三点九 3.9, 一三零 130; 两三 is no one number."""
    whole, _, fraction = text.partition("点")
    if len(whole) == _PAIR and not fraction and _follows(*whole):
        return f"{whole[0]}~{whole[1]}"
    value = _whole(whole)
    if value is None or not fraction:
        return value
    return float(f"{value:.0f}.{''.join(str(_DIGITS[sign]) for sign in fraction)}")


def _follows(low: str, high: str) -> bool:
    return low in _DIGITS and _DIGITS.get(high) == _DIGITS[low] + 1


def _whole(text: str) -> float | None:
    if all(sign in _DIGITS for sign in text):
        return float("".join(str(_DIGITS[sign]) for sign in text)) if text else None
    total, digit, last = 0, None, 1
    for sign in text:
        if sign in _TENS:
            last = _TENS[sign]
            total = (
                (total + (digit or 0)) * last
                if last == _TENS["万"]
                else total + (1 if digit is None else digit) * last
            )
            digit = None
        else:
            digit = _DIGITS[sign]
            if sign in "零〇":
                last, digit = _TENTH, None
    if digit is None:
        return float(total)
    # 一百四 leaves the ten unsaid; 一百零四 and 十四 do not.
    return float(total + digit * (last // _TENTH if last > _TENTH else 1))
