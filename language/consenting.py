"""Whether a message agrees to something or takes it back, purpose by purpose."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from language.dialects import standard
from language.lexicon import table

READINGS, REMINDERS, EDUCATION, SHARING = "readings", "reminders", "education", "sharing"
PURPOSES = (READINGS, REMINDERS, EDUCATION, SHARING)
# What "同意" alone agrees to. Letting relatives see is agreed to by its own words.
ASKED = frozenset({READINGS, REMINDERS, EDUCATION})

_PLAIN = re.compile(r"[\s,，.。!！~、:：;\"“”'‘’（）()…]+")
_LONGEST = 16


@dataclass(frozen=True, slots=True)
class Stance:
    """What a message gives and takes back. `refuses`: it says no to a question just asked."""

    gives: frozenset[str] = field(default_factory=frozenset)
    revokes: frozenset[str] = field(default_factory=frozenset)
    refuses: bool = False
    leaves: bool = False


def stance_of(text: str) -> Stance | None:
    """The stance of a message that says nothing else; None for every other message."""
    plain = _PLAIN.sub("", standard(text))
    if not 0 < len(plain) <= _LONGEST:
        return None
    whole = _whole().get(plain)
    if whole is not None:
        return whole
    found = _pattern().fullmatch(plain)
    if found is None:
        return None
    named = frozenset(_purposes()[word] for word in _purpose().findall(found["purposes"]))
    return Stance(revokes=named) if found["revoke"] else Stance(gives=named)


@functools.cache
def _whole() -> dict[str, Stance]:
    words = table("consents")["whole"]
    stances = {
        "agree": Stance(gives=ASKED),
        "refuse": Stance(refuses=True),
        "leave": Stance(revokes=frozenset(PURPOSES), leaves=True),
    }
    return {word: stance for name, stance in stances.items() for word in words[name]}


@functools.cache
def _purposes() -> dict[str, str]:
    words = table("consents")["purposes"]
    return {word: purpose for purpose in PURPOSES for word in words[purpose]}


@functools.cache
def _purpose() -> re.Pattern[str]:
    return re.compile(_any(_purposes()))


@functools.cache
def _pattern() -> re.Pattern[str]:
    signs = table("consents")["signs"]
    fillers = _any(table("consents")["fillers"]["words"])
    one = f"(?:{fillers})*(?:{_any(_purposes())})"
    return re.compile(
        f"(?:(?P<revoke>{_any(signs['revoke'])})|(?:{_any(signs['give'])}))"
        f"(?P<purposes>{one}(?:(?:和|跟|与|还有|也)?{one})*)(?:了|吧|啦|的)*"
    )


def _any(words: Iterable[str]) -> str:
    listed = sorted(words, key=len, reverse=True)
    return "|".join(map(re.escape, listed))
