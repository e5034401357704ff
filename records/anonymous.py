"""Takes out of a question that is kept what leads to a person: names, numbers, places, days, accounts.

Stricter than `language.deidentify`, whose numbers it begins with: these words are kept for years and
read by strangers. Numbers, accounts, dates and whatever the installation knows by name go by their shape,
without exception. Names and places nobody told us are found by how people introduce themselves,
which no rule does completely; docs/knowledge.md says how often. When in doubt, out it goes: a word
less costs a curator little.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from language.deidentify import HANDLE, NUMBER, numberless
from language.normalise import normalise
from records.spelling import syllables

NAME, PLACE, DIGITS, DAY, ACCOUNT, AGE = "name", "place", "number", "day", "account", "age"
# What stands in the words instead; the page explains them.
MARKS = {
    NAME: "〔姓名〕",
    PLACE: "〔地名〕",
    DIGITS: "〔号码〕",
    DAY: "〔日期〕",
    ACCOUNT: "〔账号〕",
}
_ALREADY = {NUMBER: DIGITS, HANDLE: ACCOUNT}
LONGEST = 300
_SHORT = 2
# Names, places and signs of which the work on them is remembered.
_MOST_KNOWN = 16384
_DATA = Path(__file__).with_suffix(".toml")

_APPS = "微信|威信|薇信|围信|weixin|wechat|wx|vx|v信|扣扣|qq|q号|抖音|快手|钉钉|支付宝"
# Numbers and accounts that `language.deidentify` leaves, because they are short or have their name with them.
_ACCOUNT = (
    # A mixture of letters and digits is nobody's word: lihua1954.
    r"(?<![a-z0-9_])(?=[a-z0-9_\-]*[a-z])(?=(?:[a-z_\-]*[0-9]){3})[a-z0-9_\-]{6,}",
    r"(?<![a-z0-9])[a-z]+_[a-z0-9_]+",
    rf"(?:{_APPS})(?:号码?|id|账号)?(?:[:：是为叫\s]|我的)*[a-z0-9_][a-z0-9_\-]{{3,}}",
)
_NUMBER = (
    r"[0-9]{7,}x?",
    r"(?:尾号|后四位|末四位|后三位|后六位)(?:[:：是为\s])*[0-9零〇一二三四五六七八九幺]{3,6}x?",
    r"(?:卡号|证号|编号|档案号|住院号|病历号|身份证|门诊号|床号|车牌号?|户号|房号)(?:[:：是为\s号码])*[a-z0-9\-]{3,}",
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][·\s]?[a-z0-9]{5,6}(?![a-z0-9])",
)
_HOUSE = (
    r"[0-9零一二三四五六七八九十]{1,4}(?:号楼|栋|幢|号院|单元|号门|弄|巷)(?:[0-9一二三四五六七八九十]{1,4}(?:单元|号|室|楼|层))*(?:[0-9]{2,4})?",
    r"[0-9一二三四五六七八九十]{1,3}(?:组|队|社)(?:[0-9一二三四五六七八九十]{1,4}号)",
    r"(?<=村)[0-9一二三四五六七八九十]{1,3}(?:组|队|社|号)",
)
_NTH = "[初十廿一二三四五六七八九]"
_DAY = (
    r"(?:19|20)[0-9]{2}\s*[年.\-/]\s*[0-9]{1,2}(?:\s*[月.\-/]\s*[0-9]{1,2}\s*[日号]?|\s*月)?",
    r"(?:19|20)[0-9]{2}年",
    r"(?<![0-9])[0-9]{2}年(?:[0-9]{1,2}月)?(?:[0-9]{1,2}[日号])?(?=出?生|的?人)",
    r"(?<![0-9])[0-9]{1,2}月(?:份)?[0-9]{1,2}[日号]?",
    rf"(?:正|腊|冬|十一|十二|[一二三四五六七八九十])月(?:{_NTH}{{2,3}}|十|廿)[日号]?",
    r"(?<![0-9.])(?:[1-9]|[12][0-9]|3[01]|[一二三四五六七八九十]{1,3})号(?!楼|门|院|线|药|针|胰|片|方)",
    r"属[鼠牛虎兔龙蛇马羊猴鸡狗猪](?:的)?",
    r"(?:生日|出生)(?:[:：是在于\s])*[0-9零一二三四五六七八九十年月日号.\-/]{3,}",
)
_YEARS = re.compile(r"(?<![0-9.])([1-9])[0-9](?=\s*(?:周?岁|来岁))")
_YEARS_SPELLED = re.compile(r"([二三四五六七八九]?十)[一二三四五六七八九](?=周?岁)")
# 〔地名〕三组15号: which group of the village.
_BEHIND_PLACE = re.compile(
    "(?:〔地名〕){2,}[0-9]{2,4}室?(?![0-9/.])"
    "|〔地名〕(?:〔地名〕|第?[0-9一二三四五六七八九十]{1,3}(?:组|队|社|号|户))+"
)
_WIDE = {",": "，", "?": "？", "!": "！", ";": "；", ":": "："}
_NARROW = re.compile("(?<![0-9a-z])[,?!;:]|[,?!;:](?![0-9a-z])")
_KIND = re.compile(
    "(?:村民?委?员?会?)?(?:卫生室|卫生所|医务室|卫生站|服务站|卫生院|人民医院|中心)$"
    "|(?:行政|自然)?村$|社区$|镇$|乡$|县$|市$|区$"
)
# Signs that stand before a place and are no part of it.
_LOOSE = "我你他她们在到去是的了住从来家和跟有上下回问看这那个比送返约午找向让请给叫好坏"
_HAN = r"\u4e00-\u9fff"


@dataclass(frozen=True, slots=True)
class Anonymous:
    """The words without the person, and the kinds of what was taken out."""

    words: str
    removed: tuple[str, ...]


def anonymous(text: str, names: Iterable[str] = (), places: Iterable[str] = ()) -> Anonymous:
    """Take out of a message what leads to a person.

    Args:
        text: the message as it came.
        names: names that are known: of those behind the phone, of the staff.
        places: the names of the installation's facilities.
    """
    names, places = tuple(names), tuple(places)
    left = _Left(normalise(numberless(text)).text)
    for placeholder, kind in _ALREADY.items():
        left.cut(kind, _compiled(placeholder))
    for kind, patterns in ((ACCOUNT, _ACCOUNT), (DIGITS, _NUMBER), (PLACE, _HOUSE), (DAY, _DAY)):
        for shape in patterns:
            left.cut(kind, _compiled(shape))
    left.cut_known(names, places)
    for kind, pattern, kept in _habits():
        left.cut(kind, pattern, kept)
    left.cut(PLACE, _BEHIND_PLACE)
    left.round_ages()
    return Anonymous(_written(left.words)[:LONGEST], tuple(sorted(left.removed)))


@dataclass(slots=True)
class _Left:
    """What is left of the words while one thing after the other is taken out."""

    words: str
    removed: set[str] = field(default_factory=set)

    def cut(self, kind: str, pattern: re.Pattern[str], group: str = "") -> None:
        changed = pattern.sub(lambda found: _masked(found, group, MARKS[kind]), self.words)
        self._become(changed, kind)

    def cut_known(self, names: Iterable[str], places: Iterable[str]) -> None:
        """Hundreds are known and almost none is said: only a likely one is worth a pattern."""
        signs = frozenset(self.words)
        said = {part for name in names for part in _parts_of(name) if signs.issuperset(part)}
        for name in sorted(said, key=len, reverse=True):
            self.cut(NAME, _spaced(name))
        near = {stem for place in places for stem in _stems(place) if stem in self.words}
        for place in sorted(near, key=len, reverse=True):
            self.cut(PLACE, _compiled(re.escape(place) + "(?:村|镇|乡|县|庄|社区)?"))
        self._become(_without_sounds(self.words, names), NAME)

    def round_ages(self) -> None:
        aged = _YEARS_SPELLED.sub(r"\1多", _YEARS.sub(r"\g<1>0多", self.words))
        self._become(aged, AGE)

    def _become(self, words: str, kind: str) -> None:
        if words != self.words:
            self.words = words
            self.removed.add(kind)


def _written(words: str) -> str:
    """As it is printed: commas and marks of questions of full width again, but not inside numbers."""
    return _NARROW.sub(lambda found: _WIDE[found[0]], words.strip())


def _masked(found: re.Match[str], group: str, mark: str) -> str:
    """The match with one group of it masked, or all of it; ordinary words stay."""
    if not group:
        return mark
    if _ordinary(found[group], group):
        return found[0]
    start, end = found.start(group) - found.start(), found.end(group) - found.start()
    return found[0][:start] + mark + found[0][end:]


def _ordinary(said: str, group: str) -> bool:
    data = _data()
    if group == "place":
        return said in data["places"]["common"]
    ordinary = data["names"]["ordinary"]
    # 花生米 is no 花生米某, but 黄金凤 is somebody though 黄金 is gold.
    return said in ordinary or said.startswith(tuple(one for one in ordinary if len(one) > _SHORT))


@lru_cache(maxsize=_MOST_KNOWN)
def _parts_of(name: str) -> tuple[str, ...]:
    """The whole name, and a given name that is long enough to be nothing else."""
    plain = re.sub(r"\s+", "", normalise(name).text)
    if len(plain) > _SHORT:
        return (plain, plain[1:])
    return (plain,) if len(plain) > 1 else ()


@lru_cache(maxsize=_MOST_KNOWN)
def _stems(place: str) -> tuple[str, ...]:
    """The name of a place with and without what it is: 东沟村卫生室, 东沟."""
    found = []
    stem = normalise(place).text
    while len(stem) > 1:
        found.append(stem)
        shorter = _KIND.sub("", stem)
        if shorter == stem:
            break
        stem = shorter
    return tuple(found)


def _spaced(name: str) -> re.Pattern[str]:
    """王桂花, 王 桂 花, 王.桂.花."""
    return re.compile(r"[\s.。·,，、-]{0,2}".join(re.escape(sign) for sign in name))


def _without_sounds(words: str, names: Iterable[str]) -> str:
    """A known name as the keyboard's first guess spells it goes too: 王贵花 for 王桂花."""
    heard = [_sounds_of(sign)[0] for sign in words]
    every = frozenset[str]().union(*heard)
    for name in dict.fromkeys(names):
        sounds = _sounds_of(name)
        # Two syllables are too many other words.
        if len(sounds) <= _SHORT or any(one.isdisjoint(every) for one in sounds):
            continue
        for at in range(len(heard) - len(sounds), -1, -1):
            window = heard[at : at + len(sounds)]
            if all(not a.isdisjoint(b) for a, b in zip(window, sounds, strict=True)):
                words = words[:at] + MARKS[NAME] + words[at + len(sounds) :]
                # A mark sounds like nobody.
                heard[at : at + len(sounds)] = [frozenset()] * len(MARKS[NAME])
    return words


