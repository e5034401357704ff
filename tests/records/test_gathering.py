from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from records import running
from records.db import Database
from records.gathering import Gathering
from records.tables import Heartbeat


class PenTakenError(Exception):
    """The commit did not come about."""


@contextmanager
def counted_commits(database: Database) -> Iterator[list[object]]:
    commits: list[object] = []

    def count(connection: object) -> None:
        commits.append(connection)

    event.listen(database.engine, "commit", count)
    yield commits
    event.remove(database.engine, "commit", count)


@contextmanager
def pen_held(database: Database) -> Iterator[None]:
    """Another thread writes meanwhile, so that callers come together."""
    taken, given = threading.Event(), threading.Event()

    def hold() -> None:
        with database.transaction():
            taken.set()
            given.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(5)
    threading.Timer(0.1, given.set).start()
    yield
    given.set()
    holder.join()


def names(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.exec(select(col(Heartbeat.worker))).all())


async def test_callers_who_wait_for_the_pen_share_a_commit(
    database: Database, now: datetime
) -> None:
    gathering = Gathering(database)
    with pen_held(database), counted_commits(database) as commits:
        writes = [
            gathering.write(lambda s, n=number: running.beat(s, f"w{n}", now))  # type: ignore[misc]
            for number in range(10)
        ]
        await asyncio.gather(*writes)
    assert names(database) == {f"w{number}" for number in range(10)}
    # PostgreSQL has a pen for every row: there each commits alone.
    assert len(commits) == (1 if database.is_sqlite else 10)


async def test_a_caller_gets_what_its_own_work_returned(database: Database, now: datetime) -> None:
    gathering = Gathering(database)

    def numbered(number: int, session: Session) -> int:
        running.beat(session, f"w{number}", now)
        return number

    with pen_held(database):
        said = await asyncio.gather(
            *(gathering.write(lambda s, n=number: numbered(n, s)) for number in range(40))  # type: ignore[misc]
        )
    assert said == list(range(40))


async def test_work_that_fails_loses_only_its_own(database: Database, now: datetime) -> None:
    gathering = Gathering(database)

    def fails(session: Session) -> None:
        running.beat(session, "torn", now)
        raise PenTakenError

    with pen_held(database):
        done = await asyncio.gather(
            gathering.write(lambda s: running.beat(s, "first", now)),
            gathering.write(lambda s: running.beat(s, "before", now)),
            gathering.write(fails),
            gathering.write(lambda s: running.beat(s, "after", now)),
            return_exceptions=True,
        )
    assert [type(one) for one in done] == [type(None), type(None), PenTakenError, type(None)]
    assert names(database) == {"first", "before", "after"}


async def test_a_caller_alone_that_fails_is_told(database: Database, now: datetime) -> None:
    def fails(session: Session) -> None:
        running.beat(session, "torn", now)
        raise PenTakenError

    with pytest.raises(PenTakenError):
        await Gathering(database).write(fails)
    assert names(database) == set()


async def test_a_commit_that_fails_is_everybodys_failure(
    sqlite_database: Database, now: datetime
) -> None:
    gathering = Gathering(sqlite_database)

    def refuse(_connection: object) -> None:
        raise PenTakenError

    with pen_held(sqlite_database):
        writes = [
            asyncio.create_task(gathering.write(lambda s, n=n: running.beat(s, f"w{n}", now)))  # type: ignore[misc]
            for n in range(4)
        ]
        await asyncio.sleep(0.02)
        event.listen(sqlite_database.engine, "commit", refuse)
        done = await asyncio.gather(*writes, return_exceptions=True)
        event.remove(sqlite_database.engine, "commit", refuse)
    assert [type(one) for one in done] == [PenTakenError] * 4
    assert names(sqlite_database) == set()


async def test_what_a_caller_wrote_stays_when_it_hangs_up(
    sqlite_database: Database, now: datetime
) -> None:
    gathering = Gathering(sqlite_database)
    with pen_held(sqlite_database):
        hanging = asyncio.create_task(gathering.write(lambda s: running.beat(s, "gone", now)))
        staying = asyncio.create_task(gathering.write(lambda s: running.beat(s, "here", now)))
        await asyncio.sleep(0)
        hanging.cancel()
        await staying
    assert names(sqlite_database) == {"gone", "here"}


async def test_on_a_full_disk_nobody_is_told_that_it_was_written(
    sqlite_database: Database, now: datetime
) -> None:
    """SQLite then rolls the whole transaction back, not only the work that found the disk full."""
    gathering = Gathering(sqlite_database)

    def fill(session: Session) -> None:
        size = session.connection().exec_driver_sql("PRAGMA page_count").scalar_one()
        session.connection().exec_driver_sql(f"PRAGMA max_page_count={size}")
        for number in range(2000):
            running.beat(session, f"{number}-" + "x" * 400, now)

    with pen_held(sqlite_database):
        done = await asyncio.gather(
            gathering.write(lambda s: running.beat(s, "before", now)),
            gathering.write(fill),
            gathering.write(lambda s: running.beat(s, "after", now)),
            return_exceptions=True,
        )
    assert [type(one) for one in done] == [OperationalError] * 3
    assert names(sqlite_database) == set()
