"""The report of a run, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from suifang.simulation.judging import Report

_PARTS = ("follow_ups", "messages", "readings", "alarms", "doctors")


def show(report: Report, screen: Console) -> None:
    """Print the figures part by part, then what must never happen."""
    screen.print(
        f"{report.people} people on {report.phones} phones, {report.days} days, seed {report.seed}: "
        f"{report.seconds:.0f} s"
    )
    for part in _PARTS:
        table = Table(title=part.replace("_", " "), title_justify="left", show_header=False)
        for name, value in _lines(getattr(report, part)):
            table.add_row(name, value)
        screen.print(table)
    for one in report.invariants:
        mark = "[green]✓[/green]" if not one.broken else "[red]✗[/red]"
        tail = f": {one.broken} times, e.g. {one.example}" if one.broken else ""
        screen.print(f"{mark} {one.name}{tail}")


def _lines(figures: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for key, value in figures.items():
        name = f"{above}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            lines += _lines(value, f"{name} · ") or [(name, "-")]
        elif isinstance(value, list):
            lines.append((name, " | ".join(map(str, value)) or "-"))
        else:
            lines.append((name, str(value)))
    return lines
