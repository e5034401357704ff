"""A call for help that is the whole message: 救护车, 快死了, a bare 120.

Inside a sentence these words are as often talk (累得快死了, 高压120); alone they can mean little else.
"""

from __future__ import annotations

import re

from language.lexicon import table
from language.normalise import normalise
from language.understanding import Finding

GRAVE = "severe_illness_said"
_SIGNS = r"\s,，.。!！?？~、:：;\"“”'‘’（）()…啊呀呐哪吧啦"
_PLAIN = re.compile(f"[{_SIGNS}]+")
# 12.0, 1:20 and 1,20 are values: a number is trimmed at its ends only.
_ENDS = re.compile(f"^[{_SIGNS}]+|[{_SIGNS}]+$")


def cries(text: str, *, unasked: bool) -> tuple[Finding, ...]:
    """The finding of a message in standard words that is nothing but a cry for help; else none.

    Args:
        text: the message in standard words.
        unasked: it stands by itself and nothing was asked before it, so that a number is the one dialled.
    """
    if (unasked and _dialled(text)) or _PLAIN.sub("", text) in table("intents")["cries"]["words"]:
        return (Finding(GRAVE, start=0, end=len(text)),)
    return ()


def is_dialled(text: str) -> bool:
    """Whether a message, as it came, is nothing but the number of the ambulance."""
    return _dialled(normalise(text).text)


def _dialled(text: str) -> bool:
    return _ENDS.sub("", text) in table("intents")["cries"]["numbers"]
