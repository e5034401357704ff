"""From hits to findings: grades, what has gone by, what replaces what, and whose it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from language.context import Context
from language.expressions import Mark, Marks, marks_of
from language.hit import Hit
from language.hits import hits_of
from language.lexicon import table
from language.normalise import Normal
from language.scope import one_person
from language.tokens import Token, Tokens
from language.understanding import Finding, Subject

_DATA = table("concepts")
_GRADES = _DATA["grade"]
_FAMILY = table("outcome")["resolved"]
_STAYS = frozenset(table("outcome")["stays"]["concepts"])
_REPLACES = table("outcome")["replaces"]
_NOT_GONE = re.compile("|".join(table("outcome")["not_gone"]["before"]))
_DURATION = {"分钟": 1, "小时": 60, "个小时": 60, "钟头": 60, "个钟头": 60, "h": 60, "个钟": 60}
_LONG_MINUTES = table("outcome")["lasting"]["minutes"]
_DAY = 24 * 60
_NEAR = 24
_SOON = 20
_BREATH = 10
_OWN_REACH = 12
# 高血压十年了右手没劲: the years are those of the blood pressure.
_OTHER_ILLNESS = re.compile(
    r"(?:高血压|糖尿病|冠心病|心脏病|高血脂|血压高|血糖高|血压病|[吃服][^,，]{0,6}药|打针|胰岛素)[^,，]{0,4}$"
)
_STOP = re.compile(r"[。!！?？;；\n]")


@dataclass(frozen=True, slots=True)
class Found:
    """The findings present now, the concepts the text denies, and what else it accounts for.

    `accounted`: where signs stand that are denied, past, supposed or somebody's story.
    """

    findings: tuple[Finding, ...] = ()
    denied: frozenset[str] = frozenset()
    accounted: tuple[tuple[int, int], ...] = ()


def findings_of(tokens: Tokens, normal: Normal, valued: bool) -> Found:
    """What a text says of signs."""
    marks = marks_of(tokens.text)
    hits = hits_of(tokens.text, marks)
    if not hits:
        return Found()
    held, denied = Context(tokens, hits, valued).present()
    graded = [(concept, hit) for hit in held for concept in _graded(hit, marks, tokens)]
    kept = _replace(graded)
    found: dict[tuple[str, str], Finding] = {}
    for concept, hit in kept:
        subject, relation = _whose(tokens, hit)
        key = (concept, subject.value)
        finding = Finding(
            concept, subject, relation, normal.origin(hit.start), normal.origin(hit.end)
        )
        found.setdefault(key, finding)
    present = {concept for concept, _ in kept}
    return Found(
        tuple(found.values()),
        frozenset(h.concept for h in denied) - present,
        tuple((hit.start, hit.end) for hit in hits if hit not in held),
    )


def _graded(hit: Hit, marks: Marks, tokens: Tokens) -> list[str]:
    """The concepts a hit stands for once the words around it are heard."""
    near = _near(hit, marks, tokens)
    if gone := _gone(hit, marks, tokens):
        return [gone]
    concept, kept = hit.concept, []
    for grade in _GRADES:
        wanted = set(grade.get("with", ()))
        heard = not wanted or bool(near & wanted)
        if concept not in grade["of"] or not heard or near & set(grade.get("without", ())):
            continue
        if grade.get("keep"):
            kept.append(grade["concept"])
        else:
            concept = grade["concept"]
    return [concept, *kept]


def _near(hit: Hit, marks: Marks, tokens: Tokens) -> set[str]:
    """Qualifiers in the sentence of the hit, within reach, and a stated duration."""
    text = tokens.text
    names = set()
    for mark in marks.of("qualifier"):
        gap = mark.start - hit.end if mark.start >= hit.end else hit.start - mark.end
        if gap > _NEAR or _STOP.search(text[min(mark.end, hit.end) : max(mark.start, hit.start)]):
            continue
        if _elsewhere(text, hit, mark):
            continue
        if mark.name == "radiating":
            continue
        names.add(mark.name)
    if _lasts(hit, tokens):
        names.add("lasting")
    return names


def _elsewhere(text: str, hit: Hit, mark: Mark) -> bool:
    """A strength, a pace or a length of time that belongs to another clause."""
    behind = mark.start >= hit.end
    if mark.name in {"severe", "rest", "effort"} or (mark.name == "fresh" and behind):
        return not _same_breath(text, hit, mark)
    if (
        mark.name in {"long_time", "chronic"}
        and not behind
        and _OTHER_ILLNESS.search(text, max(0, mark.start - _BREATH), mark.start)
    ):
        return True
    if mark.name == "long_time":
        close = behind and mark.start - hit.end <= _BREATH
        return not (close or _same_breath(text, hit, mark))
    return False


def _same_breath(text: str, hit: Hit, mark: Mark) -> bool:
    """A strength belongs to the finding in its own clause."""
    first, second = (hit.end, mark.start) if mark.start >= hit.end else (mark.end, hit.start)
    return re.search(r"[,，]", text[first:second]) is None and second - first <= _BREATH


def _lasts(hit: Hit, tokens: Tokens) -> bool:
    """A duration of at least the alarm's minutes and less than a day stands near."""
    for token in tokens:
        if token.kind != "skip" or token.number is None or token.name not in _DURATION:
            continue
        minutes = token.number.value * _DURATION[token.name]
        if not _LONG_MINUTES <= minutes < _DAY or abs(token.start - hit.end) > _NEAR:
            continue
        if tokens.text.startswith(("前", "后", "内", "就好", "以前", "之前"), token.end):
            continue
        return True
    return False


