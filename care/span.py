"""What a number can be: possible, usual and normal bands of each measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from care.protocol_file import PROVENANCE_KEYS, Entry, Provenance, Review, Source, provenance

Band = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Span:
    """Outside `possible` it is no value; outside `usual` it is read back.

    `normal` is the band that no threshold of a rule may enter, see `care.rule`.
    """

    name: str
    unit: str
    possible: Band
    usual: Band
    normal: Band
    origin: Provenance


def spans(file: Entry, known: Mapping[str, Source]) -> dict[str, Span]:
    """The `[ranges]` of plausibility.toml."""
    review = file.entry("meta").one_of("review", Review)
    found = {}
    for name, entry in file.named("ranges"):
        entry.only("unit", "possible", "usual", "normal", *PROVENANCE_KEYS)
        possible, usual, normal = (_band(entry, key) for key in ("possible", "usual", "normal"))
        if not possible[0] <= usual[0] <= normal[0] <= normal[1] <= usual[1] <= possible[1]:
            entry.fail("usual", "the bands must lie inside each other")
        origin = provenance(entry, known, review)
        found[name] = Span(name, entry.text("unit"), possible, usual, normal, origin)
    return found


def _band(entry: Entry, key: str) -> Band:
    match entry.data.get(key):
        case [int() | float() as low, int() | float() as high]:
            return float(low), float(high)
        case _:
            raise entry.error(key, "two numbers are needed")
