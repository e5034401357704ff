"""Which expressions the text denies: 没有头疼, 不晕, 头也不疼, 恶心呕吐都没有, 无胸闷, 胸痛.

Negation is local. 没有胸闷,就是左边手脚使不上劲 denies the headache and nothing else; in doubt
a finding stands.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

from language.hit import Hit
from language.lexicon import table

_BEFORE = 14
_HEAD = 6
_AFTER = 16
_ELSE = re.compile(r".{0,8}(?:别的|其他|其它)")
_COMMA = {",", "，"}


class _Words(NamedTuple):
    """The patterns of data/context.toml [negation]."""

    strong: re.Pattern[str]
    weak: re.Pattern[str]
    never: re.Pattern[str]
    record: re.Pattern[str]
    joiner: re.Pattern[str]
    behind: re.Pattern[str]
    everything: re.Pattern[str]

    def deny(self, before: str) -> bool:
        """Whether `before` ends in a negation that reaches what follows it."""
        if self.never.search(before):
            return False
        return (self.strong.search(before) or self.weak.search(before)) is not None


@functools.cache
def _words() -> _Words:
    data = table("context")["negation"]
    strong = "|".join(sorted(data["strong"], key=len, reverse=True))
    return _Words(
        strong=re.compile(f"(?:{strong})(?:{'|'.join(data['strong_gap'])})*\\s?$"),
        weak=re.compile(f"(?:{'|'.join(data['weak'])})(?:{'|'.join(data['weak_gap'])})*$"),
        never=re.compile(f"(?:{'|'.join(data['never'])})(?:有|会|是|要|觉得|感觉)*$"),
        record=re.compile(f"(?:{'|'.join(data['record'])})"),
        joiner=re.compile(f"(?:{'|'.join(data['joiner'])})\\s*"),
        behind=re.compile("|".join(data["behind"])),
        everything=re.compile("|".join(data["all"])),
    )


def span(bounds: Sequence[int], position: int) -> tuple[int, int]:
    """The stretch between two of `bounds` that holds `position`."""
    start = max(bound for bound in bounds if bound <= position)
    return start, min(bound for bound in bounds if bound > position)


def deny(text: str, hits: Sequence[Hit], clauses: Sequence[int]) -> None:
    """Mark the hits that the text denies."""
    words = _words()
    for at, hit in enumerate(hits):
        start = max(span(clauses, hit.start)[0], hit.start - _BEFORE)
        inside = words.deny(text[max(hit.start, hit.inner) : hit.core])
        before = text[start : hit.start]
        if text.startswith("不行", hit.start - 1):
            # 腰也不行,昨晚…: the 行 that a southern 走 was taken for denies nothing.
            before = before[:-1]
        hit.negated = inside or words.deny(before) or _goes_on(text, hits, at)
    for at in range(len(hits) - 1, -1, -1):
        hits[at].negated = hits[at].negated or _denied_behind(text, hits, at)


def _goes_on(text: str, hits: Sequence[Hit], at: int) -> bool:
    """没有头疼、头晕和恶心; a comma goes on only in the style of a record (无…，…，…)."""
    hit = hits[at]
    before = [other for other in hits[:at] if other.end <= hit.start]
    previous = max(before, key=lambda other: other.end, default=None)
    if previous is None or not previous.negated:
        return False
    between = text[previous.end : hit.start]
    head = text[max(0, previous.start - _HEAD) : previous.start]
    record = previous.kind == "listed" or _words().record.search(head) is not None
    if between.strip() in _COMMA or between.isspace():
        if record and hit.kind == "symptom":
            hit.kind = "listed"
        return record
    return _words().joiner.fullmatch(between) is not None


def _denied_behind(text: str, hits: Sequence[Hit], at: int) -> bool:
    """恶心呕吐都没有; 头疼没有."""
    words, hit = _words(), hits[at]
    after = text[hit.end : hit.end + _AFTER]
    found = words.behind.match(after)
    if found and not _ELSE.match(after[: found.end() + 4]):
        return True
    following = next((other for other in hits[at + 1 :] if other.start >= hit.end), None)
    if following is None or not following.negated:
        return False
    tail = text[following.end : following.end + _AFTER]
    if words.behind.match(tail) is None:
        return False
    between = text[hit.end : following.start]
    if words.joiner.fullmatch(between):
        return True
    return between.strip() in _COMMA and words.everything.search(tail) is not None
