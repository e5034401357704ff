"""The worker settles what was confirmed on the page, a little at a time."""

from __future__ import annotations

import asyncio
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlmodel import select

from records import registering
from records.db import Database
from records.register import chunk
from records.tables import Facility, ImportRun, Person
from records.vault import Vault
from schedules import importing
from schedules.ticks import TICKS, Work

CONTENT = "姓名,村\n" + "".join(f"王{c},东沟村\n" for c in "甲乙丙丁戊己庚辛壬癸")


@pytest.fixture
def tools(vault: Vault) -> Any:
    return SimpleNamespace(vault=vault)


@pytest.fixture
def run_id(sqlite_database: Database, vault: Vault, now: datetime) -> str:
    with sqlite_database.transaction() as session:
        place = Facility(kind="village_clinic", name="东沟村卫生室", path="")
        place.path = f"{place.id}/"
        session.add(place)
        session.flush()
        prepared = registering.prepare(
            vault, "x.csv", CONTENT.encode(), facility_id=place.id, started_by=None, now=now
        )
        return registering.keep(session, prepared).id


def people(database: Database) -> int:
    with database.reading() as session:
        return len(session.exec(select(Person.id)).all())


def test_nothing_is_done_before_somebody_confirms(
    sqlite_database: Database, tools: Any, run_id: str, now: datetime
) -> None:
    assert importing.settle_due(sqlite_database, tools, now) == 0
    assert people(sqlite_database) == 0


def test_a_long_register_is_settled_over_several_ticks(
    sqlite_database: Database,
    tools: Any,
    run_id: str,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chunk, "CHUNK", 2)
    with sqlite_database.transaction() as session:
        run = session.get_one(ImportRun, run_id)
        registering.begin(session, run, now, trial=False)
    assert importing.settle_due(sqlite_database, tools, now) == 8
    # Let go of at once: the next tick need not wait for a lease to end.
    assert importing.settle_due(sqlite_database, tools, now) == 2
    assert importing.settle_due(sqlite_database, tools, now) == 0
    assert people(sqlite_database) == 10
    with sqlite_database.reading() as session:
        assert session.get_one(ImportRun, run_id).state == "done"


def test_a_run_somebody_else_works_on_is_left_alone(
    sqlite_database: Database, tools: Any, run_id: str, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        run = session.get_one(ImportRun, run_id)
        registering.begin(session, run, now, trial=False)
        assert registering.claim(session, now)
    assert importing.settle_due(sqlite_database, tools, now) == 0


def test_the_tick_is_in_the_table(
    sqlite_database: Database, tools: Any, run_id: str, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        run = session.get_one(ImportRun, run_id)
        registering.begin(session, run, now, trial=False)
    (tick,) = [tick for tick in TICKS if tick.name == "import_registers"]
    work = SimpleNamespace(database=sqlite_database, tools=tools, clock=lambda: now)
    assert asyncio.run(cast("Any", tick.run)(cast("Work", work))) == 10
