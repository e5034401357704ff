"""The one door to the database. Synchronous inside; async code hands whole units of work to a thread.

SQLite: the driver's own transactions are switched off, every writing transaction begins with
BEGIN IMMEDIATE, and `synchronous=FULL` keeps an acknowledged message through a power cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, Engine, Executable, event, make_url
from sqlalchemy.engine import Connection
from sqlmodel import Session, create_engine

from records.writers import Line

T = TypeVar("T")

_BUSY_SECONDS = 15
_THREADS = 8


class Database:
    """An engine, its transactions, and the threads that run them for async callers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._reading = self.engine.execution_options(reading=True)
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="records")
        file = self.engine.url.database if self.is_sqlite else None
        self._line = Line(Path(file)) if file and file != ":memory:" else None

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A writing transaction: commits at the end of the block, rolls back on any error."""
        with (
            self._line or nullcontext(),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A reading transaction. Nothing done in it is kept."""
        with Session(self._reading, expire_on_commit=False) as session:
            yield session

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in one writing transaction, in one hop to a thread."""
        return await self.hop(lambda: self._within(self.transaction, work))

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run `work` in one reading transaction, in one hop to a thread."""
        return await self.hop(lambda: self._within(self.reading, work))

    async def hop(self, work: Callable[[], T]) -> T:
        """Run synchronous work in a thread of the database's own."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def dispose(self) -> None:
        self._threads.shutdown(wait=True)
        self.engine.dispose()
        if self._line is not None:
            self._line.close()

    @staticmethod
    def _within(scope: Callable[[], Any], work: Callable[[Session], T]) -> T:
        with scope() as session:
            return work(session)


def changed(session: Session, statement: Executable, **values: object) -> int:
    """Run an INSERT or UPDATE and say how many rows it touched: the answer to "did I win?"."""
    return cast("CursorResult[Any]", session.execute(statement, values or None)).rowcount


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, pool_size=_THREADS, max_overflow=4)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
