"""One measured number with its bar and the floor it is compared with; a table and JSON of many."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """A number. `bar` is what it must not be over (or under, for a rate); `floor` has its unit."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    bar: float | None = None
    aim: Literal["low", "high"] = "low"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the floor it is."""
        return self.value / self.floor if self.floor else None

    @property
    def holds(self) -> bool | None:
        """Whether the bar is held; None where there is none."""
        if self.bar is None:
            return None
        return self.value <= self.bar if self.aim == "low" else self.value >= self.bar


def process_cpu_seconds(pid: int) -> float:
    """The CPU that a process has taken so far, in user and kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def additions_ms() -> float:
    """How long this machine takes for a million additions: hosts are not equally fast all day."""
    began = time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number
    return round((time.process_time() - began) * 1000, 1)


def load_average() -> float:
    """How many processes wanted a core during the last minute."""
    return round(os.getloadavg()[0], 2)


def show(figures: Sequence[Figure]) -> None:
    """Print the table."""
    machine = f"{os.cpu_count()} cores, a million additions in {additions_ms()} ms"
    table = Table(title=f"{machine}, load average {load_average()}")
    for column in ("what", "measured", "floor", "× floor", "bar", ""):
        table.add_column(column, justify="left" if column in ("what", "") else "right")
    for one in figures:
        table.add_row(
            one.name,
            f"{_short(one.value)} {one.unit}",
            "" if one.floor is None else _short(one.floor),
            "" if one.ratio is None else f"{one.ratio:.1f}",
            _bar(one),
            {True: "✓", False: "✗", None: ""}[one.holds] + (f" {one.note}" if one.note else ""),
        )
    Console(width=120).print(table)


def write(path: Path, figures: Sequence[Figure], load_before: float) -> None:
    """Keep the run as JSON, with what kind of machine it was."""
    run = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "million_additions_ms": additions_ms(),
        "load_before": load_before,
        "load_after": load_average(),
        "figures": [{**asdict(one), "ratio": one.ratio, "holds": one.holds} for one in figures],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _bar(one: Figure) -> str:
    if one.bar is None:
        return ""
    return f"{'≤' if one.aim == 'low' else '≥'} {_short(one.bar)}"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
