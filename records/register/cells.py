"""A cell as a person reads it, and what an empty one looks like."""

from __future__ import annotations

import unicodedata

Cell = str | int | float | None

# A float holds this many digits exactly; Excel shows and keeps fifteen.
EXACT_DIGITS = 15
_NOTHING = frozenset(
    {"", "-", "--", "—", "——", "/", "\\", "无", "没有", "不详", "未知", "暂无", "空"}
)
# What copies of web pages and of old programs leave behind.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\x00"))


def plain(cell: Cell) -> str:
    """The cell's text: full-width letters made narrow, invisible signs and outer spaces removed."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) < 10**EXACT_DIGITS
        return str(int(cell)) if whole else repr(cell)
    text = unicodedata.normalize("NFKC", str(cell)).translate(_INVISIBLE)
    return " ".join(text.split())


def squeezed(cell: Cell) -> str:
    """The same without any space."""
    return plain(cell).replace(" ", "")


def is_empty(cell: Cell) -> bool:
    """True for nothing, and for the ways to write nothing."""
    return squeezed(cell) in _NOTHING


def is_formula(cell: Cell) -> bool:
    return isinstance(cell, str) and cell.startswith("=") and len(cell) > 1
