"""Names as a hurried hand types them: characters, whole pinyin, initials, or a mixture.

Every reading of a character counts (单 is dan and shan), because nobody should be missed for a
reading the family uses. Readings that no dictionary gives for a surname are named here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

# Readings as a surname that the dictionary of single characters does not give.
_AS_SURNAME = {
    "仇": "qiu",
    "任": "ren",
    "区": "ou",
    "华": "hua",
    "单": "shan",
    "召": "shao",
    "员": "yun",
    "哈": "ha",
    "盖": "ge",
    "种": "chong",
    "秘": "bi",
    "繁": "po",
    "翟": "zhai",
    "解": "xie",
    "车": "che",
    "那": "na",
    "万": "mo",
    "俟": "qi",
    "尉": "yu",
    "澹": "tan",
    "洗": "xian",
    "冼": "xian",
    "朴": "piao",
    "查": "zha",
    "缪": "miao",
    "曾": "zeng",
    "乐": "yue",
    "覃": "qin",
    "折": "she",
    "黑": "he",
    "乜": "nie",
    "逄": "pang",
    "隗": "wei",
    "郇": "xun",
    "祭": "zhai",
    "钭": "tou",
    "宓": "fu",
}
# ü is typed v, u or yu, as the keyboard or the passport has it.
_UMLAUT = {"lv": ("lu", "lyu"), "lve": ("lue",), "nv": ("nu", "nyu"), "nve": ("nue",)}
_TWO_LETTER_INITIALS = ("zh", "ch", "sh")


@cache
def _dictionary() -> Any:
    """The dictionary of readings, without its phrases: loaded when the first name is spelt."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    import pypinyin  # noqa: PLC0415 - 50 MB with the phrases, and most processes spell nothing

    return pypinyin


@lru_cache(maxsize=8192)
def syllables(character: str) -> tuple[str, ...]:
    """Every way to spell one character, the most usual first."""
    dictionary = _dictionary()
    found = dictionary.pinyin(
        character, style=dictionary.Style.NORMAL, heteronym=True, errors="ignore"
    )
    known = [one for one in found[0] if one.isascii()] if found else []
    if character in _AS_SURNAME:
        known.append(_AS_SURNAME[character])
    known += [other for one in known for other in _UMLAUT.get(one, ())]
    return tuple(dict.fromkeys(known))


def sound(name: str) -> tuple[str, ...]:
    """How a name sounds without tones, character by character."""
    return tuple(_sound(n, one) for n, one in enumerate(name))


def sort_key(name: str) -> tuple[tuple[str, str], ...]:
    """The order of a printed list: by the sound of the surname, then of the rest."""
    return tuple(zip(sound(name), name, strict=True))


def place_of(typed: str, name: str) -> int | None:
    """Where in a name the typed text fits: 0 from the surname on; None when it does not."""
    wanted = typed.casefold().replace("ü", "v").replace(" ", "").replace("'", "")
    if not wanted:
        return None
    return next((n for n in range(len(name)) if _fits(wanted, name, n)), None)


def _fits(wanted: str, name: str, at: int) -> bool:
    if not wanted:
        return True
    if at >= len(name):
        return False
    taken = (len(one) for one in _spellings(name[at]) if wanted.startswith(one))
    if any(_fits(wanted[length:], name, at + 1) for length in taken):
        return True
    # The last syllable may be half typed.
    return any(one.startswith(wanted) for one in syllables(name[at]))


@lru_cache(maxsize=8192)
def _spellings(character: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_each_spelling(character)))


def _each_spelling(character: str) -> Iterator[str]:
    yield character.casefold()
    for syllable in syllables(character):
        yield syllable
        yield syllable[0]
        if syllable.startswith(_TWO_LETTER_INITIALS):
            yield syllable[:2]


def _sound(position: int, character: str) -> str:
    if position == 0 and character in _AS_SURNAME:
        return _AS_SURNAME[character]
    return next(iter(syllables(character)), character)
