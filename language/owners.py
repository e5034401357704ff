"""Values said without an owner whose owner is named afterwards.

血压165/95,我妈的 · 血压180/110,我爸头晕呕吐: read cold, both are the relative's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from language.draft import Draft
from language.scope import PAIR
from language.tokens import Token, Tokens
from language.understanding import Finding, Subject

_STOP = re.compile(r"[。!！?？;；\n]")
_THEIRS = re.compile(r"(?:本人)?的?\s*(?:[,，。.!！)）]|$)")
_INTRODUCED = re.compile(
    r"[\s,，(（]*(?:[^,，。?？!！\n]{0,8}[。!！?？](?=\s*(?:这|上面|是)))?\s*(?:这|这个|上面)?(?:是|给)?\s*"
)


# 老伴和我分别150/90和140/85
_IN_ORDER = re.compile(r"分别|依次|各自")
_TWO = 2


def in_order(drafts: Sequence[Draft], tokens: Tokens) -> None:
    """Two people and two values named in the same order."""
    _by_sex(drafts, tokens.text)
    shared = [d for d in drafts if d.relation == PAIR]
    if len(shared) != _TWO or not _IN_ORDER.search(tokens.text, 0, shared[0].start):
        return
    named = [t for t in tokens if t.kind == "subject" and t.end <= shared[0].start][-_TWO:]
    if len(named) != _TWO or {t.name == "self" for t in named} != {True, False}:
        return
    for draft, person in zip(shared, named, strict=True):
        if person.name == "self":
            draft.subject, draft.relation, draft.own = Subject.SELF, None, True
        else:
            draft.subject, draft.relation = Subject.OTHER, person.name


def _by_sex(drafts: Sequence[Draft], text: str) -> None:
    """男150/90 女140/85: a couple, and nobody knows which of the two is writing."""
    told = [d for d in drafts if text[d.start - 1 : d.start] in {"男", "女"}]
    if len({text[d.start - 1] for d in told}) == _TWO and all(not d.own for d in told):
        for draft in told:
            draft.subject, draft.relation = Subject.UNCLEAR, PAIR


def give_back(drafts: Sequence[Draft], findings: Sequence[Finding], tokens: Tokens) -> None:
    """Hand ownerless values to the relative named behind them."""
    ill = {f.relation for f in findings if f.subject is Subject.OTHER}
    own = any(f.subject is Subject.SELF for f in findings)
    for draft in drafts:
        if draft.subject is not Subject.SELF or _claimed(draft, tokens):
            continue
        relative = _next_relative(draft, tokens)
        if relative is None:
            continue
        between = tokens.text[draft.end : relative.start]
        signed = _INTRODUCED.fullmatch(between) and _THEIRS.match(tokens.text, relative.end)
        sick = relative.name in ill and not own and _STOP.search(between) is None
        if signed or sick:
            draft.subject, draft.relation = Subject.OTHER, relative.name


def _claimed(draft: Draft, tokens: Tokens) -> bool:
    return any(t.kind == "subject" and t.start < draft.start for t in tokens)


def _next_relative(draft: Draft, tokens: Tokens) -> Token | None:
    """The first person named behind the value, when it is not the sender."""
    following = (t for t in tokens if t.kind == "subject" and t.start >= draft.end)
    found = next(following, None)
    return found if found is not None and found.name != "self" else None
