"""When somebody wants to be reminded: "改到晚上7点", "早上八点发", "别那么早"."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from language.dialects import standard
from language.lexicon import table

_MARKS = re.compile(r"[\s,，.。!！~、:：;\"“”'‘’（）()…]+")
_PARTICLES = "呀啊吧哦嘛呢的了"
_HOURS = {word: hour for hour, word in enumerate("零一二三四五六七八九十")} | {"两": 2}
_NOON = 12
_TEN = 10
_DIGITS = r"(?<!\d)\d{1,2}|(?:[二两]?十)?[一二两三四五六七八九]|[二两]?十"
_AFTER = "(?:点|时|:)(?:半|整|钟|[0-5][0-9])?"
_DAY = 24


@dataclass(frozen=True, slots=True)
class Wish:
    """An hour of the day, or so many hours later (or earlier) than now; neither: ask which."""

    hour: int | None = None
    shift: int = 0


# How much later "later" is.
_STEP = 2


def wish_of(text: str) -> Wish | None:
    """What a message wants the time of reminders to be; None when it is about something else."""
    normal = standard(text)
    plain = _MARKS.sub("", normal)
    said = {plain, plain.rstrip(_PARTICLES)}
    words = table("reminder_time")["exact"]
    if not said.isdisjoint(words["ask"]):
        return Wish()
    if _patterns("about").search(normal):
        return None
    for name, shift in (("later", _STEP), ("earlier", -_STEP)):
        if not said.isdisjoint(words[name]) or _patterns(name).search(normal):
            return Wish(shift=shift)
    return Wish(hour=hour_in(normal)) if _patterns("wanted").search(normal) else None


def hour_in(text: str) -> int | None:
    """The hour of the first time of day in a text, 0 to 23; None when there is none."""
    found = _clock().search(standard(text))
    if found is None:
        return None
    if found["alone"]:
        return int(table("reminder_time")["part"][found["alone"]])
    part, hour = found["part"], _number(found["hour"])
    rules = table("reminder_time")["afternoon"]
    afternoon = part in rules["parts"] or (not part and 0 < hour <= rules["night_until"])
    if afternoon and hour < _NOON:
        hour += _NOON
    return hour if hour < _DAY else None


def _number(written: str) -> int:
    if written.isdecimal():
        return int(written)
    tens, ten, units = written.rpartition("十")
    if not ten:
        return _HOURS[units]
    return (_HOURS[tens] if tens else 1) * _TEN + (_HOURS[units] if units else 0)


@functools.cache
def _parts() -> str:
    return "|".join(sorted(table("reminder_time")["part"], key=len, reverse=True))


@functools.cache
def _clock() -> re.Pattern[str]:
    return re.compile(
        rf"(?P<part>{_parts()})?\s*(?P<hour>{_DIGITS})\s*{_AFTER}|(?P<alone>{_parts()})"
    )


@functools.cache
def _patterns(name: str) -> re.Pattern[str]:
    clock = rf"(?:(?:{_parts()})?\s*(?:{_DIGITS})\s*{_AFTER}|(?:{_parts()}))"
    listed = table("reminder_time")["pattern"][name]
    return re.compile("|".join(one.replace("{clock}", clock) for one in listed))
