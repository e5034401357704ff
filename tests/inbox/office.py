"""The web app over a small county."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import FastAPI

from inbox.app import create_app
from inbox.deps import InboxDeps
from records import running
from records.db import Database
from records.vault import Vault
from tests.inbox.county import County


@dataclass
class Office:
    """The rows, the clock and the app. `county()` opens a transaction to build more rows."""

    database: Database
    vault: Vault
    now: datetime
    loopback: bool = True
    built: County = field(init=False)
    app: FastAPI = field(init=False)
    ways: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        with self.database.transaction() as session:
            self.built = County(session, self.vault, self.now).build()
            running.beat(session, "worker", self.now)
        self.serve(loopback=self.loopback)

    def serve(self, *, loopback: bool) -> None:
        self.app = create_app(
            InboxDeps(
                self.database,
                self.vault,
                lambda: self.now,
                loopback=loopback,
                ways=self.ways,
            )
        )

    @contextmanager
    def county(self) -> Iterator[County]:
        with self.database.transaction() as session:
            self.built.session = session
            yield self.built
