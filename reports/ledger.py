"""Every number of a month at every node of the tree: what people see is cut out of this."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlmodel import Session, col, func

from records.tables import MonthlyState
from reports import activity, closing
from reports.activity import Tally
from reports.month import Month
from reports.state import OUTCOMES
from reports.tree import Tree

Place = str | None
Counts = Counter[str]


@dataclass
class Ledger:
    """Tallies by node, each the sum of what is below it."""

    month: Month
    nodes: dict[str, Tally] = field(default_factory=dict)

    def count(self, node: str, key: str) -> int:
        """A count at a node; nobody counted anything: nought."""
        tally = self.nodes.get(node)
        return tally.counts[key] if tally else 0

    def tally(self, node: str) -> Tally:
        return self.nodes.get(node) or Tally()


def ledger(session: Session, tree: Tree, month: Month) -> Ledger:
    """All numbers of one month. Of a closed month they are those it was closed with."""
    if closing.closed_at(session, month):
        done = activity.closed_tallies(session, month)
    else:
        done = activity.tallies(session, tree.root.path, month)
    states = state_counts(session, [month], within=tree)[str(month)]
    merged: dict[Place, Tally] = {}
    for place, counts in states.items():
        merged.setdefault(place, Tally()).counts.update(counts)
    for place, tally in done.items():
        if _belongs(place, tree):
            merged.setdefault(place, Tally()).add(tally)
    return summed(month, tree, merged)


def ledgers_of_states(session: Session, tree: Tree, months: Sequence[Month]) -> list[Ledger]:
    """The numbers that come from states, of many months at once."""
    found = state_counts(session, months, within=tree)
    return [
        summed(month, tree, {place: Tally(c) for place, c in found[str(month)].items()})
        for month in months
    ]


def summed(month: Month, tree: Tree, by_place: Mapping[Place, Tally]) -> Ledger:
    """Put every place's tally into its node and into all nodes above."""
    made = Ledger(month)
    for place, tally in by_place.items():
        node = tree.nodes[tree.remainder(place)]
        for one in (node, *tree.up(node)):
            made.nodes.setdefault(one.id, Tally()).add(tally)
    return made


def state_counts(
    session: Session, months: Sequence[Month], within: Tree
) -> dict[str, dict[Place, Counts]]:
    """People by their classes, by month and place."""
    columns = [
        col(getattr(MonthlyState, name))
        for name in ("month", "facility_id", "programme", "under_care")
    ]
    classes = [col(getattr(MonthlyState, name)) for name in ("standard", "control", "cohort")]
    rows = session.execute(
        select(*columns, *classes, func.count())
        .where(col(MonthlyState.month).in_([str(month) for month in months]))
        .group_by(*columns, *classes)
    )
    found: dict[str, dict[Place, Counts]] = {str(month): {} for month in months}
    for month, place, programme, under_care, standard, control, cohort, people in rows:
        if _belongs(place, within):
            counts = found[month].setdefault(place, Counter())
            for key in class_keys(programme, under_care, standard, control, cohort):
                counts[key] += people
    return found


def class_keys(
    programme: str, under_care: bool, standard: str, control: str, cohort: str
) -> Iterable[str]:
    """The figures that a person with these classes is counted in."""
    nbphs, hearts = f"nbphs.{programme}", f"hearts.{programme}"
    yield from (f"{nbphs}.managed", f"{nbphs}.standard_{standard}", f"{nbphs}.{control}")
    if under_care:
        yield from (f"{nbphs}.now", f"{hearts}.registered", f"{hearts}.{cohort}")
        if cohort in OUTCOMES:
            yield f"{hearts}.population"


def _belongs(place: Place, tree: Tree) -> bool:
    if place is None:
        return tree.root.parent_id is None
    return place in tree.nodes
