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
_BEFORE = 12
_NEAR = 6


def result(text: str, token: Token) -> bool:
    """中午一测十七点六: right behind a verb of measuring, and no hour of the day."""
    told = _RESULT.search(text, max(0, token.start - _BEFORE), token.start) is not None
    return told and _HOUR.match(text, token.end) is None


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
