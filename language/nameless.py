"""What stands around a value without a name, so that it can be one thing only."""

from __future__ import annotations

import re

from language.tokens import Token

# 中午一测十七点六: what a verb of measuring is followed by at once is no time of day.
_RESULT = re.compile(
    r"(?:一[测量扎查验]|[测量扎查验](?:出来?|得|着|到|了个?|起|哒|咗)|打出来)(?:是|有|都|才|只有)?$"
)
_HOUR = re.compile(r"\s*(?:分|钟|半|左右|的时候|吃|起床)")
_STILL = re.compile(r"(?:还是|还只有?|才|只有|就|升到|降到|又是|变成)$")
_FED = re.compile(r"糖水|蜂蜜|[吃喝含][了过]?[^,。]{0,3}糖|可乐|补了糖")
_A_MINUTE = re.compile(r"(?:一|每|1)分钟(?:有|跳|是|都|就|大概|差不多)*$")
_HEART = re.compile(r"心|脉")
# 3.6,有点饿: a bare value at the very beginning, beside what low or high sugar does.
_SUGARY = re.compile(
    r"饿|手抖|发抖|心慌|冒汗|冷汗|出汗|糖|空腹|饭后|餐后|饭前|餐前|胰岛素|口渴|口干"
)
_ENDS = re.compile(r"$|[\s,，.。!?;；、()（）\]】吧了呢的啊左上以后]")
_LIKELY = r"(?:都|也|是|就|在|才|只有|又|还|已经|突然|忽然|一下子?|竟然|大概|差不多|大约|到了?|有|高到|升到|涨到|变成|老是?|,)*"
_SINCE = re.compile(
    rf"(?:今天|今早|今晨|今晚|早上|今儿个?|今朝|今日|现在|这两天|这几天|最近|刚才|昨天|昨晚|平时|平常|一般|以前|往常){_LIKELY}$"
)
_BASELINE = re.compile(
    rf"(?:平时|平常|一般|以前|往常|原来|平日){_LIKELY}(?:1[0-9]{{2}}|[0-9]\.[0-9]|一百|百)[^,，。]{{0,4}}[,，。\s]*(?:今|现在|这两天|这几天|最近|刚|昨)"
)
# 六点九,空腹 and 中饭吃好两个钟头,十点一: no hour of the day, for the meal says what was measured.
_MEAL_BEHIND = re.compile(
    r"[\s,，、(（]*(?:空腹|[早中午晚]?[饭餐][前后])[^,，。]{0,6}[)）]?[\s。]*$"
)
_MEAL_BEFORE = re.compile(
    r"(?:[饭餐][^,，。]{0,2}(?:后|[吃过完好罢]了?)|餐后)[^,，。]{0,3}(?:两|二|2)个?(?:多)?(?:小时|钟头)[\s,，是:]*$"
)
_BEFORE = 12
_SENTENCE = 16
_NEARBY = 24
_NEAR = 6


def result(text: str, token: Token) -> bool:
    """中午一测十七点六: right behind a verb of measuring, and no hour of the day."""
    told = _RESULT.search(text, max(0, token.start - _BEFORE), token.start) is not None
    return told and _HOUR.match(text, token.end) is None


def at_meal(text: str, token: Token) -> bool:
    """六点九,空腹: the message is this number and the meal it belongs to."""
    alone = not text[: token.start].strip() and _MEAL_BEHIND.match(text, token.end) is not None
    begin = max(0, token.start - _SENTENCE)
    after = _MEAL_BEFORE.search(text, begin, token.start) is not None
    return alone or (after and _ENDS.match(text, token.end) is not None)


def bare(text: str, token: Token) -> bool:
    """3.6,有点饿: the very first word, with a message about sugar behind it."""
    alone = not text[: token.start].strip() and _ENDS.match(text, token.end) is not None
    return alone and token.figure.decimals == 1 and _SUGARY.search(text) is not None


def fed(text: str, token: Token) -> bool:
    """喝了蜂蜜水还是3.0."""
    told = _STILL.search(text, max(0, token.start - _NEAR), token.start) is not None
    return told and _FED.search(text, 0, token.start) is not None


def beats(text: str, token: Token) -> bool:
    """心口跳得厉害,一分钟一百五十几."""
    told = _A_MINUTE.search(text, max(0, token.start - _NEAR), token.start) is not None
    return told and _HEART.search(text) is not None and _ENDS.match(text, token.end) is not None


def contrasted(text: str, token: Token) -> bool:
    """平时130,今天160多: a value of now beside a baseline, both without a name."""
    begin, end = max(0, token.start - _NEARBY), token.end + _NEARBY
    return (
        _SINCE.search(text, begin, token.start) is not None
        and _BASELINE.search(text, begin, end) is not None
        and _ENDS.match(text, token.end) is not None
    )
