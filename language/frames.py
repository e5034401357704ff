"""Signs told in pictures and pieces: classes of words crossed by frames (data/frames.toml).

A phrase list hears only what somebody wrote down. A frame says that one of the words for a limb,
followed by one of the words for what no longer obeys, is a weak limb, whatever the two words are.
Dialect signs are folded to one sign first (睇唔到 → 看不到), so that the classes are written once.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from language.concepts import expand
from language.explained import half_of_a_word
from language.hit import Hit
from language.homophones import sound_of
from language.lexicon import table
from language.normalise import normalise

_SENTENCE = re.compile(r"[。!！?？;；\n]")
_CLAUSE = re.compile(r"[,，。!！?？;；\n]")
_MOST = 40
# Longer words are known by their sound alone; two signs sound like too many others.
_SURE = 3
_REACH: Mapping[str, int] = {" ": 8, "~": 14, ",": 22, "&": 34}
# 没喝酒, 像喝醉: what a frame must not stand beside does not count when it is denied or a picture.
_UNSAID = re.compile(r"[没不未和同]$|[像跟似如].{0,2}$")

Span = tuple[int, int]


class Step(NamedTuple):
    """One part of a frame: the class wanted, and how it hangs on the part before it."""

    group: str
    join: str


class Frame(NamedTuple):
    """A concept, the steps that tell it, and the groups that must not stand in its sentence."""

    concept: str
    steps: tuple[Step, ...]
    without: tuple[str, ...]
    groups: frozenset[str]


class _Book(NamedTuple):
    """`words` by their first two signs, `heard` by their first two sounds, with their groups."""

    fold: dict[int, str]
    frames: tuple[Frame, ...]
    words: dict[str, tuple[tuple[str, tuple[str, ...]], ...]]
    heard: dict[tuple[str, str], tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]


class _Marks(NamedTuple):
    """Where the groups stand; `guessed` are the spans that only sound like their word."""

    spans: dict[str, list[Span]]
    guessed: set[Span]


def parse(concept: str, text: str, groups: dict[str, list[str]]) -> Frame:
    """One line of [frames]; words written on the spot become classes of their own in `groups`."""
    steps: list[Step] = []
    without: list[str] = []
    join = " "
    for part in text.split():
        if part in _REACH:
            join = part
            continue
        name = part.lstrip("!")
        if name.startswith("("):
            groups.setdefault(name, _split(name))
        elif not name.isascii():
            groups.setdefault(name, [name])
        elif name not in groups:
            message = f"frames.toml: {concept}: no class {name!r}"
            raise ValueError(message)
        if part.startswith("!"):
            without.append(name)
        else:
            steps.append(Step(name, join))
            join = " "
    groups_wanted = frozenset(step.group for step in steps)
    return Frame(concept, tuple(steps), tuple(without), groups_wanted)


def _split(group: str) -> list[str]:
    """The alternatives of (a|b{c|d}): bars inside braces belong to the braces."""
    return re.findall(r"(?:[^|{}]|\{[^{}]*\})+", group[1:-1])


@functools.cache
def _book() -> _Book:
    data = table("frames")
    fold = {ord(sign): same for same, signs in data["fold"].items() for sign in signs}
    groups: dict[str, list[str]] = {name: list(words) for name, words in data["classes"].items()}
    frames = tuple(
        parse(concept, text, groups) for concept, texts in data["frames"].items() for text in texts
    )
    found: dict[str, set[str]] = {}
    for name, patterns in groups.items():
        for word in (w for pattern in patterns for w in expand(pattern)):
            found.setdefault(normalise(word).text.translate(fold), set()).add(name)
    short = {word.translate(fold) for word in data["sounds"]["words"]}
    words: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    heard: dict[tuple[str, str], list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for word, names in sorted(found.items(), key=lambda item: -len(item[0])):
        members = tuple(sorted(names))
        words.setdefault(word[:2], []).append((word, members))
        if len(word) > _SURE or word in short:
            sounds = tuple(map(sound_of, word))
            heard.setdefault((sounds[0], sounds[1]), []).append((sounds, members))
    return _Book(
        fold,
        frames,
        {first: tuple(entries) for first, entries in words.items()},
        {first: tuple(entries) for first, entries in heard.items()},
    )


def framed(text: str, noise: Sequence[Span]) -> list[Hit]:
    """Every sign that a frame finds in `text`; words inside a span of `noise` are not heard."""
    book = _book()
    folded = text.translate(book.fold)
    marks = _marks(book, folded, noise)
    hits = []
    present = marks.spans.keys()
    for frame in book.frames:
        if frame.groups <= present:
            # The words that stand closest together belong together.
            closest = min(_found(frame, marks, folded), key=_length, default=None)
            if closest is not None:
                hits.append(closest)
    return hits


def _length(hit: Hit) -> int:
    return hit.end - hit.start


def _marks(book: _Book, text: str, noise: Sequence[Span]) -> _Marks:
    """Words as they are written, then words that only sound so (石投 for 石头)."""
    spans: dict[str, list[Span]] = {}
    written: set[Span] = set()
    for start, end, groups in _written(book, text):
        if not _hidden(start, end, noise):
            _enter(spans, (start, end), groups)
            written.add((start, end))
    guessed: set[Span] = set()
    for start, end, groups in _heard(book, text):
        if (start, end) not in written and not _hidden(start, end, noise):
            _enter(spans, (start, end), groups)
            guessed.add((start, end))
    return _Marks(spans, guessed)


def _enter(spans: dict[str, list[Span]], span: Span, groups: Sequence[str]) -> None:
    for group in groups:
        places = spans.setdefault(group, [])
        if len(places) < _MOST:
            places.append(span)


def _written(book: _Book, text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    for start in range(len(text)):
        pair = text[start : start + 2]
        for key in (pair, text[start]) if len(pair) > 1 else (pair,):
            for word, groups in book.words.get(key, ()):
                if (
                    text.startswith(word, start)
                    and not _asked(text, start, word)
                    and not half_of_a_word(text, start)
                ):
                    yield start, start + len(word), groups


def _heard(book: _Book, text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    sounds = tuple(map(sound_of, text))
    for start in range(len(text) - 1):
        for said, groups in book.heard.get((sounds[start], sounds[start + 1]), ()):
            if sounds[start : start + len(said)] == said:
                yield start, start + len(said), groups


def _asked(text: str, start: int, word: str) -> bool:
    """能不能吃 holds no 不能吃: a verb said twice around its negation asks."""
    return word[0] in "不没" and start > 0 and text[start - 1] == word[1:2]


def _hidden(start: int, end: int, noise: Sequence[Span]) -> bool:
    return any(s <= start and end <= e and e - s > end - start for s, e in noise)


def _found(frame: Frame, marks: _Marks, text: str) -> Iterator[Hit]:
    """One hit for each first word; of the words of a frame one at least must stand as it is written."""
    for first in marks.spans[frame.steps[0].group]:
        chain = _chain(frame.steps[1:], first, marks.spans, text)
        if chain is None:
            continue
        spans = [first, *chain]
        if marks.guessed.issuperset(spans):
            continue
        spans.sort()
        start, end = spans[0][0], max(e for _, e in spans)
        if not _spoiled(frame, marks.spans, text, start, end):
            inner = spans[-2][1] if len(spans) > 1 else start
            yield Hit(frame.concept, start, end, spans[-1][0], inner=inner)


def _chain(
    steps: Sequence[Step], last: Span, marks: Mapping[str, list[Span]], text: str
) -> list[Span] | None:
    if not steps:
        return []
    for span in sorted(marks[steps[0].group], key=lambda span: abs(span[0] - last[0])):
        if not _joined(steps[0].join, last, span, text):
            continue
        rest = _chain(steps[1:], span, marks, text)
        if rest is not None:
            return [span, *rest]
    return None


def _joined(join: str, last: Span, span: Span, text: str) -> bool:
    if join == "&" and span[1] <= last[0]:
        last, span = span, last
    gap = span[0] - last[1]
    if not 0 <= gap <= _REACH[join]:
        return False
    wall = _SENTENCE if join in ",&" else _CLAUSE
    return wall.search(text, last[1], span[0]) is None


def _spoiled(
    frame: Frame, marks: Mapping[str, list[Span]], text: str, start: int, end: int
) -> bool:
    if not frame.without:
        return False
    low = max((m.end() for m in _SENTENCE.finditer(text, 0, start)), default=0)
    high = found.start() if (found := _SENTENCE.search(text, end)) else len(text)
    return any(
        low <= s and e <= high and _UNSAID.search(text, max(s - 3, 0), s) is None
        for group in frame.without
        for s, e in marks.get(group, ())
    )
