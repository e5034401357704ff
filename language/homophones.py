"""Terms typed by sound with other characters: 酱鸭要 is 降压药. The length never changes.

Terms of two syllables sound like too many words: they are repaired only between signs that stand
beside a complaint or a value, and never where the two signs are an ordinary word.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_SOURCE = Path(__file__).parent / "data" / "sounds.toml"
_BLUR = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))


class Short(NamedTuple):
    """Terms of two signs, and the signs that may stand before and behind them."""

    words: tuple[str, ...]
    before: frozenset[str]
    after: frozenset[str]


class ShortTerms:
    """Two-syllable terms by their sound."""

    def __init__(self, groups: Sequence[Short], ordinary: Sequence[str]) -> None:
        sounds = _sounds()
        self._ordinary = frozenset(ordinary)
        self._terms = {
            (sounds[word[0]], sounds[word[1]]): (word, group)
            for group in reversed(groups)
            for word in reversed(group.words)
        }
        # The terms as they are meant, whatever else sounds the same (头疼, 头痛).
        self._written = frozenset(word for group in groups for word in group.words)
        self._starts = frozenset(first for first, _ in self._terms)

    def repair(self, text: str) -> str:
        """Replace what sounds like a term, where a term may stand."""
        sounds = _sounds()
        heard = [sounds.get(sign, "") for sign in text]
        mended = text
        for start, sound in enumerate(heard[:-1]):
            if sound not in self._starts:
                continue
            word = self._at(mended, start, (sound, heard[start + 1]))
            if word is not None:
                mended = f"{mended[:start]}{word}{mended[start + 2 :]}"
        return mended

    def _at(self, text: str, start: int, said: tuple[str, str]) -> str | None:
        found = self._terms.get(said)
        written = text[start : start + 2]
        if found is None or written in self._written or written in self._ordinary:
            return None
        word, group = found
        before, after = text[start - 1 : start], text[start + 2 : start + 3]
        stands = _beside(before, group.before) and _beside(after, group.after)
        return word if stands else None


def _beside(sign: str, allowed: frozenset[str]) -> bool:
    """The edge of a clause, or one of the signs allowed."""
    return not sign.isalnum() or sign in allowed


def repair(text: str, words: tuple[str, ...], never: frozenset[str] = frozenset()) -> str:
    """Replace every stretch that sounds like one of `words`, and is none of `never`."""
    index = _index(words)
    sounds = _sounds()
    heard = [sounds.get(sign, "") for sign in text]
    position, pieces, start = 0, [], 0
    while position < len(text):
        word = _at(index, heard, position) if heard[position] else None
        if word is None or text[position : position + len(word)] in never:
            position += 1
            continue
        pieces += [text[start:position], word]
        position = start = position + len(word)
    return "".join([*pieces, text[start:]]) if pieces else text


def sound_of(sign: str) -> str:
    """How a character sounds without tone, blurred; what has no sound is itself."""
    return _sounds().get(sign, sign)


def _at(
    index: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]], heard: list[str], start: int
) -> str | None:
    for word, sounds in index.get(heard[start], ()):
        if tuple(heard[start : start + len(word)]) == sounds:
            return word
    return None


@functools.cache
def _index(words: tuple[str, ...]) -> Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    """Words by their first sound, longest first."""
    sounds = _sounds()
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for word in sorted(words, key=len, reverse=True):
        said = tuple(sounds[sign] for sign in word)
        found.setdefault(said[0], []).append((word, said))
    return {first: tuple(entries) for first, entries in found.items()}


@functools.cache
def _sounds() -> Mapping[str, str]:
    """Each character's first reading without tone, blurred as voice input and southern speech do."""
    with _SOURCE.open("rb") as file:
        known: Mapping[str, str] = tomllib.load(file)["sounds"]
    return {sign: _blurred(sound) for sound, signs in known.items() for sign in signs}


def _blurred(sound: str) -> str:
    for sharp, blunt in _BLUR:
        sound = sound.replace(sharp, blunt)
    return sound
