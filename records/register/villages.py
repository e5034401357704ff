"""Finds the village that a cell means among the facilities of a catchment."""

from __future__ import annotations

import re
from collections.abc import Sequence

from records.register.cells import Cell, squeezed
from records.register.reasons import Reason, RefusedError
from records.tables import Facility

_KIND = re.compile(
    r"(村?卫生室|卫生站|卫生所|社区卫生服务中心|卫生服务中心|中心卫生院|卫生院|服务站"
    r"|村民委员会|居民委员会|村委会|居委会|社区|村委|行政村)$"
)
_LAST = re.compile(r"[村乡镇街道]+$")
_SHORTEST = 2
_LEAVES = frozenset({"village_clinic", "community_health_centre"})


class Villages:
    """The facilities people may be registered at, by what people call them."""

    def __init__(self, facilities: Sequence[Facility]) -> None:
        self._by_id = {one.id: one for one in facilities}
        self._leaves = [one for one in facilities if one.kind in _LEAVES]
        self._cores = [(core_of(one.name), one) for one in self._leaves]

    def find(self, village: Cell, context: str) -> Facility:
        """The one village meant. `context` (town, address, sheet) decides between namesakes.

        Raises:
            RefusedError: no village of the catchment, or several.
        """
        text = squeezed(village)
        core = core_of(text)
        found = [one for name, one in self._cores if name == core] or self._inside(text)
        if len(found) > 1:
            found = [one for one in found if self._town(one) in context] or found
        if not found:
            raise RefusedError(Reason.VILLAGE_UNKNOWN)
        if len(found) > 1:
            raise RefusedError(Reason.VILLAGE_AMBIGUOUS)
        return found[0]

    def only(self) -> Facility | None:
        """The village, when there is no choice."""
        return self._leaves[0] if len(self._leaves) == 1 else None

    def _inside(self, text: str) -> list[Facility]:
        """Villages whose name stands in a longer text; the longest name wins."""
        hits = [
            (len(name), one)
            for name, one in self._cores
            if len(name) >= _SHORTEST and (f"{name}村" in text or _as_called(one.name) in text)
        ]
        longest = max((length for length, _ in hits), default=0)
        return [one for length, one in hits if length == longest]

    def _town(self, village: Facility) -> str:
        above = self._by_id.get(village.parent_id or "")
        return core_of(above.name) if above else "?"


def core_of(name: str) -> str:
    """What is left of a name without the kind of place: 上塘村卫生室 → 上塘."""
    bare = _as_called(name)
    short = _LAST.sub("", bare)
    return short if len(short) >= _SHORTEST else bare


def _as_called(name: str) -> str:
    return _KIND.sub("", name.strip())
