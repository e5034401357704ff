"""The report as plain data, for another program."""

from __future__ import annotations

from typing import Any

from reports.definition import Figure
from reports.grid import remarks
from reports.report import Report, Row
from reports.value import Value


def answer(report: Report) -> dict[str, Any]:
    """Codes and numbers, with every definition beside them."""
    return {
        "area": {"id": report.area.id, "name": report.area.name, "kind": report.area.kind},
        "month": str(report.month),
        "as_of": report.as_of.isoformat(),
        "refreshed_at": report.refreshed_at.isoformat() if report.refreshed_at else None,
        "closed_at": report.closed_at.isoformat() if report.closed_at else None,
        "definitions_version": report.definitions.version,
        "review": report.definitions.review,
        "remarks": list(remarks(report)),
        "corrections": [
            {
                "noted_on": one.noted_on.isoformat(),
                "reason": one.reason,
                "changes": None if one.few else one.changes,
                "deltas": dict(one.deltas),
            }
            for one in report.corrections
        ],
        "tables": [
            {
                "key": table.definition.key,
                "title": table.definition.title,
                "about": table.definition.about,
                "figures": [_figure(one) for one in table.figures],
                "total": _row(table.total),
                "rows": [_row(row) for row in table.rows],
            }
            for table in report.tables
        ],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "key": figure.key,
        "name": figure.name,
        "kind": figure.kind,
        "definition": figure.definition,
        "source": figure.source,
        "numerator": list(figure.over),
        "denominator": list(figure.under),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "values": {key: _value(value) for key, value in row.values.items()},
    }


def _value(value: Value) -> dict[str, Any]:
    """A number, or the code of why there is none."""
    return {"value": value.number, "missing": value.missing or None}
