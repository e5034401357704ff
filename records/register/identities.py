"""Identity numbers: the check digit, the birthday and the sex in them, and those Excel has eaten."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from records.register.cells import EXACT_DIGITS, Cell, is_empty, squeezed
from records.register.reasons import Reason, RefusedError

_NEW = re.compile(r"\d{17}[\dX]")
_OLD = re.compile(r"\d{15}")
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d{2}")
_LOOKS_LIKE_X = str.maketrans({"x": "X", "×": "X", "Х": "X", "х": "X", "*": "X"})
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_EATEN = "000"
_OLDEST = 1900


@dataclass(frozen=True, slots=True)
class Identity:
    """`number` as it was written; `canonical` is its eighteen-digit form, by which it is found."""

    number: str
    canonical: str
    born_on: date
    sex: str


def read_identity(cell: Cell, today: date) -> Identity | None:
    """The identity number of a cell; None for an empty one.

    Raises:
        RefusedError: eaten by Excel, wrong length, wrong check digit or an impossible birthday.
    """
    if is_empty(cell):
        return None
    text = squeezed(cell).strip("'`’‘\"“”").upper().translate(_LOOKS_LIKE_X)
    if not isinstance(cell, str) and len(text) > EXACT_DIGITS:
        raise RefusedError(Reason.IDENTITY_EATEN)
    if _SCIENTIFIC.fullmatch(text):
        raise RefusedError(Reason.IDENTITY_EATEN)
    if _OLD.fullmatch(text):
        return _known(text, canonical_of(text), today)
    if not _NEW.fullmatch(text):
        raise RefusedError(Reason.IDENTITY_LENGTH if text.isalnum() else Reason.IDENTITY_UNREADABLE)
    # Fifteen digits survive in Excel, the last three become zeros. One in a thousand is really so.
    if text.endswith(_EATEN):
        raise RefusedError(Reason.IDENTITY_EATEN)
    if check_digit(text[:17]) != text[17]:
        raise RefusedError(Reason.IDENTITY_CHECK)
    return _known(text, text, today)


def check_digit(first: str) -> str:
    """The eighteenth digit, from the seventeen before it (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(first, _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def canonical_of(number: str) -> str:
    """The eighteen-digit form: the standard itself says how an old number becomes a new one."""
    if not _OLD.fullmatch(number):
        return number.upper()
    first = f"{number[:6]}19{number[6:]}"
    return first + check_digit(first)


def _known(number: str, canonical: str, today: date) -> Identity:
    try:
        born = date(int(canonical[6:10]), int(canonical[10:12]), int(canonical[12:14]))
    except ValueError:
        raise RefusedError(Reason.IDENTITY_BIRTHDAY) from None
    if not date(_OLDEST, 1, 1) <= born <= today:
        raise RefusedError(Reason.IDENTITY_BIRTHDAY)
    return Identity(number, canonical, born, "male" if int(canonical[16]) % 2 else "female")
