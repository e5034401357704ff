"""A call for help that is the whole message: 救护车, 快死了, a bare 120.

Inside a sentence these words are as often talk (累得快死了, 高压120); alone they can mean little else.
"""

from __future__ import annotations

import re

from language.lexicon import table
from language.understanding import Finding

GRAVE = "severe_illness_said"
_PLAIN = re.compile(r"[\s,，.。!！?？~、:：;\"“”'‘’（）()…啊呀呐哪吧啦]+")


def cries(text: str, *, unasked: bool) -> tuple[Finding, ...]:
    """The finding of a message in standard words that is nothing but a cry for help; else none.

    Args:
        text: the message in standard words.
        unasked: it stands by itself and nothing was asked before it, so that a number is the one dialled.
    """
    plain = _PLAIN.sub("", text)
    words = table("intents")["cries"]
    if plain in words["words"] or (unasked and plain in words["numbers"]):
        return (Finding(GRAVE, start=0, end=len(text)),)
    return ()
