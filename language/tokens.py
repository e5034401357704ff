"""From characters to tokens: numbers with their units, words of the lexicon, breaks, and walls.

A `skip` token is a number that cannot be a reading: a date, a clock time, a dose, an age, a phone.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace

from language.lexicon import Word, lexicon, table, units
from language.numerals import Number, number_at

_NUMBER_SIGNS = frozenset("0123456789零一二两俩三四五六七八九十百幺")
_STOPS = frozenset("。!?;\n！？；")
_BREAKS = frozenset(",，、 :：()[]【】<>《》\"“”'‘’/")
# Characters that may stand between a name and its value without parting them.
_FILLER = frozenset(
    "是为在到了的测量有又都达约大概左右就也才只还成至及与和=()（）:： -,，、~/值数偏升高低最上过去血压糖竟然已经。个把把得出来着吧呢啊嘛哈哦↑↓*\"“”'<>[]【】早晚中午餐饭后前和跟乎几"
)

_MASKS = re.compile(
    r"(?P<year>(?<![0-9])(?:19|20)[0-9]{2}(?:年(?:[0-9一二三四五六七八九十]{1,3}月(?:份|[0-9]{1,2}[日号]?)?)?|[-/.][0-9]{1,2}(?:[-/.][0-9]{1,2})?(?![0-9])))"
    r"|(?P<year2>[二2][零〇0][零一二〇012][零一二三四五六七八九〇0-9]年)"
    r"|(?P<date>(?<![0-9.])[01]?[0-9]月(?:份|[0-3]?[0-9][日号]?)?|十?[一二三四五六七八九十]月(?:份|[一二三]?十?[一二三四五六七八九十]?[日号])?|(?<![0-9])[0-3]?[0-9][日号](?!楼|床))"
    r"|(?P<clock>(?<![0-9:])[012]?[0-9]:[0-5][0-9](?![0-9])|(?<![0-9.])[012]?[0-9]点(?:[0-5]?[0-9]分|半(?!到)|钟|整|来钟|左右|多钟)|十?[一二三四五六七八九十]点(?:[一二三四五]?十?[一二三四五六七八九]?分|半(?!到)|钟|整|来钟|多钟))"
    r"|(?P<phone>(?<![0-9])[0-9]{3,4}-[0-9]{7,8}(?![0-9])|[0-9]{7,}|1[3-9][0-9][- ][0-9]{4}[- ][0-9]{4})"
    r"|(?P<after>(?:吃(?:完|了|过)?[早中晚午]?饭|进餐|用餐)(?:完|了|过)?[一两二三半123]个?半?个?(?:小时|钟头|钟)(?:后|以后|之后|测|量))"
    r"|(?P<meal>[吃喝][了完过][^药片粒针糖,。!?\s0-9]{1,5}?(?:后[一两二三半123]个?半?个?(?:小时|钟头|钟)|[一两二三半123]个?半?个?(?:小时|钟头|钟)(?:后|以后|之后)))"
    r"|(?P<lately>近(?:[一二两三半几1-3]个?(?:周|星期|礼拜|月|天|日)(?:来|内|以来)?))"
    r"|(?P<thisyear>今年(?=空腹|血压|血糖|[餐饭]后|糖化|高压|低压|一?[量测查]|体检|检查|再|复查|又|突然|变成|成了|升|涨|开始))"
    r"|(?P<again>又(?=[0-9]{2,3}/))"
    r"|(?P<kept>控制(?=[0-9]))"
    r"|(?P<once>(?:生|怀)(?:老[大二三]|[一二两三]胎|儿子|女儿|闺女)[^,。0-9]{0,3}?(?:时候?|那年|那会儿?|那时)|(?:年轻|当兵|结婚|上大学|念书|读书|毕业|退休)的?(?:时候?|那年|那会儿?|那时))"
    r"|(?P<dosed>[吃服用打][了上](?!以|之)[^,。!?\s0-9餐饭]{1,8}?(?:以后|之后|后)(?![一两二三半]|[0-9](?![0-9]{2})))"
    r"|(?P<treated>(?:(?:加|换|改)(?:了|成|用|吃|服|为)[^,。!?\s0-9]{1,10}?|换[^,。!?\s0-9餐饭季地]{2,8}?)(?<!以|之)后)"
    r"|(?P<taking>(?:服用|口服|加用|改用|换用|注射)[^,。!?;\n]{2,24}?(?<!以|之|饭|餐|食)(?:以后|之后|后)(?=[^,。0-9一二两三]{0,6}[0-9]))"
    r"|(?P<aged>[男女](?:性|士)?[0-9]{2}(?![0-9./]))"
    r"|(?P<ordinal>第[二三四五六2-6][次遍回])"
    r"|(?P<fraction>(?<![0-9./])[1-9]/[1-9](?![0-9./]))"
)
# What some masks say: kind and name of their token.
_SAID = {
    "treated": ("time", "treated"),
    "taking": ("time", "treated"),
    "lately": ("time", "now"),
    "once": ("time", "past"),
    "thisyear": ("time", "now"),
    "again": ("time", "again"),
    "dosed": ("time", "again"),
    "kept": ("time", "habitual"),
    "after": ("context", "postprandial"),
    "meal": ("context", "postprandial"),
}
# 1.血压149/95 2.血糖6.5: the numbers of a list, when they count up from one.
_LISTED = re.compile(r"(?<![0-9.])[1-9](?=[.、)](?!\s*[0-9]))")
_AGO = re.compile(r"(?:多|半)?(?:之前|以前|前)(?!后)")
# Labelling guide A: a value up to three days old is current.
_CURRENT_DAYS = 3
_HOURS = frozenset({"小时", "个小时", "钟头", "个钟头", "分钟", "分", "个钟"})
_BEATS = frozenset({"次", "下", "跳"})
_BEATING = re.compile(
    r"(?:心室率|心跳|心脏跳|脉跳|心动过[速缓]|窦性心律|窦[律速缓]|心率|脉搏|脉率|脉|每分钟?|一分钟)[^,，。]{0,5}(?:[0-9]{2,3}次?[^,，。0-9]{1,4})?$"
)
_TWO = 2
_LOWER = re.compile(r"[0-9]{2,3}/[0-9]{2,3}$")
_OF_PRESSURE = re.compile(r"压[^,，。0-9]{0,3}$")
_OF_GLUCOSE = re.compile(r"(?:血糖|空腹|[餐饭]后)[^,，。0-9]{0,4}(?:[0-9.]{1,4}[到至-])?$")
_ONLY = re.compile(r"$|[\s,，。!?;]|之间|左右|上下")
_HUNDRED = 100
# 血糖一点九 is a number; 血糖高一点 and 好一点一直 are not.
_ONE_POINT = re.compile(
    r"(?<=[糖腹是到测量后前得就才只剩:,， ])一点[二三四五六七八九](?![点个天次年月十百])"
)
_POINTS = re.compile(
    r"(?:空腹|[餐饭]前|[餐饭]后(?:两小时|2小时)?|睡前)(?:血糖|是|有|都)?(?P<n>[0-9]{1,2}|[一二三四五六七八九十]{1,3})点"
    r"(?=$|[\s,，。;；]|[早午晚中]?[餐饭]|空腹|睡前)"
)
# 血糖十八块二: the coin that stands for the point.
_TENTH = re.compile(r"[0-9一二三四五六七八九](?![0-9一二三四五六七八九十毛角块元])")
# 38度5, 三十八度五
_TENTHS = re.compile(r"[0-9零一二三四五六七八九](?![0-9.十百])")
_SAID_TENTHS = "0123456789零一二三四五六七八九"
_BARE = re.compile(r"\s*")


_NOTHING = Number(0, 0, 0.0)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or break, with its place in the normalised text."""

    kind: str
    name: str
    start: int
    end: int
    number: Number | None = None
    unit: str | None = None

    @property
    def figure(self) -> Number:
        """The number of a number token."""
        return self.number or _NOTHING


