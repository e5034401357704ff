"""From expressions to findings-to-be: parts of the body with their troubles, sides, and grades."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from language.concepts import concepts
from language.expressions import Mark, Marks, ends_of
from language.frames import framed
from language.hit import Hit

_DATA = concepts()
_SIDED: Mapping[str, Mapping[str, str]] = _DATA["sided"]
_TOPICAL = frozenset(_DATA["topical"]["words"])
_COMPOSE = {
    (part, trouble): concept
    for rule in _DATA["compose"]
    for part in rule["part"]
    for trouble, concept in rule["trouble"].items()
}
_WALL = re.compile(r"[。!！?？;；\n]")
# What may stand between parts that share one trouble: 头、脖子和后背都疼.
_CHAIN = re.compile(r"[\s、,，和与及跟还有或连带的上下部边左右侧/也]*")
_MOST = 120
_REACH = 9
_CARRY = 4
_CLOSE = 3
_SIDE_BEFORE = 6
_SIDE_BEHIND = 8


def hits_of(text: str, marks: Marks) -> list[Hit]:
    """All hits in order of place; a hit inside a longer phrase is that phrase's."""
    phrases = [m for kind in ("phrase", "disease") for m in marks.of(kind)]
    hits = [_named(text, mark) for mark in phrases]
    for hit in hits:
        hit.concept = _leaning(text, marks, hit)
    hits += _composed(text, marks, phrases)
    hits += _pictured(text, marks, hits)
    covers = [(m.start, m.end) for m in phrases if not m.wild]
    kept = [
        h
        for h in hits
        if not any(s <= h.start and h.end <= e and e - s > h.end - h.start for s, e in covers)
    ]
    return ends_of(sorted(kept, key=lambda h: (h.core, h.end)), _MOST)


def _pictured(text: str, marks: Marks, hits: Sequence[Hit]) -> list[Hit]:
    """What only a frame hears: where a phrase names the same concept, the phrase knows it better."""
    noise = [(mark.start, mark.end) for mark in marks.of("noise")]
    return [
        new
        for new in framed(text, noise)
        if not any(
            old.concept == new.concept and old.start < new.end and new.start < old.end
            for old in hits
        )
    ]


def _named(text: str, mark: Mark) -> Hit:
    disease = mark.kind == "disease"
    topical = disease or mark.text_in(text) in _TOPICAL
    kind = "disease" if disease else "symptom"
    return Hit(mark.name, mark.start, mark.end, mark.core, kind, topical=topical)


def _leaning(text: str, marks: Marks, hit: Hit) -> str:
    """右边手脚发麻: a phrase for both sides with one side said before it."""
    sided = _SIDED["one"].get(hit.concept)
    if sided is None or hit.concept in {"leg_oedema", "ankle_oedema"}:
        return hit.concept
    near = any(
        s.name == "one" and len(s.text_in(text)) > 1 and 0 <= hit.start - s.end <= _CLOSE
        for s in marks.of("side")
    )
    return sided if near else hit.concept


def _composed(text: str, marks: Marks, phrases: Sequence[Mark]) -> Iterator[Hit]:
    parts = _outer(marks.of("part"))
    taken = [m for m in phrases if not m.wild and m.name not in _SIDED["one"]]
    for trouble in _outer(marks.of("trouble")):
        if any(
            m.start <= trouble.start
            and trouble.end <= m.end
            and m.start < trouble.start + 1
            and m.end - m.start > trouble.end - trouble.start
            and (m.end > trouble.end)
            for m in taken
        ):
            continue
        owners = list(_owners(text, parts, trouble))
        for part in owners:
            concept = _COMPOSE.get((part.name, trouble.name))
            if concept is None:
                continue
            concept = _on_side(text, marks, part, trouble, concept)
            start, end = min(part.start, trouble.start), max(part.end, trouble.end)
            yield Hit(concept, start, end, trouble.start)


def _outer(marks: Sequence[Mark]) -> list[Mark]:
    """Longest marks only: 心口 inside 心口窝 is not another part; two kinds of trouble may share words."""
    return [
        m for m in marks
        if not any(o.start <= m.start and m.end <= o.end and o.end - o.start > m.end - m.start for o in marks)
    ]  # fmt: skip


def _owners(text: str, parts: Sequence[Mark], trouble: Mark) -> Iterator[Mark]:
    """The parts a trouble belongs to: those before it, chained; else one right behind it."""
    reach, found = trouble.start, False
    for part in reversed(parts):
        if part.end > trouble.start:
            continue
        between = text[part.end : reach]
        limit = _CARRY if re.search(r"[,，]", between) else _REACH
        if found and not _CHAIN.fullmatch(between):
            return
        if len(between.strip()) > limit or _WALL.search(between):
            return
        found, reach = True, part.start
        yield part
    if not found:
        behind = next((p for p in parts if trouble.end <= p.start <= trouble.end + 3), None)
        if behind is not None and re.fullmatch(
            r"[在了的得到是]{1,3}", text[trouble.end : behind.start] or "在"
        ):
            yield behind


def _on_side(text: str, marks: Marks, part: Mark, trouble: Mark, concept: str) -> str:
    """Left or right, both, or not said: decides what a limb's trouble is."""
    if concept not in {*_SIDED["one"], *_SIDED["none"]}:
        return concept
    begin = max(
        (m.end() for m in re.finditer(r"[。!！?？;；,，\n]", text[: part.start])), default=0
    )
    sides = [s for s in marks.of("side") if begin <= s.start < trouble.end]
    both = any(s.name == "both" and 0 <= part.start - s.end <= 1 for s in sides)
    one = any(
        s.name == "one"
        for s in sides
        if s.end <= trouble.start and part.start - s.end <= _SIDE_BEFORE
    )
    one |= any(
        s.name == "one" and 0 <= s.start - trouble.end <= _SIDE_BEHIND and len(s.text_in(text)) > 1
        for s in marks.of("side")
    )
    left_and_right = re.search(r"左.{0,4}右|右.{0,4}左", text[begin : trouble.end]) is not None
    if (
        both
        or left_and_right
        or (
            # 手脚都麻 is both sides; 左手左脚都麻 is one.
            not one and "都" in text[part.end : trouble.start] and part.name not in {"face", "half"}
        )
    ):
        return _SIDED["both"].get(concept, concept)
    if one or part.name == "half":
        return _SIDED["one"].get(concept, concept)
    return _SIDED["none"].get(concept, concept)
