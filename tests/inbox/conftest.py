"""A web app over a small county, and browsers to visit it with."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from inbox.app import create_app
from inbox.deps import InboxDeps
from records import practitioners, running
from records.db import Database
from records.vault import Vault
from tests.inbox.county import PASSWORD, County

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_ONCE = re.compile(r'name="once" value="([^"]+)"')


@dataclass
class Office:
    """The rows, the clock and the app. `county()` opens a transaction to build more rows."""

    database: Database
    vault: Vault
    now: datetime
    loopback: bool = True
    built: County = field(init=False)
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        with self.database.transaction() as session:
            self.built = County(session, self.vault, self.now).build()
            running.beat(session, "worker", self.now)
        self.serve(loopback=self.loopback)

    def serve(self, *, loopback: bool) -> None:
        self.app = create_app(
            InboxDeps(self.database, self.vault, lambda: self.now, loopback=loopback)
        )

    @contextmanager
    def county(self) -> Iterator[County]:
        with self.database.transaction() as session:
            self.built.session = session
            yield self.built


class Browser:
    """Follows what a browser would: cookies, redirects, the token in the last form it was shown."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page = ""

    async def get(self, path: str, **options: object) -> httpx.Response:
        answer = await self.client.get(path, **options)
        self.page = answer.text
        return answer

    async def post(self, path: str, fields: dict[str, str] | None = None) -> httpx.Response:
        """Send a form with the token and the once-key of the page before."""
        form = dict(fields or {})
        for name, pattern in (("csrf", _CSRF), ("once", _ONCE)):
            if found := pattern.search(self.page):
                form.setdefault(name, found[1])
        answer = await self.client.post(path, data=form)
        self.page = answer.text or self.page
        return answer

    async def sign_in(self, login: str, password: str = PASSWORD) -> httpx.Response:
        await self.get("/sign-in")
        answer = await self.post("/sign-in", {"login": login, "password": password})
        if answer.status_code == httpx.codes.SEE_OTHER:
            await self.get("/account")
        return answer


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is slow on purpose; the tests of records.practitioners pay for the real thing."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(practitioners, "_HASHER", cheap)


@pytest.fixture
def office(sqlite_database: Database, vault: Vault, now: datetime) -> Office:
    return Office(sqlite_database, vault, now)


@pytest.fixture
async def browser(office: Office) -> AsyncIterator[Callable[..., Browser]]:
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
