"""The corporation of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from records.db import Database
from records.vault import Vault
from tests.channels.wecom.corp import Corp, a_corp
from tests.channels.world import MovingClock


@pytest.fixture
async def corp(sqlite_database: Database, vault: Vault, now: datetime) -> AsyncIterator[Corp]:
    async with a_corp(sqlite_database, vault, MovingClock(now)) as made:
        yield made
