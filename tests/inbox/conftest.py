"""An office and browsers to visit it with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime

import httpx
import pytest
from argon2 import PasswordHasher

from records import practitioners
from records.db import Database
from records.vault import Vault
from tests.inbox.browser import Browser, Opening
from tests.inbox.office import Office


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is slow on purpose; the tests of records.practitioners pay for the real thing."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(practitioners, "_HASHER", cheap)


@pytest.fixture
def office(sqlite_database: Database, vault: Vault, now: datetime) -> Office:
    return Office(sqlite_database, vault, now)


@pytest.fixture
async def browser(office: Office) -> AsyncIterator[Opening]:
    """Opens browsers, each with its own cookies."""
    async with AsyncExitStack() as stack:

        async def open_one(login: str | None = None, scheme: str = "http") -> Browser:
            transport = httpx.ASGITransport(office.app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url=f"{scheme}://inbox.test")
            one = Browser(await stack.enter_async_context(client))
            if login:
                assert (await one.sign_in(login)).status_code == httpx.codes.SEE_OTHER
            return one

        yield open_one
