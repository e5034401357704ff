"""高压155 153 149低压95 92 90: the upper values in a row, then as many lower ones."""

from __future__ import annotations

from care.reading import Kind
from language.draft import Draft

_FEWEST = 2


def pair_columns(drafts: list[Draft]) -> list[Draft]:
    """Give each upper value of a row its own lower value, in order.

    The grammar has joined the last upper value with the first lower one, the only two that touch.
    """
    paired: list[Draft] = []
    place = 0
    while place < len(drafts):
        row = _row(drafts, place)
        if row is None:
            paired.append(drafts[place])
            place += 1
            continue
        lower = [row[len(row) // 2].diastolic, *(d.diastolic for d in row[len(row) // 2 + 1 :])]
        upper = row[: len(row) // 2 + 1]
        for draft, value in zip(upper, lower, strict=True):
            draft.diastolic = value
        paired += upper
        place += len(row)
    return paired


def _row(drafts: list[Draft], start: int) -> list[Draft] | None:
    """Upper values alone, one with both, then as many lower values alone; nothing else between."""
    middle = start
    while middle < len(drafts) and _alone(drafts[middle], drafts[start], upper=True):
        middle += 1
    count = middle - start
    row = drafts[start : middle + count + 1]
    if count + 1 < _FEWEST or len(row) < 2 * count + 1:
        return None
    both = row[count]
    joined = both.kind is Kind.BP and both.systolic is not None and both.diastolic is not None
    tail = all(_alone(draft, row[0], upper=False) for draft in row[count + 1 :])
    return row if joined and tail and _same(both, row[0]) else None


def _alone(draft: Draft, first: Draft, *, upper: bool) -> bool:
    has = (draft.systolic is not None, draft.diastolic is not None)
    return draft.kind is Kind.BP and has == (upper, not upper) and _same(draft, first)


def _same(draft: Draft, first: Draft) -> bool:
    return (draft.subject, draft.relation, draft.purpose, draft.when) == (
        first.subject,
        first.relation,
        first.purpose,
        first.when,
    )
