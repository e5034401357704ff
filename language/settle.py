"""From drafts to mentions: corrections, old values beside new ones, lines drawn in questions."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from care.reading import Kind, Reading
from language.draft import Draft
from language.lexicon import table
from language.normalise import Normal
from language.scope import is_threshold
from language.tokens import Tokens
from language.understanding import Mention, Purpose, Subject, When

_SENTENCE_END = re.compile(r"[。!?;\n！？；]")
_NEXT_TO = 3
_TAIL = 6
_DEFINES = re.compile(
    r"(?:mmhg|mmol/l|之间|的|范围|左右|\s|,)*(?:算不算|是不是|属不属于|算|是|属于?|叫做?|定为|为)[^,。]{0,6}"
    r"(?:几[级期]|什么|啥|哪[级期种]|前期|受损|正常|临界|高血压|糖尿病)"
)
# 高血压三级是不是180/110以上
_CLASS = re.compile(r"(?:级|期|标准|诊断|确诊|危险)[^,。]{0,4}(?:是|要|到|达|≥|>)[不是否到达]*$")
# 血压多少算高血压,140/90是不是就是
_HOW_MUCH_IS = re.compile(
    r"多少[^,，。?？]{0,4}(?:算|是|为|属于|叫)[^,，。?？]{0,6}(?:高血压|糖尿病|高|低|正常|偏高)"
)
_IS_IT = re.compile(r"(?:mmhg|mmol/l|\s)*(?:是不是|算不算|就是|就算|算|是)")
_FROM_HERE = re.compile(r"(?:mmhg|mmol/l|\s)*以[上下]")
_FROM_HERE_ON = re.compile(
    r"%?\s*相当于(?:平均|空腹)|(?:mmhg|mmol/l|\s)*以[上下](?:的?话)?(?:就|才|都|必须|算|能?(?:确诊|诊断))"
)
_RATHER = re.compile(r"\s*,?\s*(?:而|应该|应)?是\s*[0-9一二两三四五六七八九十百]")
# 1级140-159/90-99,2级160-179/100-109
_GRADE = re.compile(r"[1-4一二三四]\s*级")
_GRADES = 2
# 139/92 不对 149/92
_TAKEN_BACK = re.compile(
    r"[\s,，.。、]*(?:不对|不是|错了?|搞错了?|看错了?)[\s,，.。、]*(?:应该|应|该)?是?[\s,，]*"
)
_OWN = re.compile(r"我|俺|本人|今天|今早|现在|刚|昨|最近|头晕|头疼|头痛|难受|不舒服|都")


def settle(
    drafts: Sequence[Draft], tokens: Tokens, normal: Normal
) -> tuple[tuple[Mention, ...], bool]:
    """The mentions of a text, and whether the text corrects an earlier value."""
    corrects = any(t.kind == "mark" and t.name == "wrong" for t in tokens)
    kept = _corrected(list(drafts), tokens) if corrects else _replaced(drafts, tokens)
    for draft in kept:
        if draft.limited and draft.purpose is Purpose.MEASURED:
            _judge_limit(draft, normal.text)
        elif draft.purpose is Purpose.MEASURED and _defined(draft, normal.text):
            draft.purpose = Purpose.HYPOTHETICAL
    _moved(kept, tokens)
    _age(kept)
    return tuple(_mention(draft, normal) for draft in kept), corrects


def _replaced(drafts: Sequence[Draft], tokens: Tokens) -> list[Draft]:
    """高压不是190,是150: the value that is named instead stands."""
    refused = _refusals(tokens)
    return [
        d
        for d, following in itertools.zip_longest(drafts, drafts[1:])
        if not (_refused(d, refused, tokens) and _RATHER.match(tokens.text, d.end))
        and not (following and _taken_back(d, following, tokens.text))
    ]


def _taken_back(draft: Draft, following: Draft, text: str) -> bool:
    """139/92 不对 149/92: nothing else stands between them, and they measure the same."""
    between = text[draft.end : following.start]
    return draft.kind is following.kind and _TAKEN_BACK.fullmatch(between) is not None


def _refusals(tokens: Tokens) -> list[int]:
    return [t.end for t in tokens if t.kind == "mark" and t.name == "not"]


def _refused(draft: Draft, refusals: list[int], tokens: Tokens) -> bool:
    near = (e for e in refusals if 0 <= draft.start - e <= _NEXT_TO)
    return any(tokens.loose(e, draft.start) == 0 for e in near)


def _corrected(drafts: list[Draft], tokens: Tokens) -> list[Draft]:
    """Only the value after the correction stands: 打错了,是135 / 不是6.4是8.4."""
    refused = _refusals(tokens)
    drafts = [d for d in drafts if not _refused(d, refused, tokens)]
    last = max(t.end for t in tokens if t.kind == "mark" and t.name == "wrong")
    after = [d for d in drafts if d.start >= last]
    if after:
        return after
    return drafts if refused else []


# Which words of time make a value older than which others.
_NEWER = {
    "": {"treated"},
    "reached": {"now"},
    "habitual": {"now", "again", "treated"},
    "untreated": {"now", "again", "treated"},
    "vague": {"now", "again", "", "treated"},
    "checked": {"now", "", "treated"},
    "highest": {"now", "again", "", "habitual", "vague", "checked", "treated"},
}


def _defined(draft: Draft, text: str) -> bool:
    """收缩压140-159算几级, 160/100以上就危险: a class of values, not the sender's."""
    listed = [draft.low, draft.high] in table("shapes")["classes"]["ranges"]
    tail = _DEFINES if listed else _FROM_HERE_ON
    begin = max(text.rfind(sign, 0, draft.start) for sign in ",。!?;\n") + 1
    own = _OWN.search(text, begin, draft.start) or draft.when
    if not own and _graded(draft, text):
        return True
    asked = _HOW_MUCH_IS.search(text, 0, draft.start) and _IS_IT.match(text, draft.end)
    if asked and not own:
        return True
    above = _CLASS.search(text, begin, draft.start) and _FROM_HERE.match(text, draft.end)
    return not own and (above or tail.match(text, draft.end)) is not None


def _graded(draft: Draft, text: str) -> bool:
    """Numbers in a list of grades, of which one begins before this one."""
    begin = max(text.rfind(sign, 0, draft.start) for sign in "。!?;\n") + 1
    end = min(
        (at for sign in "。!?;\n" if (at := text.find(sign, draft.end)) >= 0), default=len(text)
    )
    graded = list(_GRADE.finditer(text, begin, end))
    return len(graded) >= _GRADES and graded[0].start() < draft.start


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


def _moved(drafts: Sequence[Draft], tokens: Tokens) -> None:
    """65kg现在降到61kg: the value before the fall is history, unless it is one of today."""
    turns = [t.start for t in tokens if t.kind == "mark" and t.name == "until"]
    for draft, following in itertools.pairwise(drafts):
        went = any(draft.end <= turn < following.start for turn in turns)
        same = draft.kind is following.kind and draft.subject is following.subject
        measured = following.purpose is Purpose.MEASURED
        if went and same and measured and draft.when in {"", "habitual"} and not draft.today:
            draft.when = "past"


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
        relation=draft.relation if draft.subject is not Subject.SELF else None,
        when=_WHEN.get(draft.when, When.NOW), purpose=draft.purpose, certainty=draft.certainty,
        start=normal.origin(draft.start), end=normal.origin(draft.end), moment=draft.moment,
        own=draft.own and draft.subject is Subject.SELF,
    )  # fmt: skip
