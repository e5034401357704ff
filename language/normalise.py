"""One spelling for one sign: width, script, punctuation, voice and typing slips, with offsets kept.

It never changes what was said: it only makes equal things equal before anything is looked up.
"""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import opencc

from language import homophones

DATA = Path(__file__).parent / "data"

# Longer texts are cut in the middle: people put the trouble first or last.
LONGEST = 3000

_SAME = {
    **dict.fromkeys("—–―‒‑−﹣－ー─━", "-"),
    **dict.fromkeys("～〜∼﹏", "~"),
    **dict.fromkeys("∕⁄／", "/"),
    **dict.fromkeys("﹑､", "、"),
    **dict.fromkeys("·・•∙‧", "·"),
    **dict.fromkeys("¹²³⁴⁵⁶⁷⁸⁹⁰", " "),
    **dict.fromkeys("｡", "。"),
    **dict.fromkeys("\t\u3000\xa0\r\x00\v\f", " "),
    **dict.fromkeys("①②③④⑤⑥⑦⑧⑨⑩❶❷❸❹❺", ";"),
    **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0f\xad", ""),
    "．": ".",
}


@dataclass(frozen=True, slots=True)
class Normal:
    """The normalised text and, when lengths differ, the offset in the original of each character."""

    text: str
    offsets: tuple[int, ...] | None = None

    def origin(self, position: int) -> int:
        if self.offsets is None:
            return position
        return self.offsets[min(position, len(self.offsets) - 1)]


def normalise(text: str) -> Normal:
    """Return `text` in one spelling. Total: any `str` is accepted."""
    offsets: list[int] | None = None
    if len(text) > LONGEST:
        half = LONGEST // 2
        offsets = [*range(half), *range(len(text) - half, len(text))]
        text = f"{text[:half]}{text[-half:]}"
    pieces = [_sign(sign) for sign in text]
    joined = "".join(pieces)
    if len(joined) != len(text) or any(len(piece) != 1 for piece in pieces):
        source = offsets or range(len(text))
        offsets = [source[i] for i, piece in enumerate(pieces) for _ in piece]
        offsets.append(offsets[-1] + 1 if offsets else 0)
    elif offsets is not None:
        offsets.append(offsets[-1] + 1)
    return Normal(_repair(joined), tuple(offsets) if offsets is not None else None)


@functools.cache
def _simplified() -> dict[str, str]:
    """Traditional to simplified, sign by sign: one call at start instead of one per message."""
    signs = [chr(code) for code in range(0x3400, 0xA000)]
    converted = opencc.OpenCC("t2s").convert("\n".join(signs)).split("\n")
    return {old: new for old, new in zip(signs, converted, strict=True) if old != new}


@functools.cache
def _sign(sign: str) -> str:
    if sign in _SAME:
        return _SAME[sign]
    folded = unicodedata.normalize("NFKC", sign).lower()
    return "".join(_simplified().get(part, part) for part in folded)


# l50 and 14o: letters typed for digits.
_ONE_TYPED = re.compile(r"(?<![a-z0-9])[li](?=[0-9]{2}(?![0-9]))")
_ZERO_TYPED = re.compile(r"(?<=[0-9])o(?![a-z])")
# 140一90 and 140丨90: the numeral one or a stroke typed for a dash.
_DASH_TYPED = re.compile(r"(?<=[0-9多])[一丨ー](?=[0-9])")


@functools.cache
def _repairs() -> tuple[re.Pattern[str], dict[str, str]]:
    with (DATA / "repairs.toml").open("rb") as file:
        table: dict[str, str] = tomllib.load(file)["repairs"]
    words = sorted(table, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words))), table


@functools.cache
def _sounding() -> dict[str, Any]:
    with (DATA / "homophones.toml").open("rb") as file:
        return tomllib.load(file)


@functools.cache
def _terms() -> tuple[tuple[str, ...], frozenset[str]]:
    data = _sounding()
    return tuple(data["terms"]["words"]), frozenset(data["ordinary"]["long"])


@functools.cache
def _short_terms() -> homophones.ShortTerms:
    data = _sounding()
    groups = [
        homophones.Short(
            tuple(group["words"]), frozenset(group["before"]), frozenset(group["after"])
        )
        for group in data["short"]
    ]
    return homophones.ShortTerms(groups, data["ordinary"]["words"])


def _repair(text: str) -> str:
    """Undo known slips. Each repair keeps the length, so the offsets stay true."""
    pattern, table = _repairs()
    mended = pattern.sub(lambda found: table[found[0]], text)
    mended = _ZERO_TYPED.sub("0", _ONE_TYPED.sub("1", mended))
    heard = _short_terms().repair(homophones.repair(mended, *_terms()))
    return _DASH_TYPED.sub("-", heard)
