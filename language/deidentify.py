"""Words without the person who said them: names, numbers, addresses and handles become placeholders.

For whatever leaves the conversation: a model's prompt, a curator's queue. It errs on the safe side: a
word too many may go, a telephone number may not stay. Values as people send them (138 88 72) stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

SOMEBODY = "某人"
SOMEWHERE = "某地"
NUMBER = "某号码"
HANDLE = "某账号"

_CHINESE = {sign: str(i) for i, sign in enumerate("零一二三四五六七八九")} | {
    sign: str(i) for i, sign in enumerate("〇壹贰叁肆伍陆柒捌玖")
} | {"幺": "1", "妖": "1", "两": "2", "洞": "0", "拐": "7", "勾": "9", "貳": "2", "陸": "6"}  # fmt: skip
_BETWEEN = re.compile(r"[\s\-—–_.,，、·。~]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe0f\xad\u20e3]")
_SHORTEST = 7
_THREE = 3
_KIND = re.compile(
    "(?:村民?委?员?会?)?(?:卫生室|卫生所|卫生院|医务室|服务站)$|(?:行政|自然)?[村镇乡]$|庄$|社区$"
)
_MOBILE = re.compile(r"(?:0{0,2}86)?1[3-9][0-9]{9}")
_IDENTITY = {15, 18}
_LANDLINE = re.compile(r"0[1-9][0-9]{8,10}")
# 138 88 140 90: groups as values are sent; a telephone number is not said in these.
_VALUES = re.compile(r"[12]?[0-9]{2}(?:\D+[12]?[0-9]{2})+")

_ADDRESS_OF_NET = re.compile(
    r"(?:https?|ftp|weixin|wxp)://\S+|www\.\S+"
    r"|[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+"
    r"|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:com|cn|net|org|cc|top|xyz|vip|info|io|me|shop|club|site)\b\S*",
    re.IGNORECASE,
)
_HANDLE = re.compile(
    r"(?:微信|薇信|威信|wx|vx|v信|qq|扣扣|抖音|快手)(?:号码?|id)?\s*(?:是|:|：)?\s*[A-Za-z0-9_-]{5,}"
    r"|wxid_[A-Za-z0-9_-]+|(?<![A-Za-z0-9_-])(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16,}",
    re.IGNORECASE,
)
_TITLES = (
    "大爷|大娘|大妈|大叔|大伯|大婶|大嫂|大哥|大姐|老师|师傅|医生|大夫|主任|院长|书记|村长|护士|先生|女士"
    "|爷爷|奶奶|婆婆|伯伯|叔叔|阿姨|嫂子|婶子|家的|嫂|婶|叔|伯|姨|爷|奶|哥|姐|婆"
)
_COMMON = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余"
    "潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_NAME = r"(?:欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|令狐|夏侯|慕容|司徒|[\u4e00-\u9fff])[\u4e00-\u9fff·]{1,2}"
_INTRODUCED = re.compile(
    # 糖尿病人怎么吃 and 我叫医生 introduce nobody.
    r"(?P<how>(?:我的?名字?叫|我叫|俺叫|名叫|名字叫?|姓名是?|叫做)[:：是]?\s*|(?:户主|患者|病人)(?:[:：是叫]|\s)+)"
    rf"(?!医|大夫|人|车|救|你|他|她|啥|什么|糖尿|高血)(?P<who>{_NAME})"
)
_AM = re.compile(
    rf"(?P<how>(?<![就都也还不])(?:我|俺|咱)是)(?!高血|高糖|高压|高脂)(?P<who>[{_COMMON}][\u4e00-\u9fff]{{1,2}})(?=[,，。.!！\s]|$)"
)
_ADDRESSED = re.compile(rf"(?:(?<=老)|(?<=小)|(?<![\u4e00-\u9fff])|)[{_COMMON}](?:{_TITLES})")
# Two signs that names are made of, behind a surname: 李秀英, 张建国.
_GIVEN = (
    "秀英桂芳兰玉珍凤霞建国军伟强明华平丽娟敏静艳杰涛超辉刚红梅春花淑贞琴云莲荣香翠莉玲燕萍丹志文德永福贵祥生海林峰龙波勇斌鹏飞浩宇轩涵"
    "义礼智信守忠良善仁孝勤俭富财宝金银山川江河东西南北新民田土根柱栓锁狗娃妮子菊巧彩素美爱慧洁雅婷倩蓉薇晶莹颖欣怡佳瑞琳雪冰晨阳光亮磊鑫坤乾振兴旺盛昌达发庆喜乐康宁安成功胜利全才学书诗友爱卫东"
)
_LIKE_A_NAME = re.compile(
    rf"[{_COMMON}][{_GIVEN}]{{2}}(?![{_GIVEN}])|(?<![\u4e00-\u9fff])[{_COMMON}][{_GIVEN}](?=的|家|说|今年|同志)"
)
_FAMILIAR = re.compile(
    rf"(?<![\u4e00-\u9fff])[老小][{_COMMON}](?![儿子女媳])(?![\u4e00-\u9fff]?[血药病])"
)
# 我们村, 农村, 哪个县: what stands before the word for a place is no name of one.
_NAMELESS = "我你他她您咱俺们这那哪个全本农各城菜超夜黑股在到去住回和是的了都有不没村来家自从叫跟找向让请给比"
_PLACE = re.compile(
    rf"(?:(?![{_NAMELESS}])[\u4e00-\u9fff]){{1,3}}"
    r"(?:自治区|自治州|省|市|县|镇|乡|街道|社区|大队|村民?委?员?会?|屯|庄)"
    r"(?:第?[0-9一二三四五六七八九十]+(?:组|队|号|社))?"
    r"|[0-9一二三四五六七八九十]+(?:号楼|栋|单元|村民小组)(?:[0-9]+(?:室|号))?"
)
# Full width to half width for letters, digits and the signs of an address; 。 and ， stay.
_HALF = {code: code - 0xFEE0 for code in range(0xFF0B, 0xFF5B) if chr(code) not in "，：；？＜＝＞"}


def deidentified(text: str, names: Iterable[str] = (), places: Iterable[str] = ()) -> str:
    """The text without who said it.

    Args:
        text: a person's words.
        names: people who may be named in it, practitioners included.
        places: villages and townships, with or without the word for it.
    """
    shown = numberless(text)
    called = (piece for name in names for piece in _pieces_of_name(name))
    situated = (piece for place in places for piece in _pieces_of_place(place))
    shown = _without(_without(shown, called, SOMEBODY), situated, SOMEWHERE)
    shown = _INTRODUCED.sub(lambda m: m["how"] + SOMEBODY, shown)
    shown = _AM.sub(lambda m: m["how"] + SOMEBODY, shown)
    shown = _LIKE_A_NAME.sub(SOMEBODY, shown)
    shown = _FAMILIAR.sub(SOMEBODY, _ADDRESSED.sub(SOMEBODY, shown))
    return _PLACE.sub(SOMEWHERE, shown)


def numberless(text: str) -> str:
    """The text without telephone and identity numbers, handles and addresses of the net."""
    shown = _INVISIBLE.sub("", text)
    shown = _ADDRESS_OF_NET.sub(HANDLE, shown.translate(_HALF))
    return _HANDLE.sub(HANDLE, _without_numbers(shown))


def _without_numbers(text: str) -> str:
    pieces, last = [], 0
    for start, end in _named_by_number(text):
        pieces += [text[last:start], NUMBER]
        last = end
    return "".join([*pieces, text[last:]])


def _named_by_number(text: str) -> Iterator[tuple[int, int]]:
    """Where a run of digits, in any script and however spaced, names a person or a telephone."""
    at = 0
    while at < len(text):
        if not _digit(text[at]):
            at += 1
            continue
        digits, end, begin = "", at, at
        while at < len(text) and (_digit(text[at]) or _joins(text, at)):
            if digit := _digit(text[at]):
                digits, end = digits + digit, at + 1
            at += 1
        if text[end : end + 1] in {"x", "X"} and len(digits) == max(_IDENTITY) - 1:
            digits, end, at = digits + "X", end + 1, end + 1
        if _names_somebody(digits, text[begin:end]):
            yield begin, end


def _names_somebody(digits: str, written: str) -> bool:
    if len(digits) < _SHORTEST:
        return False
    if digits == written or written.isalpha():
        return True
    if _VALUES.fullmatch(written):
        return False
    if len(digits) in _IDENTITY or _MOBILE.search(digits) or _LANDLINE.fullmatch(digits):
        return True
    return max(map(len, re.split(r"\D+", written))) >= _SHORTEST or _one_by_one(written)


def _one_by_one(written: str) -> bool:
    """1 3 8 0 0 1 3: said sign by sign."""
    pieces = [piece for piece in _BETWEEN.split(written) if piece]
    return len(pieces) >= _SHORTEST and all(len(piece) == 1 for piece in pieces)


def _digit(sign: str) -> str:
    if sign in _CHINESE:
        return _CHINESE[sign]
    value = unicodedata.digit(sign, None)
    return "" if value is None else str(value)


def _joins(text: str, at: int) -> bool:
    """At most two signs stand between two digits of one number."""
    return _BETWEEN.match(text, at) is not None and any(
        _digit(sign) for sign in text[at + 1 : at + 3]
    )


def _pieces_of_name(name: str) -> tuple[str, ...]:
    """王桂芳 is also called 桂芳."""
    whole = name.strip()
    given = whole[-2:] if len(whole) == _THREE and not whole.isascii() else ""
    return tuple(piece for piece in (whole, given) if len(piece) > 1)


def _pieces_of_place(place: str) -> tuple[str, ...]:
    whole = place.strip()
    stem = _KIND.sub("", whole)
    return tuple(piece for piece in (whole, stem) if len(piece) > 1)


def _without(text: str, pieces: Iterable[str], placeholder: str) -> str:
    longest_first = sorted(set(pieces), key=len, reverse=True)
    if not longest_first:
        return text
    return re.sub("|".join(map(re.escape, longest_first)), placeholder, text)
