"""The value types of a template's fields: what the platform takes, and how a value is made to fit.

The letters of a field's key are its type: `thing1`, `time2`. A formal account refuses a message with
47003 for one value that breaks its type; a test account does not, so it has to be known here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from records.times import CHINA

_CHINESE = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
_DAY = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{2}-\d{2})"
_MOMENT = rf"({_DAY}( {_CLOCK})?|{_CLOCK})"
_MOMENTS = re.compile(rf"{_MOMENT}(~{_MOMENT})?")


@dataclass(frozen=True, slots=True)
class ValueType:
    """What a value may look like; `cut` so long when it may be shortened without lying."""

    pattern: re.Pattern[str]
    cut: int | None = None


TYPES: Mapping[str, ValueType] = {
    "thing": ValueType(re.compile(r".{1,20}"), 20),
    "character_string": ValueType(re.compile(rf"[^\s{_CHINESE}]{{1,32}}")),
    "time": ValueType(_MOMENTS),
    "date": ValueType(_MOMENTS),
    "amount": ValueType(re.compile(r"[¥$€]?\d{1,10}(\.\d{1,2})?元?")),
    "phone_number": ValueType(re.compile(r"[\d+\-()]{1,17}")),
    "car_number": ValueType(re.compile(r"\S{1,8}")),
    "const": ValueType(re.compile(r".{1,20}")),
    "phrase": ValueType(re.compile(rf"[{_CHINESE}]{{1,5}}")),
    "name": ValueType(re.compile(rf"[{_CHINESE}·]{{1,10}}|[A-Za-z .]{{1,20}}")),
    "number": ValueType(re.compile(r"-?\d{1,32}(\.\d+)?")),
    "letter": ValueType(re.compile(r"[A-Za-z]{1,32}")),
    "symbol": ValueType(re.compile(r"[^\w\s]{1,5}")),
}
_LAST_PLAIN = "\uffff"
_KEY = re.compile(r"([a-z_]+?)(\d+)")


def type_of(key: str) -> str | None:
    """The value type that a platform's key names; None for a key that it never gives."""
    match = _KEY.fullmatch(key)
    return match.group(1) if match and match.group(1) in TYPES else None


def fits(key: str, value: str, allowed: tuple[str, ...] = ()) -> bool:
    """Whether the platform takes this value. `allowed`: the words it approved for a `const`."""
    kind = type_of(key)
    if kind is None or (kind == "const" and value not in allowed):
        return False
    return TYPES[kind].pattern.fullmatch(value) is not None


def fitted(key: str, value: object, allowed: tuple[str, ...] = ()) -> str | None:
    """The value as the platform takes it, or None when nothing of it would be true."""
    kind = type_of(key)
    if kind is None:
        return None
    text = _day(value) if kind in {"time", "date"} else _line(value)
    cut = TYPES[kind].cut
    if cut is not None and len(text) > cut:
        text = f"{text[: cut - 1]}…"
    return text if fits(key, text, allowed) else None


def _line(value: object) -> str:
    """One line without what the platform strips or counts twice: emoji, rare planes, controls."""
    kept = "".join(sign if _plain(sign) else " " for sign in str(value))
    return " ".join(kept.split())


def _plain(sign: str) -> bool:
    return sign <= _LAST_PLAIN and unicodedata.category(sign) not in {"Cc", "Cf", "Co", "Cs", "So"}


def _day(value: object) -> str:
    """A day or an instant that a program wrote, as people here write it."""
    text = str(value).strip()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        pass
    else:
        return f"{day.year}年{day.month}月{day.day}日"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is not None:
        moment = moment.astimezone(CHINA)
    return f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}"
