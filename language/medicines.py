"""The medicines of the village by name: the one list that reading, records and answers share."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from language.lexicon import table


@dataclass(frozen=True, slots=True)
class Medicine:
    """One medicine: its generic name, its class here, and the class that the rules know ("" if none).

    `names` are right names, the generic first; `misspelt` are how it is also written or spoken.
    """

    generic: str
    kind: str
    rule: str
    names: tuple[str, ...]
    misspelt: tuple[str, ...]

    @property
    def brand(self) -> str:
        """A name from the packet to tell the generic by, empty when only the generic is known."""
        own = self.generic
        return next((name for name in self.names[1:] if own not in name and name not in own), "")


@dataclass(frozen=True, slots=True)
class Named:
    """A medicine found in a text, as the person wrote it."""

    said: str
    medicine: Medicine
    start: int


def find(text: str) -> tuple[Named, ...]:
    """Return the medicines that a text names, each once, in order; longer names win."""
    lowered = text.lower()
    hidden = _not_medicine().sub(lambda match: "\0" * len(match.group()), lowered)
    found: dict[str, Named] = {}
    for match in _pattern().finditer(hidden):
        medicine = by_name()[match.group()]
        found.setdefault(medicine.generic, Named(match.group(), medicine, match.start()))
    return tuple(found.values())


def rules_in(text: str) -> frozenset[str]:
    """The classes that the rules know (codes of care/protocols) of the medicines a text names."""
    return frozenset(named.medicine.rule for named in find(text) if named.medicine.rule)


@functools.cache
def by_name() -> Mapping[str, Medicine]:
    """Every name in lower case, right or misspelt, with its medicine."""
    return {
        name.lower(): medicine
        for medicine in medicines()
        for name in (*medicine.names, *medicine.misspelt)
    }


@functools.cache
def medicines() -> tuple[Medicine, ...]:
    return tuple(
        _medicine(kind, entry.get("rule", ""), line)
        for kind, entry in table("medicines")["classes"].items()
        for line in entry["names"]
    )


def _medicine(kind: str, rule: str, line: str) -> Medicine:
    right, _, wrong = line.partition(";")
    names = tuple(right.split("|"))
    misspelt = tuple(name for name in wrong.split("|") if name)
    return Medicine(names[0], kind, rule, names, misspelt)


@functools.cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(by_name(), key=len, reverse=True))))


@functools.cache
def _not_medicine() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, table("medicines")["meta"]["not_medicine"])))
