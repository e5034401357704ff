"""What changed between two texts of an article, field by field, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from inbox.words import word
from knowledge.sheet import Sheet

FIELDS = (
    "title", "audience", "plain", "today", "see_doctor", "not_true", "body", "questions",
    "related", "sources", "confidence", "expires", "level",
)  # fmt: skip
_CODES = frozenset({"audience", "confidence", "level", "expires"})
_PIECES = re.compile(r"[^。！？；，、\n]*[。！？；，、\n]?")
# Letter by letter only inside short pieces: comparing grows with the square of their length.
_SHORT = 200
_ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text. `kind`: same, gone or new."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One field whose text differs."""

    field: str
    runs: tuple[Run, ...]


def changes(before: Sheet, after: Sheet) -> tuple[Change, ...]:
    """The fields that differ, with what went and what came."""
    pairs = ((name, _text(before, name), _text(after, name)) for name in FIELDS)
    return tuple(
        Change(name, _swapped(name, old, new) if name in _CODES else runs(old, new))
        for name, old, new in pairs
        if old != new
    )


def runs(old: str, new: str) -> tuple[Run, ...]:
    """The stretches of two texts side by side."""
    return _joined(_compared(_PIECES.findall(old), _PIECES.findall(new)))


def _swapped(name: str, old: str, new: str) -> tuple[Run, ...]:
    """A code is not reworded but exchanged; it is shown by its word."""
    group = f"article_{name}"
    told = (old, new) if name == "expires" else (word(group, old), word(group, new))
    return _joined(iter((Run("gone", told[0]), Run("new", told[1]))))


def _compared(old: list[str], new: list[str]) -> Iterator[Run]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        gone, came = "".join(old[i1:i2]), "".join(new[j1:j2])
        if kind == "equal":
            yield Run("same", gone)
        elif kind == "replace" and max(len(gone), len(came)) <= _SHORT:
            yield from _letters(gone, came)
        else:
            yield Run("gone", gone)
            yield Run("new", came)


def _letters(gone: str, came: str) -> Iterator[Run]:
    matcher = SequenceMatcher(None, gone, came, autojunk=False)
    if matcher.ratio() < _ALIKE:
        # Two sentences with some letters in common: mixed, nobody can read either.
        yield Run("gone", gone)
        yield Run("new", came)
        return
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            yield Run("same", gone[i1:i2])
        else:
            yield Run("gone", gone[i1:i2])
            yield Run("new", came[j1:j2])


def _joined(found: Iterator[Run]) -> tuple[Run, ...]:
    kept: list[Run] = []
    for run in found:
        if not run.text:
            continue
        if kept and kept[-1].kind == run.kind:
            kept[-1] = Run(run.kind, kept[-1].text + run.text)
        else:
            kept.append(run)
    return tuple(kept)


def _text(sheet: Sheet, name: str) -> str:
    value = getattr(sheet, name)
    if isinstance(value, str):
        return value
    return "\n".join(one if isinstance(one, str) else " ".join(one).strip() for one in value)
