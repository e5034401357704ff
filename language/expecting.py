"""What a follow-up asked for, so that a bare number can be placed."""

from __future__ import annotations

from dataclasses import dataclass, field

from care.reading import GlucoseContext, Kind


@dataclass(frozen=True, slots=True)
class Expecting:
    """The kinds asked for, and for glucose the moment asked for."""

    kinds: frozenset[Kind] = field(default_factory=frozenset)
    context: GlucoseContext | None = None


_ASKED = {
    "bp": Expecting(frozenset({Kind.BP})),
    "glucose": Expecting(frozenset({Kind.GLUCOSE}), GlucoseContext.FASTING),
    "both": Expecting(frozenset({Kind.BP, Kind.GLUCOSE}), GlucoseContext.FASTING),
}


def asked_for(field: object) -> Expecting | None:
    """What a question of a follow-up expects: "bp", "glucose" or "both"; None for any other."""
    return _ASKED.get(str(field))