def _gone(hit: Hit, marks: Marks, tokens: Tokens) -> str | None:
    """The *_resolved concept when the text says that this finding has passed."""
    if hit.concept in _STAYS:
        return None
    text = tokens.text
    for mark in marks.of("qualifier"):
        if mark.name != "resolved" or not 0 <= mark.start - hit.end <= _SOON:
            continue
        if _NOT_GONE.search(text[max(0, mark.start - 5) : mark.start]):
            continue
        if _STOP.search(text[hit.end : mark.start]) or re.match(
            r".{0,2}(?:吗|么|没|不|\?|,?(?:但|可是?|又|过一会))", text[mark.end : mark.end + 5]
        ):
            continue
        return str(_FAMILY.get(hit.concept, _FAMILY["other"]))
    return None


def _replace(graded: Sequence[tuple[str, Hit]]) -> list[tuple[str, Hit]]:
    present = {concept for concept, _ in graded}
    dropped = {weak for strong, weaks in _REPLACES.items() if strong in present for weak in weaks}
    return [(concept, hit) for concept, hit in graded if concept not in dropped]


def _whose(tokens: Tokens, hit: Hit) -> tuple[Subject, str | None]:
    """The person last named before the hit; 我 takes over only right before what ails."""
    subject: tuple[Subject, str | None] = (Subject.SELF, None)
    last: str | None = None
    named = 0
    for token in tokens:
        if token.start >= hit.end:
            break
        if token.kind == "subject" and token.name != "self":
            last, named = one_person(last, token.name), token.end
            subject = (Subject.OTHER, last)
        elif token.kind == "group" and not _self_before(tokens, token):
            subject = (Subject.UNCLEAR, None)
        elif token.kind == "pronoun" and subject[0] is Subject.UNCLEAR:
            subject = (Subject.OTHER, None)
        elif token.kind == "subject" and (
            _own(tokens.text, token, hit) or _turned(tokens.text, named, token, hit)
        ):
            subject = (Subject.SELF, None)
    return subject


def _self_before(tokens: Tokens, group: Token) -> bool:
    return any(t.kind == "subject" and t.name == "self" and t.start < group.start for t in tokens)


def _turned(text: str, named: int, token: Token, hit: Hit) -> bool:
    """隔壁老王去年中风了。我量血压205,头疼: a sentence of one's own, nobody else in it."""
    return (
        _STOP.search(text, named, token.start) is not None
        and _STOP.search(text, token.end, hit.start) is None
        and re.search(r"[他她给带问想让帮看说听陪]", text[token.end : hit.start]) is None
    )


def _own(text: str, token: Token, hit: Hit) -> bool:
    between = text[token.end : hit.start]
    return (
        len(between) <= _OWN_REACH and re.search(r"[,，。!?;；他她给带问想让帮]", between) is None
    )
