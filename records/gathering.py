"""Short writes of callers that come at the same moment share one commit.

SQLite has one pen, and it passes between processes one transaction at a time. Whoever writes alone
gets it once for every message; callers that gather get it once for all that have come meanwhile. A
caller whose work fails loses only its own; a commit that fails is everybody's failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlmodel import Session

from records.db import Database

T = TypeVar("T")

# One batch holds the pen for some tens of milliseconds at most.
_MOST = 16


@dataclass(frozen=True, slots=True)
class _Write:
    work: Callable[[Session], Any]
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


class Gathering:
    """Where the callers of one event loop come together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Write] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` within a writing transaction; returns once that is committed.

        PostgreSQL has a pen for every row: there each caller writes alone.
        """
        if not self._database.is_sqlite:
            return await self._database.write(work)
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Write(work, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        return await done

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            try:
                results = await self._database.hop(lambda: self._committed(batch))  # noqa: B023
            except Exception as error:  # noqa: BLE001 - each caller is told, and nobody else
                results = [_Failed(error)] * len(batch)
            for write, result in zip(batch, results, strict=True):
                _tell(write.done, result)

    def _committed(self, batch: Sequence[_Write]) -> list[Any]:
        if len(batch) == 1:
            with self._database.transaction() as session:
                return [batch[0].work(session)]
        with self._database.transaction() as session:
            return [self._one_of_many(session, write.work) for write in batch]

    @staticmethod
    def _one_of_many(outer: Session, work: Callable[[Session], Any]) -> Any:
        result = _within(outer, work)
        if isinstance(result, _Failed) and not _stands(outer):
            # A full disk rolls back everything that was written so far: nobody may be told "done".
            raise result.error
        return result


def _within(outer: Session, work: Callable[[Session], Any]) -> Any:
    """Run one work behind a savepoint, in a session of its own."""
    try:
        with (
            Session(
                outer.connection(),
                expire_on_commit=False,
                join_transaction_mode="create_savepoint",
            ) as session,
            session.begin(),
        ):
            return work(session)
    except Exception as error:  # noqa: BLE001 - its caller is told; the others go on
        return _Failed(error)


def _stands(outer: Session) -> bool:
    """Whether SQLite still holds the transaction that this session believes in."""
    driver: Any = outer.connection().connection.driver_connection
    return bool(driver.in_transaction)


def _tell(done: asyncio.Future[Any], result: Any) -> None:
    if done.done():  # The caller has hung up; what it asked for is written all the same.
        return
    if isinstance(result, _Failed):
        done.set_exception(result.error)
    else:
        done.set_result(result)
