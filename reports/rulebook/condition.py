"""A rule's condition in words: 甲 且 乙, 甲 或 乙, 丙 中至少两项; shared conditions by their name."""

from __future__ import annotations

from care.condition import Condition
from reports.rulebook.words import fact, word

_JOIN = {"all": " 且 ", "any": " 或 ", "count": "、"}


def in_words(condition: Condition, *, outermost: bool = True) -> str:
    """The condition as one line. A shared one stands in 〔〕 and is spelt out in its own section."""
    if condition.name and not outermost:
        return f"〔{word('defined', condition.name)}〕"
    parts = [
        fact(part) if isinstance(part, str) else in_words(part, outermost=False)
        for part in condition.parts
    ]
    joined = _JOIN[condition.word].join(parts)
    if condition.word == "count":
        return f"（{joined}）中至少{condition.count}项"
    return joined if outermost or len(parts) == 1 else f"（{joined}）"


def shared_in(condition: Condition) -> list[str]:
    """The names of the shared conditions it uses, its own left out."""
    found: list[str] = []
    for part in condition.parts:
        if isinstance(part, Condition):
            found += [part.name] if part.name else shared_in(part)
    return found
