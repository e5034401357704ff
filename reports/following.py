"""Which hidden numbers could be worked out exactly from everything that is shown.

Every sum is an equation in the hidden numbers. A number is fixed when the equations have it alone
after elimination. Counted in a large prime field: exact, and quicker than fractions.
"""

from __future__ import annotations

from collections.abc import Iterable

Row = dict[int, int]

_PRIME = (1 << 61) - 1


def fixed(equations: Iterable[Row]) -> set[int]:
    """The unknowns whose value follows. Each equation maps an unknown to its factor."""
    solved: dict[int, Row] = {}
    # Short equations first: they fix most and fill the others least.
    for equation in sorted(equations, key=len):
        row = _reduced(equation, solved)
        if row:
            pivot = min(row)
            _into(solved, pivot, _scaled(row, pivot))
    return {pivot for pivot, row in solved.items() if len(row) == 1}


def _reduced(equation: Row, solved: dict[int, Row]) -> Row:
    """The equation without any unknown that is solved already."""
    row = {unknown: factor % _PRIME for unknown, factor in equation.items() if factor % _PRIME}
    for pivot in [unknown for unknown in row if unknown in solved]:
        _subtract(row, solved[pivot], row[pivot])
    return row


def _into(solved: dict[int, Row], pivot: int, row: Row) -> None:
    """Add a solved unknown and take it out of the others."""
    for known in solved.values():
        if pivot in known:
            _subtract(known, row, known[pivot])
    solved[pivot] = row


def _scaled(row: Row, pivot: int) -> Row:
    inverse = pow(row[pivot], -1, _PRIME)
    return {unknown: factor * inverse % _PRIME for unknown, factor in row.items()}


def _subtract(row: Row, other: Row, times: int) -> None:
    for unknown, factor in other.items():
        left = (row.get(unknown, 0) - times * factor) % _PRIME
        if left:
            row[unknown] = left
        else:
            row.pop(unknown, None)
