"""What a meter shows instead of a value: HI, LO, an error. A critical input, not rubbish."""

from __future__ import annotations

import functools
import re

from language.expecting import Expecting
from language.lexicon import table


@functools.cache
def _signs(name: str) -> re.Pattern[str]:
    words = sorted(table("intents")["meters"][name], key=len, reverse=True)
    parts = [
        rf"(?<![a-z0-9]){re.escape(w)}(?![a-z0-9])" if w.isascii() else re.escape(w) for w in words
    ]
    return re.compile("|".join(parts))


@functools.cache
def _about() -> re.Pattern[str]:
    return re.compile("|".join(table("intents")["meters"]["about"]))


def meter_errors(original: str, text: str, expecting: Expecting | None) -> frozenset[str]:
    """The set of "hi", "lo", "error" a text reports. `original` tells HI from a greeting."""
    about = _about().search(text) is not None
    capitals = original.strip(" 。!！,，.") in {"HI", "LO", "Hi", "Lo"} and (
        original.strip(" 。!！,，.").isupper() or expecting is not None
    )
    if not (about or capitals):
        return frozenset()
    found = {name for name in ("hi", "lo") if _shown(name, original, text, capitals)}
    if not found and _signs("error").search(text):
        return frozenset({"error"})
    return frozenset(found)


def _shown(name: str, original: str, text: str, capitals: bool) -> bool:
    match = _signs(name).search(text)
    if match is None:
        return False
    if not match[0].isascii() or capitals:
        return True
    # A small-letter "hi" in a message that also greets is a greeting.
    return (
        match[0].upper() in original
        or re.search(rf"(?:显示|仪|测|糖|是|出|打|个|跳).{{0,6}}{match[0]}", text) is not None
    )
