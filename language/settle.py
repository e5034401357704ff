"""From drafts to mentions: corrections, old values beside new ones, lines drawn in questions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from care.reading import Kind, Reading
from language.draft import Draft
from language.normalise import Normal
from language.scope import is_threshold
from language.tokens import Tokens
from language.understanding import Mention, Purpose, Subject, When

_SENTENCE_END = re.compile(r"[。!?;\n！？；]")
_NEXT_TO = 3
_TAIL = 6
_OWN = re.compile(r"我|俺|本人|今天|今早|现在|刚|昨|最近|头晕|头疼|头痛|难受|不舒服|都")


def settle(
    drafts: Sequence[Draft], tokens: Tokens, normal: Normal
) -> tuple[tuple[Mention, ...], bool]:
    """The mentions of a text, and whether the text corrects an earlier value."""
    corrects = any(t.kind == "mark" and t.name == "wrong" for t in tokens)
    kept = _corrected(list(drafts), tokens) if corrects else list(drafts)
    for draft in kept:
        if draft.limited and draft.purpose is Purpose.MEASURED:
            _judge_limit(draft, normal.text)
    _age(kept)
    return tuple(_mention(draft, normal) for draft in kept), corrects


def _corrected(drafts: list[Draft], tokens: Tokens) -> list[Draft]:
    """Only the value after the correction stands: 打错了,是135 / 不是6.4是8.4."""
    refused = [t.end for t in tokens if t.kind == "mark" and t.name == "not"]
    drafts = [
        d
        for d in drafts
        if not any(tokens.loose(e, d.start) == 0 and 0 <= d.start - e <= _NEXT_TO for e in refused)
    ]
    last = max(t.end for t in tokens if t.kind == "mark" and t.name == "wrong")
    after = [d for d in drafts if d.start >= last]
    if after:
        return after
    return drafts if refused else []


# Which words of time make a value older than which others.
_NEWER = {
    "": {"treated"},
    "habitual": {"now", "treated"},
    "untreated": {"now", "treated"},
    "vague": {"now", "", "treated"},
    "highest": {"now", "", "habitual", "vague", "treated"},
}


def _judge_limit(draft: Draft, text: str) -> None:
    ends = [m.end() for m in _SENTENCE_END.finditer(text)]
    start = max((e for e in ends if e <= draft.start), default=0)
    stop = min((e for e in ends if e > draft.end), default=len(text))
    sentence = text[start:stop]
    comma = text.find(",", draft.end)
    tail = draft.end + _TAIL if comma < 0 else min(comma, draft.end + _TAIL)
    clause = text[max(text.rfind(",", start, draft.start), start) : tail]
    if is_threshold(sentence) and not _OWN.search(clause):
        draft.purpose = Purpose.HYPOTHETICAL
    else:
        draft.approximate = True


def _age(drafts: Sequence[Draft]) -> None:
    """A habitual, vague or highest value is history once a newer one of its kind stands beside it."""
    stale = [d for d in drafts if d.when in _NEWER and any(_newer(d, o) for o in drafts)]
    for draft in stale:
        draft.when = "past"


def _newer(draft: Draft, other: Draft) -> bool:
    if other is draft or other.when not in _NEWER[draft.when]:
        return False
    if draft.when == "" and (draft.today or draft.start > other.start):
        return False
    if other.purpose is not Purpose.MEASURED or other.subject is not draft.subject:
        return False
    moments = {draft.context, other.context}
    return other.kind is draft.kind and (
        draft.kind is not Kind.GLUCOSE or None in moments or len(moments) == 1
    )


_WHEN = {"past": When.PAST, "habitual": When.HABITUAL, "untreated": When.HABITUAL}


def _mention(draft: Draft, normal: Normal) -> Mention:
    reading = Reading(
        kind=draft.kind, systolic=draft.systolic, diastolic=draft.diastolic, value=draft.value,
        context=draft.context if draft.kind is Kind.GLUCOSE else None,
        approximate=draft.approximate, low=draft.low, high=draft.high, original=draft.original,
    )  # fmt: skip
    return Mention(
        reading=reading, subject=draft.subject,
        relation=draft.relation if draft.subject is Subject.OTHER else None,
        when=_WHEN.get(draft.when, When.NOW), purpose=draft.purpose, certainty=draft.certainty,
        start=normal.origin(draft.start), end=normal.origin(draft.end),
    )  # fmt: skip
