"""What changed in a month after it was closed, told in figures and reasons, never in people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from records.people import china_date
from records.tables import FacilityEstimate, StateRevision
from reports.ledger import class_keys
from reports.month import Month
from reports.tree import Node, Tree

ESTIMATE_CHANGED = "estimate_changed"


@dataclass(frozen=True, slots=True)
class Correction:
    """Changes of one day with one reason: how many, and by how much each figure would differ."""

    noted_on: date
    reason: str
    changes: int
    deltas: Mapping[str, int]
    few: bool = False

    def without_small(self, limit: int) -> Correction:
        """The same without differences below the limit; how many changes only when they are many."""
        deltas = {key: by for key, by in self.deltas.items() if abs(by) >= limit}
        few = self.changes < limit and self.reason != ESTIMATE_CHANGED
        return replace(self, deltas=deltas, few=few, changes=0 if few else self.changes)


def corrections(
    session: Session, tree: Tree, area: Node, month: Month, closed_at: datetime | None
) -> tuple[Correction, ...]:
    """The log of an area and a month, the oldest first; empty while the month is open."""
    if closed_at is None:
        return ()
    inside = {node.id for node in tree.nodes.values() if node.path.startswith(area.path)}
    found: dict[tuple[date, str], list[StateRevision]] = defaultdict(list)
    for row in _revisions(session, month):
        if row.facility_id in inside or (row.facility_id is None and area.parent_id is None):
            found[china_date(row.noted_at), row.reason].append(row)
    told = [
        Correction(day, reason, len(rows), _deltas(rows)) for (day, reason), rows in found.items()
    ]
    told += [
        Correction(china_date(row.set_at), ESTIMATE_CHANGED, 1, {})
        for row in _later_estimates(session, month, closed_at)
        if row.facility_id in inside
    ]
    return tuple(sorted(told, key=lambda one: (one.noted_on, one.reason)))


def _revisions(session: Session, month: Month) -> list[StateRevision]:
    statement = (
        select(StateRevision)
        .where(col(StateRevision.month) == str(month))
        .order_by(col(StateRevision.noted_at), col(StateRevision.id))
    )
    return list(session.execute(statement).scalars())


def _later_estimates(session: Session, month: Month, closed_at: datetime) -> list[FacilityEstimate]:
    statement = (
        select(FacilityEstimate)
        .where(col(FacilityEstimate.year) == month.year)
        .where(col(FacilityEstimate.set_at) > closed_at)
    )
    return list(session.execute(statement).scalars())


def _deltas(rows: list[StateRevision]) -> dict[str, int]:
    """By how much each figure would be higher or lower."""
    counted: Counter[str] = Counter()
    for row in rows:
        counted.update(_figures(row.programme, row.after))
        counted.subtract(_figures(row.programme, row.before))
    return {key: number for key, number in counted.items() if number}


def _figures(programme: str, classes: Mapping[str, Any]) -> list[str]:
    if not classes:
        return []
    return list(
        class_keys(
            programme,
            classes["under_care"],
            classes["standard"],
            classes["control"],
            classes["cohort"],
        )
    )
