"""The figures of an area in a month as one reader may see them: the rows behind every format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from records import estimates
from records.tables import FacilityEstimate
from reports import closing, correction, hiding, keeping
from reports.activity import percentile
from reports.correction import Correction
from reports.definition import Definitions, Figure, Kind, TableDefinition, definitions
from reports.hiding import Cell
from reports.ledger import Ledger, ledger
from reports.month import Month
from reports.tree import Node, Tree, tree
from reports.value import DERIVED, NO_ESTIMATE, NOTHING, RUNNING, SMALL, Number, Value

_VILLAGE = "village_clinic"
# As many places as are written: whoever rounds again gets the same.
_PLACES = {Kind.RATE: 3, Kind.RATIO: 1}
_SHARES = {Kind.MEDIAN: 0.5, Kind.P90: 0.9}


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the tree somebody may look at. `sees_small`: they look after the people there."""

    path: str
    sees_small: bool


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one place, or of one doctor."""

    id: str
    name: str
    is_area: bool
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Table:
    """Figures that stand together. `total` is the area itself."""

    definition: TableDefinition
    rows: tuple[Row, ...]
    total: Row

    @property
    def figures(self) -> tuple[Figure, ...]:
        return self.definition.figures

    def all_rows(self) -> tuple[Row, ...]:
        return (self.total, *self.rows)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is known of an area in a month."""

    area: Node
    above: tuple[Node, ...]
    month: Month
    as_of: datetime
    closed_at: datetime | None
    small_hidden: bool
    definitions: Definitions
    tables: tuple[Table, ...]
    corrections: tuple[Correction, ...]
    estimates: Mapping[tuple[str, str], FacilityEstimate]
    refreshed_at: datetime | None

    def table(self, key: str) -> Table:
        return next(table for table in self.tables if table.definition.key == key)


@dataclass(frozen=True)
class View:
    """What is shown of a ledger to one reader."""

    known: Definitions
    tree: Tree
    ledger: Ledger
    estimates: Mapping[tuple[str, str], FacilityEstimate]
    hidden: Mapping[Cell, str]
    outside: bool
    running: bool

    def value(self, node: Node, figure: Figure) -> Value:
        """One figure of one node."""
        if self.running and node.kind == _VILLAGE:
            return self._missing(figure, RUNNING)
        if figure.kind is Kind.COUNT:
            return self._count(node.id, figure)
        if figure.kind is Kind.ESTIMATE:
            return self._estimate(node, figure)
        if figure.kind in _SHARES:
            return self._minutes(node.id, figure)
        return self._quotient(node, figure)

    def _missing(self, figure: Figure, why: str) -> Value:
        return Value(figure.kind, None, why, self.known.smallest_cell)

    def _count(self, node: str, figure: Figure) -> Value:
        why = self.hidden.get((node, figure.key))
        if why:
            return self._missing(figure, why)
        return Value(figure.kind, self.ledger.count(node, figure.key))

    def _estimate(self, node: Node, figure: Figure) -> Value:
        found = self.estimated(node, figure.key.split(".")[1])
        return self._missing(figure, NO_ESTIMATE) if found is None else Value(figure.kind, found)

    def estimated(self, node: Node, programme: str) -> int | None:
        """The area's own estimate, else the sum of its parts when every part has one."""
        row = self.estimates.get((node.id, programme))
        if row is not None:
            return row.patients
        facilities = [part for part in self.tree.below(node.id) if part.is_facility]
        parts = [self.estimated(part, programme) for part in facilities]
        return sum(part or 0 for part in parts) if parts and None not in parts else None

    def _minutes(self, node: str, figure: Figure) -> Value:
        minutes = self.ledger.tally(node).minutes.get(figure.key.split(".")[1], [])
        if not minutes:
            return self._missing(figure, NOTHING)
        if figure.events and (node, figure.events) in self.hidden:
            return self._missing(figure, DERIVED)
        return Value(figure.kind, percentile(minutes, _SHARES[figure.kind]))

    def _quotient(self, node: Node, figure: Figure) -> Value:
        if any((node.id, key) in self.hidden for key in (*figure.over, *figure.under)):
            return self._missing(figure, DERIVED)
        over = self._sum(node, figure.over)
        under = self._sum(node, figure.under)
        if over is None or under is None:
            return self._missing(figure, NO_ESTIMATE)
        if not under:
            return self._missing(figure, NOTHING)
        return Value(figure.kind, round(over / under, _PLACES[figure.kind]))

    def _sum(self, node: Node, keys: Sequence[str]) -> int | None:
        """The sum of these figures; None when one is an estimate that nobody made."""
        total = 0
        for key in keys:
            if key.endswith(".estimate"):
                found = self.estimated(node, key.split(".")[1])
                if found is None:
                    return None
                total += found
            else:
                total += self.ledger.count(node.id, key)
        return total


