"""The concept codes that `language` emits and the rules use, with what each of them implies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from care.protocol_file import Entry

UNKNOWN = "unknown_finding"


@dataclass(frozen=True, slots=True)
class Concept:
    """A present symptom or event. `implies` is complete: weaker codes of weaker codes included.

    `background` marks what is said about the person ("打胰岛素"): no complaint, fires no rule alone.
    """

    code: str
    label: str
    flag: str
    meaning: str
    background: bool
    implies: frozenset[str]


def concepts(file: Entry) -> dict[str, Concept]:
    """The `[findings]` of findings.toml."""
    found = {}
    entries = dict(file.named("findings"))
    direct = {code: entry.texts("implies") for code, entry in entries.items()}
    for code, entry in entries.items():
        entry.only("label", "flag", "meaning", "background", "implies")
        for weaker in direct[code]:
            if weaker not in entries:
                entry.fail("implies", f"{weaker} is not a finding")
        found[code] = Concept(
            code=code,
            label=entry.text("label"),
            flag=entry.text("flag"),
            meaning=entry.text("meaning"),
            background=entry.flag("background", default=False),
            implies=_closure(code, direct, entry),
        )
    return found


def implied(codes: Iterable[str], known: Mapping[str, Concept]) -> set[str]:
    """The codes with all that they imply. One nobody defined becomes `UNKNOWN`: seen, not lost."""
    facts: set[str] = set()
    for code in codes:
        concept = known.get(code)
        if concept is None:
            facts.add(UNKNOWN)
        else:
            facts.add(code)
            facts |= concept.implies
    return facts


def _closure(code: str, direct: Mapping[str, tuple[str, ...]], entry: Entry) -> frozenset[str]:
    seen: set[str] = set()
    waiting = set(direct[code])
    while waiting:
        seen |= waiting
        waiting = {weaker for one in waiting for weaker in direct.get(one, ())} - seen
    if code in seen:
        entry.fail("implies", "a finding cannot imply itself")
    return frozenset(seen)
