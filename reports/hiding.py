"""Hides numbers so small that they could point at a person, and whatever they would follow from.

A count from one up to the limit is hidden. Numbers hang together: an area is the sum of its parts,
a whole the sum of its classes, a part and its rest make the whole. Wherever a hidden number would
follow from the others, one more is hidden, over the whole tree and until nothing follows any more,
so that going down, up or sideways on the pages gives nothing away.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from reports import following
from reports.definition import Definitions, Kind, definitions
from reports.ledger import Ledger
from reports.tree import Tree

SMALL, DERIVED = "small", "derived"
_REST = "~rest"

Cell = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sum:
    """A whole and the parts it consists of, each with its number."""

    whole: Cell
    parts: tuple[Cell, ...]


def hidden(known: Definitions, tree: Tree, ledger: Ledger) -> dict[Cell, str]:
    """Which counts (node, figure) somebody from outside must not see, and why."""
    sums = list(_sums(known, tree, ledger))
    numbers = _numbers(sums, ledger)
    found = {cell: SMALL for cell, number in numbers.items() if 0 < number < known.smallest_cell}
    _cover(sums, numbers, found, known.smallest_cell)
    while any(
        [_shield(cell, sums, numbers, found) for cell in _exposed(sums, numbers, found)]  # noqa: C419 - all of them
    ):
        _cover(sums, numbers, found, known.smallest_cell)
    return found


_REMEMBERED: OrderedDict[tuple[object, ...], dict[Cell, str]] = OrderedDict()
_MOST_REMEMBERED = 64


def hidden_once(
    known: Definitions, tree: Tree, ledger: Ledger, closed_at: datetime | None
) -> dict[Cell, str]:
    """The same, worked out once per process for a closed month: its numbers never change."""
    if closed_at is None:
        return hidden(known, tree, ledger)
    # What a ledger is made of is part of the key: some hold the states alone.
    totals = tuple(sorted(ledger.tally(tree.root.id).counts.items()))
    key = (known.version, str(ledger.month), closed_at, frozenset(tree.nodes), totals)
    if key not in _REMEMBERED:
        _REMEMBERED[key] = hidden(known, tree, ledger)
        while len(_REMEMBERED) > _MOST_REMEMBERED:
            _REMEMBERED.popitem(last=False)
    return _REMEMBERED[key]


def _cover(
    sums: Sequence[Sum], numbers: dict[Cell, int], found: dict[Cell, str], limit: int
) -> None:
    """Hide more until no single sum gives a hidden number away."""
    changed = True
    while changed:
        changed = False
        for one in sums:
            more = _one_more(one, numbers, found, limit)
            if more is not None:
                found[more] = DERIVED
                changed = True


def _exposed(sums: Sequence[Sum], numbers: dict[Cell, int], found: dict[Cell, str]) -> list[Cell]:
    """Hidden numbers that several sums together still give away."""
    cells = [
        cell
        for cell in numbers
        if cell in found or _is_rest(cell)  # a rest is never shown
    ]
    column = {cell: position for position, cell in enumerate(cells)}
    equations = []
    for one in sums:
        row: following.Row = {}
        for cell, sign in ((one.whole, 1), *((part, -1) for part in one.parts)):
            if cell in column:
                row[column[cell]] = row.get(column[cell], 0) + sign
        if row:
            equations.append(row)
    known = (cells[position] for position in sorted(following.fixed(equations)))
    return [cell for cell in known if cell in found and numbers[cell] and not _is_rest(cell)]


def _shield(
    cell: Cell, sums: Sequence[Sum], numbers: dict[Cell, int], found: dict[Cell, str]
) -> bool:
    """Hide the smallest number that stands in one sum with this one, a nought if need be."""
    beside = {
        other
        for one in sums
        if cell in (one.whole, *one.parts)
        for other in (one.whole, *one.parts)
        if other not in found and not _is_rest(other)
    }
    if not beside:
        return False
    order = min(
        beside, key=lambda other: (not numbers[other], _is_kept(other), numbers[other], other)
    )
    found[order] = DERIVED
    return True


def _is_rest(cell: Cell) -> bool:
    return cell[1].endswith(_REST)


def _sums(known: Definitions, tree: Tree, ledger: Ledger) -> Iterator[Sum]:
    """Every way in which numbers hang together, from the top of the tree downwards."""
    counts = [
        one
        for one in known.figures()
        if one.kind is Kind.COUNT and ledger.count(tree.root.id, one.key)
    ]
    partitions = [part for table in known.tables for part in table.partitions]
    for node in tree.downwards():
        below = tree.below(node.id)
        if below:
            for one in counts:
                yield Sum((node.id, one.key), tuple((part.id, one.key) for part in below))
        for partition in partitions:
            yield Sum(
                (node.id, partition.whole), tuple((node.id, part) for part in partition.parts)
            )
        for one in counts:
            if one.part_of:
                rest = f"{one.key}{_REST}"
                yield Sum((node.id, one.part_of), ((node.id, one.key), (node.id, rest)))
            if one.same_as:
                yield Sum((node.id, one.same_as), ((node.id, one.key),))


def _numbers(sums: Sequence[Sum], ledger: Ledger) -> dict[Cell, int]:
    """The number of every cell. The rest beside a part is the whole without it."""
    found = {
        cell: ledger.count(*cell)
        for one in sums
        for cell in (one.whole, *one.parts)
        if not _is_rest(cell)
    }
    for one in sums:
        if _is_rest(one.parts[-1]):
            found[one.parts[-1]] = found[one.whole] - found[one.parts[0]]
    return found


def _one_more(
    one: Sum, numbers: dict[Cell, int], found: dict[Cell, str], limit: int
) -> Cell | None:
    """One more cell to hide so that nothing hidden follows from this sum; None when nothing does."""
    away = [part for part in one.parts if part in found]
    left = [part for part in one.parts if part not in found and numbers[part]]
    if one.whole in found:
        return None if away or not left else _least(left, one, numbers)
    together = sum(numbers[part] for part in away)
    if not away or (len(away) > 1 and together >= limit):
        return None
    return _least([*left, one.whole], one, numbers)


def _least(cells: Sequence[Cell], one: Sum, numbers: dict[Cell, int]) -> Cell:
    """The cell that is missed least: none that the main rates are made of, no whole, a small one."""
    return min(cells, key=lambda cell: (_is_kept(cell), cell == one.whole, numbers[cell], cell))


def _is_kept(cell: Cell) -> bool:
    return cell[1] in _kept()


@lru_cache(maxsize=1)
def _kept() -> frozenset[str]:
    """The figures that the rates of the tiles are made of, and those tied to them number by number."""
    rates = [figure for figure in definitions().figures() if figure.tile]
    tied = {figure for figure in definitions().figures() if figure.same_as}
    return frozenset(
        {key for rate in rates for key in (*rate.over, *rate.under)}
        | {key for figure in tied for key in (figure.key, figure.same_as or "")}
    )
