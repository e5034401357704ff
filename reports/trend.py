"""A few rates over the months of a year, and of the parts of an area beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from reports import closing
from reports.definition import Figure, definitions
from reports.ledger import ledgers_of_states
from reports.month import Month
from reports.report import Report, Scope, view, whole_tree
from reports.value import Value

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Course:
    """One figure over the months, the oldest first."""

    figure: Figure
    values: Mapping[Month, Value]


def courses(
    session: Session, scope: Scope, area_id: str, last: Month, now: datetime
) -> tuple[Course, ...]:
    """How the figures with `trend` went in the year up to a month, as this reader may see it."""
    grown = whole_tree(session, scope)
    if grown is None or area_id not in grown.nodes:
        return ()
    area = grown.nodes[area_id]
    first = closing.first_month(session, now, definitions().rules)
    months = max(last.earlier(MONTHS - 1), first).until(last)
    drawn = [figure for figure in definitions().figures() if figure.trend]
    found: dict[str, dict[Month, Value]] = {figure.key: {} for figure in drawn}
    for numbers in ledgers_of_states(session, grown, months):
        closed = closing.closed_at(session, numbers.month)
        seen = view(session, scope, grown, numbers, now, closed)
        for figure in drawn:
            found[figure.key][numbers.month] = seen.value(area, figure)
    return tuple(Course(figure, found[figure.key]) for figure in drawn)


@dataclass(frozen=True, slots=True)
class Bars:
    """One figure of the parts of an area, beside each other."""

    figure: Figure
    values: tuple[tuple[str, Value], ...]


def bars(report: Report) -> tuple[Bars, ...]:
    """The figures with `trend`, part by part; nothing for an area without parts."""
    found = []
    for table in report.tables:
        for figure in table.figures:
            if figure.trend and len(table.rows) > 1:
                values = tuple((row.name, row.values[figure.key]) for row in table.rows)
                found.append(Bars(figure, values))
    return tuple(found)
