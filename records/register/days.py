"""Dates as registers hold them: 1956.3.5, 56年3月, serial numbers of Excel, lunar birthdays.

A date is as exact as it is known: "1956", "1956-03" or "1956-03-05". A missing day stays missing.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from records.register.cells import Cell, is_empty, plain
from records.register.reasons import Reason, RefusedError

_LUNAR = re.compile(r"[农阴]历|正月|[腊冬]月|初[一二三四五六七八九十]|廿|闰")
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$")
_YMD = re.compile(r"(\d{4}|\d{2})\D(\d{1,2})\D(\d{1,2})日?号?")
_YM = re.compile(r"(\d{4})\D(\d{1,2})月?(?:份)?|(\d{2})年(\d{1,2})月(?:份)?")
_Y = re.compile(r"(\d{4})年?|(\d{2})年")
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})?")
_BACKWARDS = re.compile(r"(\d{1,2})[/\-.](\d{1,2})[/\-.](\d{4})")
_MARKS = str.maketrans({"年": "-", "月": "-", ".": "-", "/": "-", "、": "-", ",": "-", "日": " "})
_EPOCH = date(1899, 12, 30)
# Smaller numbers are years (1956) or nothing; Excel's own calendar is wrong before March 1900.
_FIRST_SERIAL, _LAST_SERIAL = 3654, 73050
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_MONTHS = 12
_DAY = len("1956-03-05")


def read_date(cell: Cell, today: date) -> str | None:
    """The date of a cell, as exact as it is known; None for an empty one.

    Raises:
        RefusedError: lunar, ambiguous, impossible or in the future.
    """
    if is_empty(cell):
        return None
    text = plain(cell)
    if _LUNAR.search(text):
        raise RefusedError(Reason.DATE_LUNAR)
    found = _number(cell) if isinstance(cell, int | float) else _text(_TIME.sub("", text), today)
    if found > today.isoformat()[: len(found)]:
        raise RefusedError(Reason.DATE_FUTURE)
    return found


def is_day(partial: str | None) -> bool:
    """True when year, month and day are all known."""
    return partial is not None and len(partial) == _DAY


def agrees(partial: str, known: date) -> bool:
    """True when a date, however exact, can be this day."""
    return known.isoformat().startswith(partial)


def _number(cell: float) -> str:
    if _FIRST_SERIAL <= cell <= _LAST_SERIAL:
        return (_EPOCH + timedelta(days=int(cell))).isoformat()
    if not float(cell).is_integer():
        # 1956.1 was January or, with its zero eaten, October.
        raise RefusedError(Reason.DATE_UNREADABLE)
    return _run_together(str(int(cell)))


def _text(text: str, today: date) -> str:
    bare = text.replace(" ", "") if not re.search(r"\d \d", text) else text
    if bare.isascii() and bare.isdigit() and len(bare) != len("1956"):
        if len(bare) == len("20515"):
            return _number(int(bare))
        return _run_together(bare)
    if found := _YMD.fullmatch(bare.strip("日号 ")):
        return _whole(_year(found[1], today), found[2], found[3])
    if found := _YM.fullmatch(bare):
        return _month(_year(found[1] or found[3], today), found[2] or found[4])
    if found := _Y.fullmatch(bare):
        return _year(found[1] or found[2], today)
    if found := _BACKWARDS.fullmatch(bare):
        return _turned(found[1], found[2], found[3])
    raise RefusedError(Reason.DATE_UNREADABLE)


def _run_together(digits: str) -> str:
    if len(digits) == len("1956") and _FIRST_YEAR <= int(digits) <= _LAST_YEAR:
        return digits
    found = _DIGITS.fullmatch(digits)
    if found is None:
        raise RefusedError(Reason.DATE_UNREADABLE)
    return _whole(found[1], found[2], found[3]) if found[3] else _month(found[1], found[2])


def _turned(first: str, second: str, year: str) -> str:
    """Day and month in an order that the cell itself must tell."""
    if int(first) > _MONTHS >= int(second):
        return _whole(year, second, first)
    if int(second) > _MONTHS >= int(first) or first == second:
        return _whole(year, first, second)
    raise RefusedError(Reason.DATE_ORDER)


def _year(digits: str, today: date) -> str:
    """Two digits are a year only when one century alone is possible."""
    if len(digits) == len("1956"):
        if not _FIRST_YEAR <= int(digits) <= _LAST_YEAR:
            raise RefusedError(Reason.DATE_IMPOSSIBLE)
        return digits
    if int(digits) <= today.year % 100:
        raise RefusedError(Reason.DATE_CENTURY)
    return f"{today.year // 100 - 1}{digits}"


def _month(year: str, month: str) -> str:
    return _whole(year, month, "1")[: len("1956-03")]


def _whole(year: str, month: str, day: str) -> str:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        raise RefusedError(Reason.DATE_IMPOSSIBLE) from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise RefusedError(Reason.DATE_IMPOSSIBLE)
    return found.isoformat()