def build(
    session: Session,
    scope: Scope,
    area_id: str,
    month: Month,
    now: datetime,
    names: Mapping[str, str] | None = None,
) -> Report | None:
    """The report of an area; None when it lies outside the scope.

    `names` are the names of doctors by id, for whoever may read them.
    """
    known = definitions()
    grown = whole_tree(session, scope)
    if grown is None:
        return None
    area = grown.nodes.get(area_id)
    if area is None or not area.is_facility or not area.path.startswith(scope.path):
        return None
    closed = closing.closed_at(session, month)
    seen = view(session, scope, grown, ledger(session, grown, month), now, closed)
    rows = [
        part for part in grown.below(area.id) if part.is_facility or part.id in seen.ledger.nodes
    ]
    return Report(
        area=area,
        above=tuple(
            reversed([node for node in grown.up(area) if node.path.startswith(scope.path)])
        ),
        month=month,
        as_of=now,
        closed_at=closed,
        small_hidden=not scope.sees_small,
        definitions=known,
        tables=tuple(_table(table, seen, area, rows, names or {}) for table in known.tables),
        corrections=_told(correction.corrections(session, grown, area, month, closed), scope),
        estimates=seen.estimates,
        refreshed_at=keeping.refreshed_at(session),
    )


def _told(log: tuple[Correction, ...], scope: Scope) -> tuple[Correction, ...]:
    """From outside no small difference is seen either."""
    limit = 0 if scope.sees_small else definitions().smallest_cell
    return tuple(one.without_small(limit) for one in log)


def whole_tree(session: Session, scope: Scope) -> Tree | None:
    """Who sees everything needs only the own part; hiding needs the whole tree."""
    path = scope.path if scope.sees_small else scope.path.partition("/")[0] + "/"
    return tree(session, path)


def view(
    session: Session,
    scope: Scope,
    grown: Tree,
    numbers: Ledger,
    now: datetime,
    closed: datetime | None,
) -> View:
    """What one reader may see of a month's numbers."""
    known = definitions()
    return View(
        known=known,
        tree=grown,
        ledger=numbers,
        estimates=estimates.known(session, numbers.month.year, until=closed),
        outside=not scope.sees_small,
        hidden={} if scope.sees_small else hiding.hidden_once(known, grown, numbers, closed),
        running=not scope.sees_small and numbers.month >= Month.of(now),
    )


def _table(
    table: TableDefinition, seen: View, area: Node, parts: Sequence[Node], names: Mapping[str, str]
) -> Table:
    if table.by == "practitioner":
        return _of_doctors(table, seen, area, names)
    total = Row(area.id, "合计", is_area=False, values=_values(table, seen, area))
    rows = tuple(
        Row(part.id, part.name, part.is_facility, _values(table, seen, part)) for part in parts
    )
    return Table(table, rows, total)


def _values(table: TableDefinition, seen: View, node: Node) -> dict[str, Value]:
    return {figure.key: seen.value(node, figure) for figure in table.figures}


def _of_doctors(table: TableDefinition, seen: View, area: Node, names: Mapping[str, str]) -> Table:
    """What each doctor did. Small numbers of cases are as telling here as anywhere."""
    limit = seen.known.smallest_cell
    doctors = seen.ledger.tally(area.id).doctors

    def shown(number: Number) -> Value:
        if seen.outside and 0 < number < limit:
            return Value(Kind.COUNT, None, SMALL, limit)
        return Value(Kind.COUNT, number)

    ordered = sorted(doctors, key=lambda one: (names.get(one, ""), one))
    rows = tuple(
        Row(
            one,
            names.get(one, "（已离职）"),
            is_area=False,
            values={figure.key: shown(doctors[one][figure.key]) for figure in table.figures},
        )
        for one in ordered
    )

    def together(key: str) -> Value:
        """Their sum; a lone small number would follow from it."""
        if any(row.values[key].missing for row in rows):
            return Value(Kind.COUNT, None, DERIVED)
        return Value(Kind.COUNT, sum(counts[key] for counts in doctors.values()))

    sums = {figure.key: together(figure.key) for figure in table.figures}
    total = Row(area.id, "合计", is_area=False, values=sums)
    return Table(table, rows, total)
