from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import Session, select

from records import migrations, running
from records.db import Database
from records.tables import Marker, PersonContact, Throttle, metadata
from records.vault import Vault
from tests.inbox.county import County


def test_what_a_transaction_wrote_is_there_and_what_failed_is_not(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        running.mark(session, "a", "1", now)

    def fail() -> None:
        with database.transaction() as session:
            running.mark(session, "a", "2", now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.reading() as session:
        assert running.marked(session, "a") == "1"


@pytest.mark.parametrize(
    ("pragma", "value"), [("synchronous", 2), ("journal_mode", "wal"), ("foreign_keys", 1)]
)
def test_sqlite_keeps_what_was_acknowledged_through_a_power_cut(
    tmp_path: Path, pragma: str, value: object
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'real.db'}")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    database.dispose()


def test_a_reading_transaction_keeps_nothing(database: Database, now: datetime) -> None:
    with database.reading() as session:
        running.mark(session, "a", "1", now)
    with database.reading() as session:
        assert running.marked(session, "a") is None


def test_four_hundred_concurrent_updates_lose_none(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        session.add(Throttle(key="k", window_began_at=now, count=0))

    def add_one(_: int) -> None:
        with database.transaction() as session:
            row = session.exec(select(Throttle).where(Throttle.key == "k").with_for_update()).one()
            row.count += 1
            session.add(row)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add_one, range(400)))
    with database.reading() as session:
        assert session.get_one(Throttle, "k").count == 400


def test_an_instant_keeps_its_moment_whatever_its_zone(database: Database, now: datetime) -> None:
    china = now.astimezone(timezone(timedelta(hours=8)))
    with database.transaction() as session:
        session.add(Marker(name="m", value="", set_at=china))
    with database.reading() as session:
        found = session.get_one(Marker, "m").set_at
    assert found == now
    assert found.tzinfo is not None


def test_a_time_without_a_zone_is_refused(database: Database, now: datetime) -> None:
    naive = now.replace(tzinfo=None)
    with (
        pytest.raises(StatementError, match="without a zone"),
        database.transaction() as session,
    ):
        session.add(Marker(name="m", value="", set_at=naive))


def test_a_link_to_nobody_is_refused(database: Database, now: datetime) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add(PersonContact(person_id="no", contact_point_id="no", linked_at=now))


async def test_async_callers_hand_over_a_whole_unit_of_work(
    database: Database, now: datetime
) -> None:
    def work(session: Session) -> str:
        running.mark(session, "a", "1", now)
        return "done"

    assert await database.write(work) == "done"
    assert await database.read(lambda session: running.marked(session, "a")) == "1"


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def test_the_migrations_make_exactly_the_tables(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = (
        f"sqlite:///{tmp_path / 'm.db'}"
        if engine == "sqlite"
        else request.getfixturevalue("empty_postgres_url")
    )
    database = Database(url)
    assert not migrations.is_current(database)
    migrations.upgrade(database)
    migrations.upgrade(database)
    assert migrations.is_current(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.dispose()


def test_there_is_one_head_and_the_revisions_are_numbered(sqlite_database: Database) -> None:
    scripts = ScriptDirectory.from_config(migrations.config(sqlite_database))
    assert len(scripts.get_heads()) == 1
    names = sorted(script.revision for script in scripts.walk_revisions())
    assert names == [f"{number:04d}" for number in range(1, len(names) + 1)]


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def test_a_step_back_keeps_the_people(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest, vault: Vault, now: datetime
) -> None:
    url = (
        f"sqlite:///{tmp_path / 'm.db'}"
        if engine == "sqlite"
        else request.getfixturevalue("empty_postgres_url")
    )
    database = Database(url)
    migrations.upgrade(database)
    with database.transaction() as session:
        # Rows of other tables name her.
        person, _ = County(session, vault, now).build().person("a", "王桂芳")
    command.downgrade(migrations.config(database), "0003")
    with database.engine.connect() as connection:
        assert "ailments" not in {one["name"] for one in inspect(connection).get_columns("persons")}
        left = connection.execute(text("select id from persons")).scalars().all()
        if engine == "sqlite":
            assert connection.execute(text("pragma foreign_key_check")).all() == []
    migrations.upgrade(database)
    assert migrations.is_current(database)
    assert person in left
    database.dispose()
