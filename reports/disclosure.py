"""Hides numbers so small that they could point at a person, and those they could be worked out from.

A count from 1 up to the limit is hidden. So is a part whose rest would be that small. When one
village alone is hidden in a column, the sum would give it away, so the next smallest goes too; when
there is none, the sum goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reports.figure import Definition, Definitions

Place = str | None
Values = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Cell:
    """A number, or why it is not shown: "small", or "derived" (a small one would follow from it).

    No value and no reason: there is nothing to measure.
    """

    value: int | None
    hidden: str = ""


SMALL, DERIVED = Cell(None, "small"), Cell(None, "derived")


def hide_small(
    counted: Mapping[Place, Values], whole: Values, known: Definitions, events: Mapping[Place, int]
) -> tuple[dict[Place, dict[str, Cell]], dict[str, Cell]]:
    """The cells of all places and of their sum, as somebody from outside may see them."""
    shown: dict[Place, dict[str, Cell]] = {place: {} for place in counted}
    total: dict[str, Cell] = {}
    limit = known.smallest_cell
    for figure in known.figures:
        for place, values in counted.items():
            shown[place][figure.key] = _cell(figure, values, limit, events[place])
        total[figure.key] = _cell(figure, whole, limit, sum(events.values()))
        if not figure.per_event:
            _cover(figure.key, counted, shown, total)
    return shown, total


def _cell(figure: Definition, values: Values, limit: int, events: int) -> Cell:
    value = values[figure.key]
    if figure.per_event:
        return SMALL if 0 < events < limit else Cell(value)
    if value is None or _small(value, limit):
        return SMALL if value else Cell(value)
    whole = values[figure.of] if figure.of else None
    if whole is not None and _small(whole - value, limit):
        return DERIVED
    return Cell(value)


def _small(value: int, limit: int) -> bool:
    return 0 < value < limit


def _cover(
    key: str,
    counted: Mapping[Place, Values],
    shown: dict[Place, dict[str, Cell]],
    total: dict[str, Cell],
) -> None:
    """Keep a lone hidden place from being worked out from the sum."""
    hidden = [place for place in counted if shown[place][key].hidden]
    if len(hidden) != 1:
        return
    others = [
        (value, position, place)
        for position, (place, values) in enumerate(counted.items())
        if place not in hidden and (value := values[key])
    ]
    if others:
        *_, second = min(others)
        shown[second][key] = DERIVED
    elif not total[key].hidden:
        total[key] = DERIVED