class Tokens(list[Token]):
    """The tokens of one text. `loose(a, b)` counts characters that nothing explains."""

    def __init__(self, text: str) -> None:
        super().__init__(_scan(text))
        self.text = text
        loose = [0 if sign in _FILLER else 1 for sign in text]
        for token in self:
            if token.kind != "stop":
                for i in range(token.start, token.end):
                    loose[i] = 0
        self._sums = [0, *itertools.accumulate(loose)]

    def loose(self, start: int, end: int) -> int:
        return self._sums[end] - self._sums[start] if end > start else 0


def _scan(text: str) -> list[Token]:
    tokens: list[Token] = []
    position, size = 0, len(text)
    words, masks = lexicon(), {m.start(): m for m in _MASKS.finditer(text)}
    listed = _listed(text) | _pointed(text)
    while position < size:
        token = (
            listed.get(position)
            or _masked(masks.get(position))
            or _word(text, position, words.at(text, position))
            or _number(text, position)
            or _break(text, position)
        )
        if token is None:
            position += 1
            continue
        tokens.append(token)
        position = token.end
    return tokens


def _listed(text: str) -> dict[int, Token]:
    found = list(_LISTED.finditer(text))
    counted = [m for place, m in enumerate(found, start=1) if m[0] == str(place)]
    if len(counted) < _TWO:
        return {}
    return {m.start(): Token("skip", "listed", m.start(), m.end()) for m in counted}


