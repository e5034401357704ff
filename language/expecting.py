"""What a follow-up asked for, so that a bare number can be placed."""

from __future__ import annotations

from dataclasses import dataclass, field

from care.reading import GlucoseContext, Kind


@dataclass(frozen=True, slots=True)
class Expecting:
    """The kinds asked for, and for glucose the moment asked for."""

    kinds: frozenset[Kind] = field(default_factory=frozenset)
    context: GlucoseContext | None = None
