"""What a short message changes of a value sent before, without giving a number: whose, when, which meal.

不是我的是我老婆的 · 弄错了,是早上的 · 是饭后的不是空腹的 · 那是昨天量的.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from care.reading import GlucoseContext
from language.moment import Moment
from language.moments import moment_of
from language.tokens import Tokens
from language.understanding import Understanding

_LONGEST = 24
# It must point back at something.
_BACK = re.compile(
    r"刚才|刚刚|上面|前面|上一个|那个|这个|那条|这条|那是|这是|发错|弄错|搞错|打错|写错|说错|报错|记错|错了|不是|不对|忘了说"
)
_NOT_MINE = re.compile(r"(?:不是|不算|哪是)(?:我|俺|本人|咱)(?:自己|本人|个人)?(?:的|量的|$)")
_THEIRS = re.compile(
    r"(?:他|她)?(?:[量测]的|的)?(?:血压|血糖|数字?|值|结果)?(?:啊|呀|哈|呢|嘞|哩|吧)?(?:$|[,，。!！\s]|不是)"
)
_OTHER_MATTER = re.compile(r"药|针|[吃喝]|胰岛素|[?？]|吗")
_IS = re.compile(r"(?:是|算|归|记|给|发的|：|:)\s*$")
_DENIED = re.compile(r"(?:不是|没)\s*$")


@dataclass(frozen=True, slots=True)
class Amendment:
    """`relation`: as it was said, "self" for the sender, "" when only 不是我的 was said."""

    relation: str | None = None
    moment: Moment | None = None
    context: GlucoseContext | None = None


def amendment_of(understood: Understanding, text: str) -> Amendment | None:
    """What the message puts right, or None. `text` is normalised; a message with values has none."""
    if understood.mentions or len(text) > _LONGEST or not _BACK.search(text):
        return None
    tokens = Tokens(text)
    relation = _relation(tokens)
    if relation is not None:
        return Amendment(relation=relation)
    if _OTHER_MATTER.search(text):
        return None
    context = _context(tokens)
    moment = None if context is not None else moment_of(text)
    if context is None and (moment is None or understood.question or understood.findings):
        return None
    return Amendment(moment=moment, context=context)


def _relation(tokens: Tokens) -> str | None:
    text = tokens.text
    said = [
        token.name
        for token in tokens
        if token.kind == "subject"
        and _IS.search(text, 0, token.start)
        and not _DENIED.search(text, 0, token.start)
        and _THEIRS.match(text, token.end)
    ]
    if said:
        return said[-1]
    return "" if _NOT_MINE.search(text) else None


def _context(tokens: Tokens) -> GlucoseContext | None:
    said = [
        token.name
        for token in tokens
        if token.kind == "context" and not _DENIED.search(tokens.text, 0, token.start)
    ]
    return GlucoseContext(said[-1]) if said else None
