"""The condition of a rule: facts joined by all / any / count. There is no "not", on purpose.

Positive conditions only grow truer as facts are added, so a rule that fires keeps firing: that, and
thresholds outside the normal band (see `care.measure`), is why `assess` is monotone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from care.protocol_file import Entry


@dataclass(frozen=True, slots=True)
class Condition:
    """At least `count` of the parts hold: "all" is every part, "any" is one.

    A part is a fact or again a condition. `word` is how the file wrote it and `name` what [define]
    calls it, for the printed rules.
    """

    word: str
    count: int
    parts: tuple[str | Condition, ...]
    name: str = ""

    def holds(self, facts: AbstractSet[str]) -> bool:
        missing = self.count
        for part in self.parts:
            if part in facts if isinstance(part, str) else part.holds(facts):
                missing -= 1
                if missing == 0:
                    return True
        return False

    def facts(self) -> Iterator[str]:
        """Every fact named anywhere below."""
        for part in self.parts:
            if isinstance(part, str):
                yield part
            else:
                yield from part.facts()


Resolve = Callable[[str], "str | Condition"]


def condition(entry: Entry, key: str, resolve: Resolve) -> Condition:
    """Reads the condition under `key`; `resolve` turns each word into a fact or a condition."""
    return _read(entry, key, entry.data.get(key), resolve)


def _read(entry: Entry, key: str, raw: Any, resolve: Resolve) -> Condition:
    match raw:
        case {"all": list(parts), **rest} if parts and not rest:
            return Condition("all", len(parts), _parts(entry, key, parts, resolve))
        case {"any": list(parts), **rest} if parts and not rest:
            return Condition("any", 1, _parts(entry, key, parts, resolve))
        case {"count": int(count), "of": list(parts), **rest} if not rest:
            if not 1 <= count <= len(parts):
                entry.fail(key, f"count {count} of {len(parts)}")
            return Condition("count", count, _parts(entry, key, parts, resolve))
        case _:
            raise entry.error(key, "must be {all = […]}, {any = […]} or {count = n, of = […]}")


def _parts(
    entry: Entry, key: str, parts: list[Any], resolve: Resolve
) -> tuple[str | Condition, ...]:
    return tuple(
        resolve(part) if isinstance(part, str) else _read(entry, key, part, resolve)
        for part in parts
    )
