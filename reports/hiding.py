"""Hides numbers so small that they could point at a person, and whatever they would follow from.

A count from one up to the limit is hidden. Numbers hang together: an area is the sum of its parts,
a whole the sum of its classes, a part and its rest make the whole. Wherever a hidden number would
follow from the others, one more is hidden, over the whole tree and until nothing follows any more,
so that going down, up or sideways on the pages gives nothing away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.definition import Definitions, Kind
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
    sums = list(_sums(known, tree))
    numbers = _numbers(sums, ledger)
    found = {cell: SMALL for cell, number in numbers.items() if 0 < number < known.smallest_cell}
    changed = True
    while changed:
        changed = False
        for one in sums:
            more = _one_more(one, numbers, found, known.smallest_cell)
            if more is not None:
                found[more] = DERIVED
                changed = True
    return found


def _sums(known: Definitions, tree: Tree) -> Iterator[Sum]:
    """Every way in which numbers hang together, from the top of the tree downwards."""
    counts = [
        one
        for one in known.figures()
        if one.kind is Kind.COUNT and not one.key.startswith("workload")
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
        if not cell[1].endswith(_REST)
    }
    for one in sums:
        if one.parts[-1][1].endswith(_REST):
            found[one.parts[-1]] = found[one.whole] - found[one.parts[0]]
    return found


def _one_more(
    one: Sum, numbers: dict[Cell, int], found: dict[Cell, str], limit: int
) -> Cell | None:
    """One more cell to hide so that nothing hidden follows from this sum; None when nothing does."""
    away = [part for part in one.parts if part in found]
    left = [part for part in one.parts if part not in found and numbers[part]]
    if one.whole in found:
        if away or not left:
            return None
        return min(left, key=lambda cell: numbers[cell])
    together = sum(numbers[part] for part in away)
    if not away or (len(away) > 1 and together >= limit):
        return None
    return min(left, key=lambda cell: numbers[cell]) if left else one.whole
