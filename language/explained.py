"""Signs that a sentence itself accounts for: told by a book, an animal's, of an anaesthetic, old.

These are scopes over a sentence, not words: who tells it, whose it is, what it comes from, and
since when. In each of them a word for somebody being ill now takes the scope back.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from language.hit import Hit
from language.lexicon import table

# How far from its cause a sign may stand.
_BESIDE = 14


class _Scopes(NamedTuple):
    """The patterns of data/explained.toml."""

    told: re.Pattern[str]
    shown: re.Pattern[str]
    back: re.Pattern[str]
    animal: re.Pattern[str]
    person: re.Pattern[str]
    unchanged: re.Pattern[str]
    mocking: re.Pattern[str]
    still: re.Pattern[str]


class _Cause(NamedTuple):
    concepts: frozenset[str]
    before: re.Pattern[str]
    unless: re.Pattern[str] | None


@functools.cache
def _scopes() -> _Scopes:
    data = table("explained")["scope"]
    return _Scopes(**{name: re.compile("|".join(data[name])) for name in _Scopes._fields})


@functools.cache
def _causes() -> tuple[_Cause, ...]:
    return tuple(
        _Cause(
            frozenset(cause["concepts"]),
            re.compile("|".join(cause["by"])),
            re.compile("|".join(cause["unless"])) if "unless" in cause else None,
        )
        for cause in table("explained")["cause"]
    )


@functools.cache
def _halves() -> dict[str, str]:
    halves: dict[str, str] = table("explained")["halves"]
    return halves


def half_of_a_word(text: str, at: int) -> bool:
    """脚趾|头疼, 没力|气: the sign at `at` is the second half of another word."""
    return at > 0 and text[at - 1] in _halves().get(text[at : at + 1], "")


def _half_begun(text: str, end: int) -> bool:
    """呕吐但|血|糖: the sign ends in what begins another word."""
    begun = table("explained")["wholes"].get(text[end - 1 : end], "")
    return text[end : end + 1] != "" and text[end : end + 1] in begun


@functools.cache
def _figures() -> frozenset[str]:
    return frozenset(table("explained")["figurative"]["concepts"])


def explained(text: str, hit: Hit, start: int, end: int) -> bool:
    """Whether the sentence from `start` to `end` accounts for the hit without anybody being ill."""
    return (
        _put_as_question(text, hit)
        or _split(text, hit)
        or _told(text, hit, start)
        or _animal(text, hit, start)
        or _caused(text, hit, start, end)
        or _unchanged(text, hit, end)
        or _figure(text, hit, start, end)
    )


def _put_as_question(text: str, hit: Hit) -> bool:
    """大夫问胸口痛不痛: the verb said twice around its negation asks."""
    last = text[hit.end - 1 : hit.end]
    return text.startswith((f"不{last}", f"没{last}"), hit.end)


def _split(text: str, hit: Hit) -> bool:
    """大脚趾头疼 is no headache, 干活没力气 no want of breath."""
    return (
        half_of_a_word(text, hit.start)
        or (hit.end == hit.core + 1 and half_of_a_word(text, hit.core))
        or _half_begun(text, hit.end)
    )


def _last(pattern: re.Pattern[str], text: str, start: int, end: int) -> re.Match[str] | None:
    found = None
    for match in pattern.finditer(text, start, end):
        found = match
    return found


def _told(text: str, hit: Hit, start: int) -> bool:
    """电视里讲…, 小说里那个人…: until the sender turns to somebody."""
    scopes = _scopes()
    told = _last(scopes.told, text, start, hit.core)
    shown = _last(scopes.shown, text, start, hit.core)
    begun = [found for found in (told and told.start(), shown and shown.end()) if found is not None]
    return bool(begun) and scopes.back.search(text, max(begun), hit.core) is None


def _animal(text: str, hit: Hit, start: int) -> bool:
    """我家老母猪站不起来: until a person is named."""
    scopes = _scopes()
    last = _last(scopes.animal, text, start, hit.core)
    return last is not None and scopes.person.search(text, last.end(), hit.core) is None


def _caused(text: str, hit: Hit, start: int, end: int) -> bool:
    """A harmless cause stands in the sentence, and nothing that it could not account for."""
    return any(
        hit.concept in cause.concepts and _accounts(cause, text, hit, start, end)
        for cause in _causes()
    )


def _accounts(cause: _Cause, text: str, hit: Hit, start: int, end: int) -> bool:
    """A cause that can be taken back accounts only for what stands beside it."""
    if cause.unless is None:
        return cause.before.search(text, start, end) is not None
    return cause.unless.search(text, start, end) is None and any(
        found.start() - hit.end <= _BESIDE and hit.start - found.end() <= _BESIDE
        for found in cause.before.finditer(text, start, end)
    )


def _unchanged(text: str, hit: Hit, end: int) -> bool:
    """…三遍才应,一直是这样: the way somebody has always been."""
    return _scopes().unchanged.search(text, hit.start, end) is not None


def _figure(text: str, hit: Hit, start: int, end: int) -> bool:
    """气得…, 涨价涨得…: a figure of speech, unless it goes on."""
    if hit.concept not in _figures():
        return False
    scopes = _scopes()
    found = scopes.mocking.search(text, start, hit.start) or scopes.mocking.search(
        text, start, hit.core
    )
    return found is not None and scopes.still.search(text, hit.start, end) is None
