"""What is said of an answer: 没用, 没听懂, 有用. Only when the whole message says nothing else.

药没用 and 打了针没用 are about the medicine: whatever is not listed is no feedback.
"""

from __future__ import annotations

import functools
import re
from enum import StrEnum

from language.dialects import standard
from language.lexicon import table

_MARKS = re.compile(r"[\s,，.。!！?？~、:：;；\"“”'‘’（）()…]+")
_LONGEST = 20


class Feedback(StrEnum):
    """`NO_USE` may be said of something else too, where something else was talked about."""

    NO_USE = "no_use"
    UNHELPFUL = "unhelpful"
    HELPFUL = "helpful"


def feedback_of(text: str) -> Feedback | None:
    """What a message says of the answer before it; None when it says anything else."""
    if len(text) > _LONGEST:
        return None
    whole = _MARKS.sub("", standard(text))
    return next((kind for kind in Feedback if _said(kind).fullmatch(whole)), None)


@functools.cache
def _said(kind: Feedback) -> re.Pattern[str]:
    words = table("feedback")
    around = words["around"][kind]
    before, core, behind = map(_either, (around["before"], words["core"][kind], around["behind"]))
    return re.compile(f"(?:{before}){{0,3}}(?:{core})(?:{behind}){{0,2}}")


def _either(words: list[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))
