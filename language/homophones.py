"""Terms typed by sound with other characters: 酱鸭要 is 降压药. The length never changes."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path

_SOURCE = Path(__file__).parent / "data" / "sounds.toml"
_BLUR = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))


def repair(text: str, words: tuple[str, ...]) -> str:
    """Replace every stretch that sounds like one of `words`."""
    index = _index(words)
    sounds = _sounds()
    heard = [sounds.get(sign, "") for sign in text]
    position, pieces, start = 0, [], 0
    while position < len(text):
        word = _at(index, heard, position) if heard[position] else None
        if word is None:
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
