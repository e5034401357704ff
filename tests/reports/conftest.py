"""The county made by hand, and what reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from sqlmodel import Session

from records.db import Database
from records.vault import Vault
from reports.keeping import refresh
from reports.month import Month
from reports.report import Report, Scope, build
from tests.reports.hand import Hand

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
Look = Callable[..., Report]


@pytest.fixture
def hand(sqlite_database: Database, vault: Vault, now: datetime) -> Iterator[Hand]:
    """The county, in a session that may change it; `look` commits first."""
    with Session(sqlite_database.engine, expire_on_commit=False) as session:
        yield Hand(session, vault, now).places().populate()


@pytest.fixture
def look(sqlite_database: Database, hand: Hand) -> Look:
    """The report of an area, from states brought up to date first."""

    def at(
        area: str = "county",
        month: Month = OCTOBER,
        *,
        inside: bool = True,
        now: datetime | None = None,
        scope: str = "county/",
    ) -> Report:
        moment = now or hand.now
        hand.session.commit()
        refresh(sqlite_database, moment)
        with sqlite_database.reading() as session:
            found = build(session, Scope(scope, sees_small=inside), area, month, moment)
        assert found is not None
        return found

    return at
