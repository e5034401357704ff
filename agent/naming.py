"""A stranger's answer to "which village, what name": understood as far as it goes, and kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from agent import wording
from agent.context import TurnContext
from agent.decision import Introduction, Part, Route
from agent.state import TurnState
from language.normalise import normalise
from records.spelling import syllables

_KIND = re.compile(
    "(?:村民?委?员?会?)?(?:卫生室|卫生所|医务室|卫生站|服务站)$|(?:行政|自然)?村$|庄$|社区$"
)
_BLUR = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("l", "n"), ("h", "f"))
_NAMED = re.compile(
    r"(?:我的?名字?叫|我叫|名叫|名字叫?|姓名是?|叫做|叫)[:：]?\s*([\u4e00-\u9fff·]{2,5})"
)
_AM = re.compile(r"(?:我是|俺是|是)([\u4e00-\u9fff·]{2,5})")
_PIECES = re.compile(r"[\s,，.。、;；:：/!！~-]+")
_TITLE = re.compile(
    "[大二三四老小]?(?:爷|妈|娘|爹|婶|叔|伯|姨|嫂|哥|姐|婆|奶)+$|老师|医生|大夫|师傅"
)
_TAIL = re.compile(r"(?:的|啊|呀|哦|呢|咯|哈|嘛)+$")
_NOISE = re.compile(
    "您好|你好|医生|大夫|我的?名字|我叫|我是|俺是|我家在|我家|我们|俺们|家住|住在|我住|我|俺|叫|是|住|在|这里|那边|人"
)
# The surnames of nine in ten people, and the usual ones of two characters.
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余"
    "潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊"
    "兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜肖詹关"
    "苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿"
    "戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓"
    "花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙薄伏岑习胥保和蔺"
)
_DOUBLE = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "东方",
    "皇甫",
    "尉迟",
    "公孙",
    "令狐",
    "夏侯",
    "慕容",
    "司徒",
)
_LONGEST = 60


def introduced(state: TurnState, context: TurnContext) -> Introduction | None:
    """What a stranger says of himself in this turn; None when nothing, or when we know him."""
    if context.sender.identified or not context.places:
        return None
    text = normalise(state["heed"].text).text
    if not text or len(text) > _LONGEST:
        return None
    asked = bool(context.awaiting.get("name"))
    named = _NAMED.search(text) is not None
    village, rest = village_in(text, context.places, exact=not (asked or named))
    name = name_in(rest, bare=asked)
    if village is None and not (named and name) and not (asked and name):
        return None
    return Introduction(context.sender.person_id, name, village)


def ask_once(state: TurnState, parts: tuple[Part, ...], context: TurnContext) -> TurnState:
    """A stranger is asked once for village and name, whatever else was said; never in an alarm."""
    if context.sender.identified or not context.first_contact or not parts:
        return {"parts": parts}
    if state["route"] is Route.ALARM or state.get("introduction") is not None:
        return {"parts": parts}
    awaiting = {**state.get("awaiting", {}), "name": True}
    return {"parts": (*parts, wording.part("stranger.ask_name")), "awaiting": awaiting}


def village_in(
    text: str, places: Mapping[str, str], *, exact: bool = False
) -> tuple[str | None, str]:
    """The village named in a text, by its name or its sound, and the text without it."""
    stems = {_KIND.sub("", name) or name: place for place, name in places.items()}
    for stem in sorted(stems, key=len, reverse=True):
        at = text.find(stem)
        if at >= 0:
            return stems[stem], _without(text, at, at + len(stem))
    if exact:
        return None, text
    heard = [_sounds(sign) for sign in text]
    for stem, place in stems.items():
        sounds = [_sounds(sign) for sign in stem]
        for at in range(len(text) - len(stem) + 1):
            window = heard[at : at + len(stem)]
            if all(a & b for a, b in zip(sounds, window, strict=True)):
                return place, _without(text, at, at + len(stem))
    return None, text


def name_in(text: str, *, bare: bool = False) -> str | None:
    """A person's name in a text; `bare`: it was asked for, so it may stand alone."""
    for pattern in (_NAMED, _AM):
        found = pattern.search(text)
        name = _person(_TAIL.sub("", found[1])) if found else None
        if name:
            return name
    if not bare:
        return None
    pieces = (_TAIL.sub("", _NOISE.sub("", piece)) for piece in _PIECES.split(text))
    return next((name for piece in pieces if (name := _person(piece))), None)


def _person(piece: str) -> str | None:
    """The piece, if it is built like a name."""
    if not re.fullmatch(r"[\u4e00-\u9fff·]{2,4}", piece) or _TITLE.search(piece):
        return None
    if piece.startswith(_DOUBLE):
        return piece if len(piece) > 2 else None  # noqa: PLR2004 -- more than the surname
    return piece if piece[0] in _SURNAMES and len(piece) <= 3 else None  # noqa: PLR2004 -- one and two


def _without(text: str, start: int, end: int) -> str:
    """The text without the village and the word for it."""
    tail = re.sub("^(?:村|庄|社区|那边|这边|的)+", "", text[end:])
    return f"{text[:start]}，{tail}"


def _sounds(sign: str) -> frozenset[str]:
    """How a character may sound here, with the sounds mixed up that people mix up."""
    return frozenset(_blurred(syllables(sign))) or frozenset({sign})


def _blurred(spellings: Iterable[str]) -> Iterable[str]:
    for one in spellings:
        said = one
        for strict, loose in _BLUR:
            said = said.replace(strict, loose)
        yield said
