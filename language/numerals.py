"""Numbers as people write and say them: 165, 一百六五, 1百65, 两百, 一六五, 七个八, 十一点几, 150多.

Only the shape is read here. What a number measures, and whether it counts at all, is the grammar's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DIGITS = {sign: i for i, sign in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "两": 2, "俩": 2, "幺": 1,
} | {str(i): i for i in range(10)}  # fmt: skip

# From here on a whole number with a fraction is a year or an amount, not a reading.
_AMOUNT = 1000
_TEN = 10
# 一六五: three digits said one by one are a pressure.
_SAID_DIGITS = 3
_PAIR = 2
# 一四八九二: so many are two pressures without a pause.
_SAID_JOINED = {5, 6}

_ONE = "[一二两俩三四五六七八九幺1-9]"
_RUN = r"[0-9零〇一二两俩三四五六七八九十百幺]+"
_NUMBER = re.compile(
    rf"(?P<run>{_RUN})"
    r"(?:"
    r"(?P<point>\.|·|点)(?P<tail>[0-9]{1,2}(?![0-9])|(?<=\.)[0-9]{3}|[零〇一二三四五六七八九]{1,2}(?![十百])|几|多|半)"
    r"|(?P<unit>个)(?P<after>[一二三四五六七八九1-9](?![个月天日周年小点分十百0-9次星礼钟时人])|半(?![月年天小]))"
    r")?"
    r"(?P<vague>多|几|来|余|好几|x|外(?![面头地人边卖用伤孙婆公甥科国]))?"
)
_HUNDREDS = re.compile(
    rf"(?P<h>{_ONE})?百(?:"
    rf"[零〇0](?P<ones>{_ONE})"
    rf"|(?P<tens>{_ONE})?十(?P<unit>{_ONE})?"
    rf"|(?P<arabic>[0-9]{{2}})"
    rf"|(?P<short>{_ONE})(?P<last>{_ONE})?"
    r")?"
)
_TENS = re.compile(rf"(?P<tens>{_ONE})?十(?P<unit>{_ONE})?")
_TEENS = re.compile(r"(?P<tens>[一二两])?十(?P<low>[一二三四五六七八])(?P<high>[二三四五六七八九])")
_ARABIC = re.compile(r"[0-9]+")
_STRING = re.compile(r"[零〇一二两三四五六七八九幺]{2,}")


@dataclass(frozen=True, slots=True)
class Number:
    """One number. `spoken` words, `clock` ("8点25" may be a time), `decimals` written after the point."""

    start: int
    end: int
    value: float
    low: float | None = None
    high: float | None = None
    approximate: bool = False
    decimals: int = 0
    digits: str = ""
    spoken: bool = False
    clock: bool = False
    strong: bool = True

    @property
    def whole(self) -> bool:
        return self.decimals == 0


def number_at(text: str, start: int) -> Number | None:
    """The number that begins at `start`, or None."""
    found = _NUMBER.match(text, start)
    if found is None:
        return None
    run = found["run"]
    if (pair := _pair(run, text[found.end("run") : found.end("run") + 1])) is not None:
        return Number(start, found.end("run"), pair[0], *pair, approximate=True, spoken=True)
    whole = _whole(run)
    if whole is None and run[-1] in "零〇" and found["vague"]:  # 一百零几
        whole = _whole(run[:-1])
    if whole is None:
        return _first_of_two(start, run)
    value, low, high, strong = whole
    end = found.end()
    spoken = not _ARABIC.fullmatch(run)
    fraction = found["tail"] or found["after"]
    vague = found["vague"] is not None or fraction in {"几", "多"} or low is not None
    decimals = 0
    if fraction and fraction not in {"几", "多"}:
        if value >= _AMOUNT:
            return Number(start, found.end("run"), value, digits=run)
        digits = "5" if fraction == "半" else "".join(str(_DIGITS[d]) for d in fraction)
        decimals = len(digits)
        value += int(digits) / 10**decimals
        strong = True
    return Number(
        start, end, value, low, high,
        approximate=vague, decimals=decimals,
        digits="" if fraction else _digits(run),
        spoken=spoken or found["unit"] is not None,
        clock=found["point"] == "点",
        strong=(strong or bool(fraction)) and found["unit"] is None,
    )  # fmt: skip


def _pair(run: str, following: str) -> tuple[float, float] | None:
    """七八点, 七八个: between seven and eight."""
    if len(run) != _PAIR or following not in {"点", "个"} or not _STRING.fullmatch(run):
        return None
    low, high = (_DIGITS[sign] for sign in run)
    return (float(low), float(high)) if high == low + 1 and low > 1 else None


def _digits(run: str) -> str:
    """The digits of 14892, and of 一四八九二 said one by one."""
    if _ARABIC.fullmatch(run):
        return run
    said = len(run) in _SAID_JOINED and _STRING.fullmatch(run)
    return "".join(str(_DIGITS[sign]) for sign in run) if said else ""


def _first_of_two(start: int, run: str) -> Number | None:
    """Two numbers said in one breath: 一百四九十 is 140 and 90."""
    for cut in range(len(run) - 1, 1, -1):
        first, second = _whole(run[:cut]), _whole(run[cut:])
        if first and second and first[3] and second[0] >= _TEN and run[cut] not in "十百":
            return Number(start, start + cut, first[0], first[1], first[2], spoken=True)
    if digits := _ARABIC.match(run):  # 112一直: the numeral belongs to the next word
        return Number(start, start + digits.end(), float(digits[0]), digits=digits[0])
    return None


def _whole(run: str) -> tuple[float, float | None, float | None, bool] | None:
    """Value, low and high of a vague pair (一百三四), and whether the words can only be a number."""
    if _ARABIC.fullmatch(run):
        return float(run[:15]), None, None, True
    if found := _HUNDREDS.fullmatch(run):
        return _hundreds(found)
    if found := _TEENS.fullmatch(run):
        return _teens(found)
    if found := _TENS.fullmatch(run):
        return float(_tens(found)), None, None, bool(found["tens"] and found["unit"])
    if _STRING.fullmatch(run) or run in _DIGITS:
        said = "".join(str(_DIGITS[d]) for d in run[:12])
        return float(said), None, None, len(run) == _SAID_DIGITS
    return None


def _teens(found: re.Match[str]) -> tuple[float, float | None, float | None, bool] | None:
    """十三四 is between 13 and 14."""
    tens = float(_TEN * (_DIGITS[found["tens"]] if found["tens"] else 1))
    low, high = (tens + _DIGITS[found[name]] for name in ("low", "high"))
    return (low, low, high, True) if high == low + 1 else None


def _hundreds(found: re.Match[str]) -> tuple[float, float | None, float | None, bool] | None:
    """一百零五, 一百六, 一百六五, 一百六十三, 1百65; 一百三四 is between 130 and 140."""
    if found[0] == "百":
        return None
    hundred = 100.0 * (_DIGITS[found["h"]] if found["h"] else 1)
    short, last = found["short"], found["last"]
    if short and last and not short.isascii() and _DIGITS[last] == _DIGITS[short] + 1:
        low, high = (hundred + _TEN * _DIGITS[sign] for sign in (short, last))
        return low, low, high, True
    if short:
        rest = _TEN * _DIGITS[short] + (_DIGITS[last] if last else 0)
    elif found["ones"]:
        rest = _DIGITS[found["ones"]]
    elif found["arabic"]:
        rest = int(found["arabic"])
    else:
        rest = _tens(found) if "十" in found[0] else 0
    return hundred + rest, None, None, True


def _tens(found: re.Match[str]) -> int:
    tens = _DIGITS[found["tens"]] if found["tens"] else 1
    return tens * _TEN + (_DIGITS[found["unit"]] if found["unit"] else 0)
