"""The report as comma-separated text, one table below the other, with the mark Excel needs."""

from __future__ import annotations

import csv
import io

from reports.grid import grids, harmless, remarks, title
from reports.report import Report


def comma(report: Report) -> bytes:
    """The text as a file in UTF-8 with a byte order mark."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow([harmless(title(report))])
    for grid in grids(report):
        writer.writerows([[], [harmless(grid.title)], [harmless(name) for name in grid.header]])
        for line in grid.lines:
            writer.writerow([harmless(line.figure.name), *(value.text for value in line.values)])
    writer.writerow([])
    writer.writerows([harmless(one)] for one in remarks(report))
    return made.getvalue().encode("utf-8-sig")
