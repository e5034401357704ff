"""`suifang report`: the counts of one month as a table, with what each figure means."""

from __future__ import annotations

import json
from datetime import datetime

from rich.console import Console
from rich.table import Table

from reports.counts import MonthlyCounts, monthly
from reports.month import Month, MonthError
from suifang.errors import ConfigurationError
from suifang.installation import Installation

_EVERYWHERE = ""


def counts(installation: Installation, written: str, now: datetime) -> MonthlyCounts:
    """Everybody's counts of a month written 2026-11; the present month when nothing is written."""
    try:
        month = Month.parse(written) if written else Month.of(now)
    except MonthError:
        msg = f"{written} is not a month; write it like 2026-11."
        raise ConfigurationError(msg) from None
    with installation.database.reading() as session:
        return monthly(session, _EVERYWHERE, month, now, show_small=True)


def show(found: MonthlyCounts, screen: Console) -> None:
    """Print the table: figures down, villages across."""
    table = Table(title=f"{found.month} · 截至 {found.as_of:%Y-%m-%d %H:%M} UTC")
    table.add_column("")
    for row in (*found.rows, found.total):
        table.add_column(row.name, justify="right")
    for figure in found.definitions.figures:
        cells = [_shown(row.cells[figure.key].value) for row in (*found.rows, found.total)]
        table.add_row(figure.name, *cells)
    screen.print(table)
    for figure in found.definitions.figures:
        screen.print(f"[dim]{figure.name}：{figure.definition}（{figure.source}）[/dim]")


def _shown(value: int | None) -> str:
    return "—" if value is None else str(value)


def as_json(found: MonthlyCounts) -> str:
    """The same figures for another program."""
    return json.dumps(
        {
            "month": str(found.month),
            "as_of": found.as_of.isoformat(),
            "rows": [
                {
                    "facility_id": row.facility_id,
                    "name": row.name,
                    "figures": {key: cell.value for key, cell in row.cells.items()},
                }
                for row in (*found.rows, found.total)
            ],
        },
        ensure_ascii=False,
    )
