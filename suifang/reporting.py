"""`suifang report`: the figures of one area and month at the terminal, with what each means."""

from __future__ import annotations

import json
from datetime import datetime

from rich.console import Console
from rich.table import Table
from sqlmodel import Session, col, select

from records.tables import Facility
from reports import answer
from reports.grid import corrections_text, grids, remarks, title
from reports.keeping import refresh
from reports.month import Month, MonthError
from reports.report import Report, Scope, build
from suifang.errors import ConfigurationError
from suifang.installation import Installation


def report(installation: Installation, area: str, written: str, now: datetime) -> Report:
    """The report of an area (name or id, the whole tree when empty) in a month written 2026-11."""
    try:
        month = Month.parse(written) if written else Month.of(now)
    except MonthError:
        msg = f"{written} is not a month; write it like 2026-11."
        raise ConfigurationError(msg) from None
    refresh(installation.database, now)
    with installation.database.reading() as session:
        place = facility(session, area)
        found = build(session, Scope(place.path, sees_small=True), place.id, month, now)
    if found is None:
        msg = f"There are no figures for {area}."
        raise ConfigurationError(msg)
    return found


def facility(session: Session, written: str) -> Facility:
    """The facility with this id or name; the top of the tree when nothing is written."""
    statement = select(Facility).order_by(col(Facility.path))
    if written:
        statement = statement.where((Facility.id == written) | (Facility.name == written))
    found = session.exec(statement).all()
    if not found:
        msg = f"There is no facility {written}." if written else "There is no facility yet."
        raise ConfigurationError(msg)
    if written and len(found) > 1:
        msg = f"Several facilities are called {written}; give the id."
        raise ConfigurationError(msg)
    return found[0]


def show(found: Report, screen: Console) -> None:
    """Print every table: figures down, places across."""
    screen.print(f"[bold]{title(found)}[/bold] · 截至 {found.as_of:%Y-%m-%d %H:%M} UTC")
    if found.closed_at:
        screen.print(f"已封存 · 之后有 {corrections_text(found)}")
    for grid in grids(found):
        table = Table(title=grid.title, caption=grid.about)
        for position, name in enumerate(grid.header):
            table.add_column(name, justify="right" if position else "left")
        for line in grid.lines:
            table.add_row(line.figure.name, *(value.text for value in line.values))
        screen.print(table)
    for words in remarks(found):
        screen.print(words)
    for figure in found.definitions.figures():
        screen.print(f"[bold]{figure.name}[/bold] {figure.definition} 来源：{figure.source}")


def as_json(found: Report) -> str:
    """The same figures for another program."""
    return json.dumps(answer.answer(found), ensure_ascii=False, indent=2)
