"""Chinese words for the codes in the rows. An unknown code is shown as it is, never hidden."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from care.protocol import protocol
from texts.catalogue import CatalogError, catalogue, render

_FOLDER = Path(__file__).parent / "vocabulary"
_CANNED = "canned."
# What delivery puts before the reason when it has tried often enough.
_GAVE_UP = "gave_up_"
# A row that could not be read; the name of the fault behind it is for the log.
_BROKEN, _BROKEN_SAYS = "broken_", "系统出了错，没有发出去"


@lru_cache(maxsize=1)
def _words() -> dict[str, dict[str, str]]:
    """The groups of all files. A group may be spread over files; a code stands in one of them."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for group, words in tomllib.loads(path.read_text("utf-8")).items():
            known = found.setdefault(group, {})
            twice = known.keys() & words.keys()
            if twice:
                message = f"{path.name}: [{group}] says {sorted(twice)} a second time"
                raise ValueError(message)
            known |= words
    return found


def word(group: str, code: object) -> str:
    """The word for a code of this package's own pages."""
    if code is None or code == "":
        return ""
    return _words()[group].get(str(code), str(code))


def words_of(group: str) -> dict[str, str]:
    """All codes of a group with their words."""
    return _words()[group]


def because(reason: str | None) -> str:
    """Why a message waits or was not sent: our own reason, or the word of an adapter."""
    if not reason:
        return ""
    bare = reason.removeprefix(_GAVE_UP)
    for group in ("delivery_reason", "code_says"):
        if bare in _words()[group]:
            said = _words()[group][bare]
            return said if bare == reason else f"试了几次都没成：{said}"
    return _BROKEN_SAYS if reason.startswith(_BROKEN) else reason


def label(group: str, code: str) -> str:
    """A label from the catalogue of texts: level, reason, kind or glucose."""
    try:
        return render(f"{group}.{code}")
    except CatalogError:
        return code


def telling(reasons: Sequence[str]) -> list[str]:
    """The reasons worth a hurried reader's eye: not those that a graver one says already."""
    covers = _words()["covers"]
    said = {weaker for reason in reasons for weaker in covers.get(reason, "").split()}
    return [reason for reason in reasons if reason not in said]


def medicine(code: str) -> str:
    """The name of a class of medicines."""
    return protocol().drugs.get(code, code)


@lru_cache(maxsize=1)
def canned_replies() -> dict[str, str]:
    """Ready-made replies by key, in the catalogue's order."""
    return {
        key.removeprefix(_CANNED): sentence.text
        for key, sentence in catalogue().sentences.items()
        if key.startswith(_CANNED) and not sentence.placeholders
    }
