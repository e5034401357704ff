"""A small county in one open transaction, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from records.db import Database
from records.reader import Reader
from records.vault import Vault
from tests.inbox.county import County


@pytest.fixture
def county(database: Database, vault: Vault, now: datetime) -> Iterator[County]:
    with database.transaction() as session:
        yield County(session, vault, now).build()


@pytest.fixture
def doctor(county: County) -> Reader:
    return county.readers["doctor_a"]
