"""The authorize page of open.weixin.qq.com: whoever holds the phone is sent back with a code.

The same page serves WeCom and a service account; what a code is exchanged for differs. A code is
good once and for five minutes.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from simulator.clock import Clock

LIFETIME = timedelta(minutes=5)
LONGEST_STATE = 128


@dataclass(slots=True)
class _Code:
    holder: str
    expires_at: datetime
    used: bool = False


_ERRCODES = {"unknown": 40029, "expired": 42003, "used": 40163}


class CodeError(Exception):
    """A code that cannot be exchanged: `used`, `expired` or `unknown`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class AuthorizePage:
    """Hands out codes for whoever holds the phone (`holder`); an empty holder declines."""

    def __init__(self, app_id: str, *, clock: Clock, trusted: str = "", agent_id: str = "") -> None:
        self.holder = ""
        self._app_id = app_id
        self._agent_id = agent_id
        self._trusted = trusted
        self._clock = clock
        self._codes: dict[str, _Code] = {}

    async def authorize(self, request: Request) -> Response:
        """Redirect back with code and state, or say why not, as the platform does in words."""
        query = request.query_params
        problem = self._problem(query)
        if problem:
            return PlainTextResponse(problem, 400)
        back = {"state": query.get("state", "")}
        if self.holder:
            back["code"] = self.issue(self.holder)
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(back)}", 302)

    def issue(self, holder: str) -> str:
        """A code for somebody."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(holder, self._clock() + LIFETIME)
        return code

    def exchange(self, code: str) -> str:
        """Who is behind a code, which is used up by that; raises `CodeError`."""
        known = self._codes.get(code)
        kind = "unknown" if known is None else "used" if known.used else ""
        if known is None or kind:
            raise CodeError(kind)
        known.used = True
        if self._clock() >= known.expires_at:
            kind = "expired"
            raise CodeError(kind)
        return known.holder

    def _problem(self, query: Mapping[str, str]) -> str:
        if query.get("appid") != self._app_id:
            return "40013 invalid appid"
        if self._agent_id and query.get("agentid") != self._agent_id:
            return "40056 invalid agentid"
        if query.get("response_type") != "code" or query.get("scope") != "snsapi_base":
            return "10005 invalid scope"
        if len(query.get("state", "")) > LONGEST_STATE:
            return "10006 invalid state"
        back = urlsplit(query.get("redirect_uri", "")).netloc
        if not back or self._trusted not in {"", back}:
            return "50001 redirect_uri domain is not trusted"
        return ""


class OpenidDesk:
    """A service account's sign-in by the silent scope. Who is in `snapshots` looks at a copy."""

    def __init__(self, app_id: str, secret: str, *, clock: Clock) -> None:
        self.page = AuthorizePage(app_id, clock=clock)
        self.snapshots: set[str] = set()
        self._app_id = app_id
        self._secret = secret

    def routes(self) -> list[Route]:
        return [
            Route("/connect/oauth2/authorize", self.page.authorize),
            Route("/sns/oauth2/access_token", self.access_token),
        ]

    async def access_token(self, request: Request) -> Response:
        query = request.query_params
        if query.get("appid") != self._app_id:
            return _refused(40013)
        if query.get("secret") != self._secret:
            return _refused(40125)
        try:
            openid = self.page.exchange(query.get("code", ""))
        except CodeError as error:
            return _refused(_ERRCODES[error.kind])
        snapshot = {"is_snapshotuser": 1} if openid in self.snapshots else {}
        return JSONResponse(
            {
                "access_token": secrets.token_urlsafe(64),
                "expires_in": 7200,
                "refresh_token": secrets.token_urlsafe(64),
                "openid": openid,
                "scope": "snsapi_base",
                **snapshot,
            }
        )


def _refused(errcode: int) -> Response:
    return JSONResponse({"errcode": errcode, "errmsg": "refused"})