@lru_cache(maxsize=_MOST_KNOWN)
def _sounds_of(name: str) -> tuple[frozenset[str], ...]:
    """Every way to spell each sign of a name; spaces are no signs, unless there is nothing else."""
    signs = re.sub(r"\s+", "", name) or name
    return tuple(frozenset(syllables(sign)) for sign in signs)


@lru_cache(maxsize=1)
def _habits() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """How people say who and whence they are. The named group is what goes."""
    names, places = _data()["names"], _data()["places"]
    surname = f"(?:{'|'.join(names['double'])}|[{names['surnames']}])"
    given = f"[{names['given']}]"
    person = rf"(?P<name>{surname}{given}{{1,2}})"
    loose = rf"(?P<name>{surname}[{_HAN}]{{1,2}})"
    ends = rf"(?=$|[^{_HAN}]|的|啊|呀|哈|今|想|要|问|吃|有|量|测|血|打|是|,|，)"
    relation, title = _either(names["relations"]), _either(names["titles"])
    likely = places["likely"]
    said = rf"(?P<place>[{_HAN}]{{1,4}}?"
    from_here = r"(?:我是|俺是|我在|家在|家住|住在|老家是?|来自|我们是|我住|人在|搬到|嫁到)"
    patterns: Iterable[tuple[str, str, str]] = (
        (PLACE, rf"(?P<place>[{names['surnames']}]家[{likely}村](?<!里)(?<!头))", "place"),
        (PLACE, rf"{from_here}{said}[{likely}])(?=的|人|村|那|这|组|$|[^{_HAN}])", "place"),
        (
            PLACE,
            rf"(?P<place>(?:(?![{_LOOSE}])[{_HAN}]){{1,6}}?{_either(places['sure'])})",
            "place",
        ),
        (NAME, rf"(?:我叫|俺叫|名叫|名字叫?|姓名|叫做|叫|是叫)[:：是]?\s*{loose}{ends}", "name"),
        (NAME, rf"(?:我是|俺是|这是|这里是)\s*{person}{ends}", "name"),
        (NAME, rf"(?:的|〕)\s*{person}(?=$|[^{_HAN}])", "name"),
        (NAME, rf"{relation}(?:叫|是|名叫)?[:：]?\s*{person}", "name"),
        (NAME, rf"(?:姓)(?P<name>{surname})", "name"),
        (NAME, rf"(?:我是|俺是|我叫)(?P<name>[小阿老]{given})(?=[^{_HAN}]|$)", "name"),
        (
            NAME,
            rf"(?P<name>(?:{surname}{given}{{1,2}}|[{names['nicknamed']}]))(?={title})(?<![谢多感致]谢)(?<!^谢)",
            "name",
        ),
        (NAME, rf"(?P<name>{surname})(?={_either(names['kin'])})", "name"),
        (NAME, rf"(?P<name>[{names['nicknamed']}])(?=[嫂婶叔伯姨爷奶哥姐婆])", "name"),
        (NAME, rf"(?P<name>[老小][{names['nicknamed']}])(?![{names['nicknamed_no']}])", "name"),
        (NAME, rf"(?:^|[,，。.!！?？;；\s]){person}(?=$|[,，。.!！?？;；\s])", "name"),
        (NAME, rf"(?:—|-|by|署名)\s*{person}$", "name"),
    )
    return tuple((kind, re.compile(pattern), group) for kind, pattern, group in patterns)


def _either(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(map(re.escape, words), key=len, reverse=True))})"


_compiled: Callable[[str], re.Pattern[str]] = lru_cache(maxsize=256)(re.compile)


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return tomllib.loads(_DATA.read_text("utf-8"))
