"""`python -m bench [turn batch acknowledge memory states index delivery]`: measure, show a table, keep JSON in var/."""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path

import structlog

from bench.figure import Figure, load_average, show, write

PARTS = ("turn", "batch", "acknowledge", "memory", "states", "index", "delivery")
RESULTS = Path("var/bench.json")
_QUIET_LOAD = 0.5


def main() -> int:
    """Measure the named parts, or all. Returns 1 when a bar is not held."""
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=quiet)
    unknown = [name for name in sys.argv[1:] if name not in PARTS]
    if unknown:
        print(f"There is no {unknown[0]}; there are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    before = load_average()
    if before > _QUIET_LOAD:
        print(f"The load average is {before}: times measured now say little.", file=sys.stderr)
    figures: list[Figure] = []
    for name in sys.argv[1:] or PARTS:
        print(f"measuring {name} ...", file=sys.stderr)
        figures += importlib.import_module(f"bench.{name}").measure()
    show(figures)
    write(RESULTS, figures, before)
    print(f"Kept in {RESULTS}.", file=sys.stderr)
    return int(any(figure.holds is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
