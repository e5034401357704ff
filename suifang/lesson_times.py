"""The days and hours of lessons as they are written in a setting: 1,3,5 and 9-18."""

from __future__ import annotations

_WEEK = range(1, 8)
_DAY = range(6, 23)
_A_PAIR = 2


def days(text: str) -> frozenset[int]:
    """The days of the week, Monday is 1.

    Raises:
        ValueError: something else is written there.
    """
    found = _numbers(text, ",")
    if not found or any(day not in _WEEK for day in found):
        message = "name days from 1 (Monday) to 7 (Sunday), such as 1,3,5"
        raise ValueError(message)
    return frozenset(found)


def hours(text: str) -> tuple[int, int]:
    """The first hour and the last one, at least two apart.

    Raises:
        ValueError: something else is written there.
    """
    found = _numbers(text, "-")
    if (
        len(found) != _A_PAIR
        or any(hour not in _DAY for hour in found)
        or found[1] - found[0] < _A_PAIR
    ):
        message = "write the first and the last hour, at least two apart, such as 9-18"
        raise ValueError(message)
    return found[0], found[1]


def _numbers(text: str, by: str) -> list[int]:
    parts = [part.strip() for part in text.split(by)]
    return [int(part) for part in parts] if all(part.isdecimal() for part in parts) else []
