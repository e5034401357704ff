"""Phone numbers as registers hold them: eaten by Excel, two in a cell, with words around them.

A repaired number consists of digits of the cell, in their order. What would need a digit that is not
there is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from records.register.cells import Cell, is_empty, plain
from records.register.reasons import Reason, RefusedError

_MOBILE = re.compile(r"1[3-9]\d{9}")
_MOBILES = re.compile(r"(?:1[3-9]\d{9}){2,}")
# 010, two digits after 02, three after 03 to 09; then seven or eight of its own.
_LANDLINE = re.compile(r"0(?:10|2\d|[3-9]\d\d)\d{7,8}")
_SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})")
_FLOAT_TAIL = re.compile(r"(\d{7,})\.0+")
_BETWEEN = re.compile(r"[/、,;，；|或和及]+")
_DECORATION = re.compile(r"[\s\-—–_.()（）+·']")
_WORDS = re.compile(r"[\u4e00-\u9fff:：]+")
_ONLY_ZEROS = re.compile(r"0+")
_SHORT = 9
# Nobody has such a number: it is what is left of one that was shortened to 1.38E+10.
_EATEN = "00000"


@dataclass(frozen=True, slots=True)
class Phones:
    """The first number of the cell and the others; `repaired` when the cell was not plain."""

    number: str
    others: tuple[str, ...] = ()
    repaired: bool = False


def read_phones(cell: Cell) -> Phones | None:
    """The numbers of a cell; None for an empty one.

    Raises:
        RefusedError: the cell does not hold a whole number.
    """
    if is_empty(cell) or _ONLY_ZEROS.fullmatch(plain(cell)):
        return None
    text = plain(cell)
    numbers = [number for piece in _pieces(text) for number in _numbers(piece)]
    if not numbers:
        raise RefusedError(Reason.PHONE_UNREADABLE)
    unique = tuple(dict.fromkeys(numbers))
    return Phones(unique[0], unique[1:], repaired=isinstance(cell, str) and text != unique[0])


def _pieces(text: str) -> list[str]:
    whole = _unfloated(text)
    return [piece for piece in _BETWEEN.split(whole) if piece.strip()]


def _unfloated(text: str) -> str:
    """Undo what Excel did to a number that was text: 13800001111.0, 1.3800001111E+10."""
    squeezed = text.replace(" ", "")
    if tail := _FLOAT_TAIL.fullmatch(squeezed):
        return tail[1]
    if found := _SCIENTIFIC.fullmatch(squeezed):
        digits = found[1] + (found[2] or "")
        # Fewer digits than the number had: the rest is gone.
        if len(digits) != int(found[3]) + 1:
            raise RefusedError(Reason.PHONE_SCIENTIFIC)
        return digits
    return text


def _numbers(piece: str) -> list[str]:
    bare = _WORDS.sub("", _DECORATION.sub("", piece))
    if not bare:
        return []
    if not bare.isascii() or not bare.isdigit():
        raise RefusedError(Reason.PHONE_UNREADABLE)
    if _MOBILES.fullmatch(bare):
        return [_one(number) for number in _MOBILE.findall(bare)]
    return [_one(bare)]


def _one(digits: str) -> str:
    for prefix in ("", "86", "0086", "0"):
        rest = digits.removeprefix(prefix)
        if digits.startswith(prefix) and _MOBILE.fullmatch(rest):
            if rest.endswith(_EATEN):
                raise RefusedError(Reason.PHONE_SCIENTIFIC)
            return rest
    if _LANDLINE.fullmatch(digits):
        return digits
    raise RefusedError(Reason.PHONE_SHORT if len(digits) <= _SHORT else Reason.PHONE_WRONG)
