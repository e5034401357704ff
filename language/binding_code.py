"""The six digits that tie a phone to a person, in whatever way they were typed or said.

A binding code begins with 4 to 9: no upper blood pressure and no mobile number does, so a reading
or a phone number is never taken for a code, and a code is never taken for a reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from language.normalise import normalise

LENGTH = 6
FIRST_DIGITS = "456789"

_DIGITS = dict(zip("零〇一二两三四五六七八九幺", "0012234567891", strict=True))
_SIGN = "[0-9零〇一二两三四五六七八九幺]"
_FIRST = "[4-9四五六七八九]"
# Not a piece of a longer number, a fraction, an amount or a date.
_BEFORE = rf"(?<!{_SIGN})(?<!{_SIGN}[-./:点])(?<!十)(?<!百)"
_AFTER = rf"(?![十百千万年月日号元块个度斤岁/%])(?![-.:点]?{_SIGN})"
# Said one by one, in threes or in one piece; 85 78 66 is rather three pulses.
_BARE = re.compile(
    rf"{_BEFORE}{_FIRST}(?:{_SIGN}{{2}}[ -]?{_SIGN}{{3}}|(?:[ -]{_SIGN}){{5}}){_AFTER}"
)
_SPELT = re.compile(rf"{_BEFORE}{_FIRST}(?:[ ,，、-]{{0,2}}{_SIGN}){{5}}{_AFTER}")
_WRONG = re.compile(rf"{_BEFORE}{_SIGN}{{4,8}}(?![0-9])")
_NAMED = re.compile(
    "绑定|邦定|帮定|绑码|验证码|建档码|连接码|(?:这个|那个|给的|我的|纸上的|条上的|六位)码|^码"
)
_ANOTHER = re.compile("邮|电话|手机|身份|密码|尺码|卡号")
# What may stand around six digits that are the whole message.
_AROUND = re.compile(r"您好|你好|医生|大夫|这是|是|我的?|码|喂|[\s,，.。!！~、:：;]+")


@dataclass(frozen=True, slots=True)
class Spotted:
    """Digits that are, or were meant to be, a code; `rest` is the message without them.

    `named`: the sender called it a code. Without that it counts only if such a code was given out.
    """

    digits: str
    named: bool
    rest: str


def code_in(text: str) -> Spotted | None:
    """The binding code in a message, or None when nothing looks like one."""
    normal = normalise(text)
    said = normal.text
    named = _NAMED.search(said) is not None and _ANOTHER.search(said) is None
    found = (_SPELT if named else _BARE).search(said)
    if found is None:
        found = _WRONG.search(said) if named else None
    elif not named and _AROUND.sub("", said[: found.start()] + said[found.end() :]):
        found = None
    if found is None:
        return None
    start, end = normal.origin(found.start()), normal.origin(found.end())
    digits = "".join(_DIGITS.get(sign, sign) for sign in found[0] if re.match(_SIGN, sign))
    return Spotted(digits, named, f"{text[:start]}{text[end:]}")
