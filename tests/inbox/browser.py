"""What a doctor holds: a browser that keeps cookies and sends back what the form held."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Protocol

import httpx

from tests.inbox.county import PASSWORD

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_ONCE = re.compile(r'name="once" value="([^"]+)"')


class Opening(Protocol):
    """The fixture `browser`: opens one, signed in when a login is given."""

    def __call__(self, login: str | None = None, scheme: str = "http") -> Awaitable[Browser]: ...


class Browser:
    """Follows what a browser would: cookies, redirects, the token in the last form it was shown."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page = ""

    async def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        answer = await self.client.get(path, headers=headers)
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
