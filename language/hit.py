"""One expression of a concept found in a text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Hit:
    """One expression of a concept. `core` is where its trouble begins (头也不疼: at 疼).

    `inner` is where the words before the trouble end, when they may hold a "no" of their own.
    """

    concept: str
    start: int
    end: int
    core: int
    kind: str = "symptom"
    negated: bool = False
    topical: bool = False
    inner: int = 0
