"""One clinical number with its unit and source. Rules name values; no rule and no code repeats one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from care.protocol_file import PROVENANCE_KEYS, Entry, Provenance, Review, Source, provenance


@dataclass(frozen=True, slots=True)
class Value:
    """A threshold, interval or count. `id` is unique over all protocol files."""

    id: str
    value: float
    unit: str
    origin: Provenance


def values(file: Entry, known: Mapping[str, Source]) -> dict[str, Value]:
    """The `[values]` of a protocol file."""
    review = file.entry("meta").one_of("review", Review)
    found = {}
    for name, entry in file.named("values"):
        entry.only("value", "unit", *PROVENANCE_KEYS)
        found[name] = Value(
            name, entry.number("value"), entry.text("unit"), provenance(entry, known, review)
        )
    return found
