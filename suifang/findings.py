"""What an examination found, and how the operator sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rich.console import Console


class State(StrEnum):
    """How bad a finding is. Only an error makes the command fail."""

    OK = "ok"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was looked at, how it is, and what to do about it."""

    name: str
    state: State
    says: str
    do: str = ""


_MARKS = {
    State.OK: "[green]✓[/green]",
    State.WARN: "[yellow]![/yellow]",
    State.ERROR: "[red]✗[/red]",
}


def worst(findings: Sequence[Finding]) -> State:
    """The state of the whole installation."""
    order = list(State)
    return max((finding.state for finding in findings), key=order.index, default=State.OK)


def print_findings(findings: Sequence[Finding], console: Console | None = None) -> int:
    """Show the report; returns the exit code of the command."""
    screen = console or Console()
    for finding in findings:
        screen.print(f"{_MARKS[finding.state]} {finding.name}:", end="")
        screen.print(finding.says, markup=False, highlight=False)
        if finding.do:
            screen.print(f"    → {finding.do}", markup=False, highlight=False)
    return 1 if worst(findings) is State.ERROR else 0
