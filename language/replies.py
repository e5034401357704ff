"""Short answers to a question that was asked: "按时" means yes only after "药都按时吃了吗"."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

_SOURCE = Path(__file__).parent / "data" / "replies.toml"
# Longer messages say more than yes or no and are read by the grammar alone.
_SHORT = 12


def short_answer(asked: str, text: str) -> bool | None:
    """Yes or no to the question with this name; None when the text is long or says neither."""
    said = text.strip()
    if not said or len(said) > _SHORT:
        return None
    words = _words()[asked]
    left = said
    for denial in words["not_no"]:
        left = left.replace(denial, "")
    if any(word in left for word in words["no"]):
        return False
    return True if any(word in said for word in words["yes"]) else None


@lru_cache(maxsize=1)
def _words() -> dict[str, dict[str, list[str]]]:
    with _SOURCE.open("rb") as file:
        table: dict[str, dict[str, list[str]]] = tomllib.load(file)
    return table