def _pointed(text: str) -> dict[int, Token]:
    """餐前8点餐后12点: beside two moments the points are those of the meter, not of the clock."""
    found = list(_POINTS.finditer(text))
    if len(found) < _TWO:
        return {}
    numbers = [(m, number_at(text[: m.end("n") + 1], m.start("n"))) for m in found]
    return {
        m.start("n"): Token("num", "", m.start("n"), m.end(), number)
        for m, number in numbers
        if number is not None
    }


def _masked(found: re.Match[str] | None) -> Token | None:
    if found is None:
        return None
    name = found.lastgroup or ""
    if name in {"year", "year2"}:
        return Token("time", "past", found.start(), found.end())
    if name == "date":
        return Token("time", "vague", found.start(), found.end())
    if name in _SAID:
        return Token(*_SAID[name], found.start(), found.end())
    return Token("skip", name, found.start(), found.end())


def _word(text: str, start: int, word: Word | None) -> Token | None:
    if word is None or (word.text == "一点" and _ONE_POINT.match(text, start)):
        return None
    return Token(word.kind, word.name, start, start + len(word.text))


def _number(text: str, start: int) -> Token | None:
    number = number_at(text, start) if text[start] in _NUMBER_SIGNS else None
    if number is None:
        return None
    space = _BARE.match(text, number.end)
    unit_start = space.end() if space else number.end
    unit = units().at(text, unit_start) if unit_start < len(text) else None
    if unit is None or _no_unit(text, unit, unit_start, number.end):
        return Token("num", "", start, number.end, number)
    end = unit_start + len(unit.text)
    if unit.kind == "clinical":
        return _clinical(text, start, end, number, unit.name)
    return _other_unit(text, start, end, number, unit.text)


def _other_unit(text: str, start: int, end: int, number: Number, unit: str) -> Token:
    """A dose, a date, an age; or 3天前, which is a time; or 心跳108次, which is a pulse."""
    if unit in _BEATS and _BEATING.search(text, max(0, start - 18), start):
        return Token("num", "", start, end, number, "pulse")
    if unit == "出头" and (number.value >= _HUNDRED or _OF_PRESSURE.search(text, 0, start)):
        return Token("num", "", start, end, replace(number, approximate=True))
    if unit[0] == "块" and _OF_GLUCOSE.search(text, 0, start):
        return _coined(text, start, end - len(unit) + 1, number)
    measured = _OF_GLUCOSE.search(text, 0, start) or _OF_PRESSURE.search(text, 0, start)
    if measured and _counted(text, end, number, unit):
        return Token("num", "", start, end, number)
    if ago := _AGO.match(text, end):
        recent = unit in _HOURS or (unit == "天" and number.value <= _CURRENT_DAYS)
        return Token("time", "now" if recent else "past", start, ago.end())
    return Token("skip", unit, start, end, number)


def _counted(text: str, end: int, number: Number, unit: str) -> bool:
    """空腹八九点, 血糖七个, 低压九十来个: a level, told with the word for a point or a piece."""
    vague = unit == "点" and number.low is not None
    return vague or (unit == "个" and _ONLY.match(text, end) is not None)


def _coined(text: str, start: int, after: int, number: Number) -> Token:
    """血糖十八块二: the coin stands for the point."""
    tail = _TENTH.match(text, after)
    if tail is None:
        return Token("skip", "块", start, after, number)
    tenths = int(tail[0]) if tail[0].isdigit() else "零一二三四五六七八九".find(tail[0])
    end = tail.end()
    return Token("num", "", start, end, Number(start, end, number.value + tenths / 10, decimals=1))


def _no_unit(text: str, unit: Word, start: int, after: int) -> bool:
    """148头晕, 150 下压: the sign behind the number begins another word."""
    if unit.kind != "other" or len(unit.text) > 1:
        return False
    if unit.text == "点" and text[start - 1] == "多":  # 一百五多点: a little more, not a time
        return True
    if unit.text == "头" and _LOWER.search(text, 0, after):  # 170/115头有点胀: no heads counted
        return True
    follows = text[start + 1 : start + 2]
    return start > after or (
        follows != "" and follows in table("units")["never_before"].get(unit.text, "")
    )


def _clinical(text: str, start: int, end: int, number: Number, unit: str) -> Token | None:
    if unit == "temp" and (tail := _TENTHS.match(text, end)) and number.whole:
        value = number.value + _SAID_TENTHS.index(tail[0]) % 10 / 10
        number = Number(start, end + 1, value, decimals=1)
        end += 1
    return Token("num", "", start, end, number, unit)


def _break(text: str, start: int) -> Token | None:
    sign = text[start]
    if sign in _STOPS:
        return Token("stop", sign, start, start + 1)
    if sign in _BREAKS:
        return Token("brk", sign, start, start + 1)
    return None
