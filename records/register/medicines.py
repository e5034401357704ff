"""How medicines are named: the list of `language` and the stems of drugs.toml, in one place."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from care.protocol import protocol
from language.background import drugs
from language.medicines import find, rules_in

_STEMS = Path(__file__).with_name("drugs.toml")
# The word with how it is taken: 药一天两次, 每片早晚.
_TAKEN = r"(?:药|片|胶囊).{0,8}(?:[一二三半两\d]\s*[次片粒颗]|早|晚|顿)"


def classes_in(text: str) -> frozenset[str]:
    """The classes of medicines that a text names: codes of care/protocols/findings.toml."""
    return (drugs(text) | rules_in(text)) & protocol().drugs.keys()


def told_of(text: str) -> bool:
    """Whether words say what is taken: a name as the box has it, or a medicine and how it is taken."""
    return bool(find(text)) or _told().search(text) is not None


@lru_cache(maxsize=1)
def _stems() -> dict[str, list[str]]:
    return tomllib.loads(_STEMS.read_text("utf-8"))


@lru_cache(maxsize=1)
def _told() -> re.Pattern[str]:
    stems = {word for words in _stems().values() for word in words}
    names = sorted(map(re.escape, stems), key=len, reverse=True)
    return re.compile("|".join([*names, _TAKEN]))
