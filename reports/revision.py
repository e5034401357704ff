"""What became different after a month was closed: a log with a reason for each change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select
from sqlmodel import Session, col, insert

from records.identity import new_id
from records.tables import StateRevision

Key = tuple[str, str, str]
# The first field that differs names the reason.
_REASONS = (
    ("visits", "visit_changed"),
    ("fasting_tests", "test_changed"),
    ("under_care", "care_changed"),
    ("standard", "visit_changed"),
    ("control", "value_changed"),
    ("cohort", "value_changed"),
)
# What figures are made of; how often somebody came beyond that changes none.
COUNTED = ("under_care", "standard", "control", "cohort")
_ENROLMENT = "enrolment_changed"


class Classes(Protocol):
    """A state with its place; see `reports.keeping.Kept`."""

    @property
    def facility_id(self) -> str | None: ...

    def classes(self) -> dict[str, Any]: ...


def note(
    session: Session, frozen: Mapping[Key, Classes], fresh: Mapping[Key, Classes], now: datetime
) -> int:
    """Add what would be counted differently than last known. Returns how many.

    A move to another village is no change: a closed month keeps the village it was counted in.
    """
    keys = frozen.keys() | fresh.keys()
    if not keys:
        return 0
    known = _last(session, keys)
    rows = []
    for key in sorted(keys):
        stood = frozen.get(key)
        before = known.get(key, stood.classes() if stood else {})
        after = fresh[key].classes() if key in fresh else {}
        if _counted(before) != _counted(after):
            place = stood or fresh.get(key)
            rows.append(_row(key, place.facility_id if place else None, before, after, now))
    if rows:
        session.execute(insert(StateRevision), rows)
    return len(rows)


def _last(session: Session, keys: set[Key]) -> dict[Key, dict[str, Any]]:
    """What the log said last of these states."""
    rows = session.execute(
        select(StateRevision)
        .where(col(StateRevision.person_id).in_({person for _, person, _ in keys}))
        .order_by(col(StateRevision.noted_at), col(StateRevision.id))
    ).scalars()
    return {(row.month, row.person_id, row.programme): row.after for row in rows}


def _row(
    key: Key,
    place: str | None,
    before: dict[str, Any],
    after: dict[str, Any],
    now: datetime,
) -> dict[str, Any]:
    month, person, programme = key
    return {
        "id": new_id(),
        "month": month,
        "person_id": person,
        "programme": programme,
        "facility_id": place,
        "noted_at": now,
        "reason": reason(before, after),
        "before": before,
        "after": after,
    }


def _counted(classes: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(classes.get(name) for name in COUNTED)


def reason(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Why a state is different, as far as the states can tell."""
    if not before or not after:
        return _ENROLMENT
    return next(why for name, why in _REASONS if before[name] != after[name])
