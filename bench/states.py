"""How long the monthly states take: everything anew, and only what changed."""

from __future__ import annotations

import random
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import insert, select

from bench.figure import Figure
from records.db import Database
from records.identity import new_id
from records.tables import Enrolment, Facility, FollowUp, Person, StoredReading, metadata
from reports.keeping import rebuild, refresh
from reports.month import Month
from reports.report import Scope, build

PEOPLE, VILLAGES, CHANGES = 3_000, 60, 10
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)


def measure() -> list[Figure]:
    """Rebuild 3,000 people over a year, change ten, refresh; then build the county's page."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        metadata.create_all(database.engine)
        _fill(database)
        first = _timed(lambda: refresh(database, NOW))
        whole = _timed(lambda: rebuild(database, NOW))
        _change(database)
        some = _timed(lambda: refresh(database, NOW))
        page = _timed(lambda: _page(database))
        database.dispose()
    return [
        Figure("states: first run with closing, 3,000 × 12 months", round(first, 2), "s"),
        Figure("states: everything anew, 3,000 × 12 months", round(whole, 2), "s"),
        Figure("states: ten changes", round(some * 1000, 1), "ms"),
        Figure("report of a county, 60 villages", round(page * 1000), "ms"),
    ]


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _page(database: Database) -> None:
    with database.reading() as session:
        scope = Scope("c/", sees_small=False)
        assert build(session, scope, "c", Month(2026, 10), NOW)


def _change(database: Database) -> None:
    with database.transaction() as session:
        for row in session.exec(select(FollowUp).limit(CHANGES)).all():
            row.held_on = date(2026, 11, 20)
            session.add(row)


def _fill(database: Database) -> None:
    """A year of quarterly visits and weekly readings at home."""
    chance = random.Random(1)
    with database.transaction() as session:
        session.add(Facility(id="c", kind="county", name="县", path="c/"))
        session.flush()
        for number in range(VILLAGES):
            place = f"v{number}"
            session.add(
                Facility(
                    id=place, parent_id="c", kind="village_clinic", name=place, path=f"c/{place}/"
                )
            )
    for start in range(0, PEOPLE, 500):
        with database.transaction() as session:
            rows: dict[type[Any], list[dict[str, Any]]] = {}
            for number in range(start, start + 500):
                _person(rows, f"p{number}", f"v{number % VILLAGES}", chance)
            for table, values in rows.items():
                session.execute(insert(table), values)


def _person(
    rows: dict[type[Any], list[dict[str, Any]]], person: str, place: str, chance: random.Random
) -> None:
    began = NOW - timedelta(days=365)
    rows.setdefault(Person, []).append(
        {"id": person, "facility_id": place, "born_on": date(1958, 1, 1), "registered_at": began}
    )
    rows.setdefault(Enrolment, []).append(
        {
            "id": new_id(),
            "person_id": person,
            "programme": "hypertension",
            "enrolled_on": began.date(),
        }
    )
    for week in range(52):
        visit = week % 13 == 0
        at = began + timedelta(days=7 * week)
        follow_up = new_id() if visit else None
        if visit:
            rows.setdefault(FollowUp, []).append(
                {
                    "id": follow_up,
                    "person_id": person,
                    "programme": "hypertension",
                    "due_on": at.date(),
                    "held_on": at.date(),
                    "state": "signed",
                    "mode": "face_to_face",
                }
            )
        rows.setdefault(StoredReading, []).append(
            {
                "id": new_id(),
                "person_id": person,
                "follow_up_id": follow_up,
                "kind": "bp",
                "systolic": float(chance.randint(115, 165)),
                "diastolic": float(chance.randint(65, 100)),
                "setting": "clinic" if visit else "home",
                "taken_at": at,
                "recorded_at": at,
            }
        )
