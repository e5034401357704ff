"""One WeCom corporation with one application: messages to members, their answers, who they are.

Errors come in the body of a 200. Messages that say the same to the same member within the asked
interval are taken and shown once. Callbacks are always encrypted, with the simulator's own codec.
"""

import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.clock import Clock, system_clock
from simulator.codec import Codec, build_xml, read_xml
from simulator.faults import FaultGate, Faults
from simulator.log import Entry, Kind, Log
from simulator.messages import seconds
from simulator.oauth import AuthorizePage, CodeError

LIFETIME = timedelta(seconds=7200)
TITLE_BYTES, DESCRIPTION_BYTES = 128, 512
LONGEST_INTERVAL = 14_400
_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")
_ANSWER_WITHIN = 5.0

Json = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Json]]


class WeComError(Exception):
    """A refused call; the code travels in the body."""

    def __init__(self, errcode: int) -> None:
        super().__init__(str(errcode))
        self.errcode = errcode


@dataclass(frozen=True, slots=True)
class WeComSettings:
    """Everything `create_wecom` is built from. `members`: userid → name.

    `invisible` are members outside the application's scope; `trusted` is the host that the
    authorize page may send people back to; `addresses` are the servers that may call, if any is
    named.
    """

    corp_id: str
    agent_id: int
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    members: Mapping[str, str] = field(default_factory=dict)
    invisible: frozenset[str] = frozenset()
    callback_url: str = ""
    trusted: str = ""
    addresses: frozenset[str] = frozenset()


class WeCom:
    """The platform's side. `page.holder` is who holds the phone that opens the authorize page."""

    def __init__(
        self, settings: WeComSettings, *, clock: Clock, http: httpx.AsyncClient | None = None
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.log = Log(clock=clock)
        self.faults = Faults()
        self.http = http or httpx.AsyncClient(trust_env=False)
        self.codec = Codec(settings.token, settings.aes_key, settings.corp_id)
        self.page = AuthorizePage(
            settings.corp_id,
            clock=clock,
            trusted=settings.trusted,
            agent_id=str(settings.agent_id),
        )
        self.asked_for_tokens = 0
        # Older corporations answer 0 and name whoever was not reached, even if it is everybody.
        self.says_zero = False
        self.unlicensed: set[str] = set()
        self._token: tuple[str, datetime] | None = None
        self._said: dict[tuple[str, str], datetime] = {}
        self._ids = count(1)

    def routes(self) -> list[Route]:
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", "gettoken", self.gettoken),
            ("POST", "message/send", self.send),
            ("GET", "auth/getuserinfo", self.whois),
        ]
        routes = [
            Route(f"/cgi-bin/{path}", _spoken(endpoint), methods=[method])
            for method, path, endpoint in table
        ]
        return [*routes, Route("/connect/oauth2/authorize", self.page.authorize)]

    async def gettoken(self, request: Request) -> Json:
        query = request.query_params
        self.asked_for_tokens += 1
        if query.get("corpid") != self.settings.corp_id:
            raise WeComError(40013)
        if query.get("corpsecret") != self.settings.secret:
            raise WeComError(40001)
        self._from_a_known_address(request)
        now = self.clock()
        if self._token is None or self._token[1] <= now:
            self._token = secrets.token_urlsafe(64), now + LIFETIME
        value, ends = self._token
        return {"access_token": value, "expires_in": int((ends - now).total_seconds())}

    def forget_token(self) -> None:
        """End the token before its time, as the platform may."""
        self._token = None

    async def send(self, request: Request) -> Json:
        self._check(request)
        raw = await request.body()
        if _ESCAPED.search(raw):
            raise WeComError(40033)
        try:
            body = json.loads(raw)
        except ValueError:
            raise WeComError(40035) from None
        if body.get("agentid") != self.settings.agent_id:
            raise WeComError(301002)
        asked = [one for one in str(body.get("touser") or "").split("|") if one]
        reached = {one: self._member(one) for one in asked}
        if not asked:
            raise WeComError(82001)
        text, details = _content(body)
        if not any(reached.values()) and not self.says_zero:
            raise WeComError(81013)
        bare = [one for one in reached.values() if one and one in self.unlicensed]
        for member in filter(None, reached.values()):
            if member not in bare:
                self._show(member, raw, body, text, details)
        return {
            "invaliduser": "|".join(one.lower() for one in asked if reached[one] is None),
            "unlicenseduser": "|".join(bare),
            "msgid": f"m{next(self._ids)}",
        }

    async def whois(self, request: Request) -> Json:
        self._check(request)
        try:
            holder = self.page.exchange(request.query_params.get("code", ""))
        except CodeError:
            raise WeComError(40029) from None
        if self._member(holder) is None:
            return {"openid": f"o{holder}", "external_userid": f"wm{holder}"}
        return {"userid": holder, "user_ticket": ""}

    async def say(self, userid: str, text: str, *, msg_id: int | None = None) -> str:
        """A member writes to the application; what is answered at once."""
        number = msg_id or next(self._ids)
        return await self.call_back(
            self._fields(userid, MsgType="text", Content=text, MsgId=number)
        )

    async def click(self, userid: str, key: str) -> str:
        """A member taps a button of the application's menu."""
        return await self.call_back(
            self._fields(userid, MsgType="event", Event="click", EventKey=key)
        )

    async def call_back(self, fields: Mapping[str, str | int]) -> str:
        """Post one callback; the words of a passive answer, or nothing."""
        encrypted = self.codec.encrypt(build_xml(fields))
        outer = {
            "ToUserName": self.settings.corp_id,
            "AgentID": str(self.settings.agent_id),
            "Encrypt": encrypted,
        }
        response = await self.http.post(
            self.settings.callback_url,
            params=self._signed(encrypted),
            content=build_xml(outer).encode(),
            headers={"content-type": "text/xml"},
            timeout=_ANSWER_WITHIN,
        )
        response.raise_for_status()
        if not response.text.strip():
            return ""
        return read_xml(self.codec.open_reply(response.text)).get("Content", "")

    async def verify(self) -> bool:
        """Ask whether the callback's address is the product's: the echo goes out sealed."""
        echo = secrets.token_hex(8)
        encrypted = self.codec.encrypt(echo)
        params = {**self._signed(encrypted), "echostr": encrypted}
        response = await self.http.get(self.settings.callback_url, params=params)
        return response.status_code == httpx.codes.OK and response.text == echo

    def shown(self, userid: str) -> list[Entry]:
        """What reached a member's phone."""
        return list(self.log.entries(userid, Kind.NOTICE))

    def _fields(self, userid: str, **more: str | int) -> dict[str, str | int]:
        return {
            "ToUserName": self.settings.corp_id,
            "FromUserName": userid,
            "CreateTime": seconds(self.clock()),
            **more,
            "AgentID": self.settings.agent_id,
        }

    def _signed(self, encrypted: str) -> dict[str, str]:
        stamp, nonce = str(seconds(self.clock())), str(secrets.randbelow(10**10))
        signature = self.codec.sign(stamp, nonce, encrypted)
        return {"msg_signature": signature, "timestamp": stamp, "nonce": nonce}

    def _check(self, request: Request) -> None:
        given = request.query_params.get("access_token")
        if not given:
            raise WeComError(41001)
        if self._token is None or given != self._token[0]:
            raise WeComError(40014)
        if self._token[1] <= self.clock():
            raise WeComError(42001)
        self._from_a_known_address(request)

    def _from_a_known_address(self, request: Request) -> None:
        caller = request.client.host if request.client else ""
        if self.settings.addresses and caller not in self.settings.addresses:
            raise WeComError(60020)

    def _member(self, userid: str) -> str | None:
        """The member as the corporation writes the id; capital and small letters are the same."""
        known = {one.lower(): one for one in self.settings.members}
        member = known.get(userid.lower())
        return None if member in self.settings.invisible else member

    def _show(self, member: str, raw: bytes, body: Json, text: str, details: Json) -> None:
        now = self.clock()
        lasts = min(int(body.get("duplicate_check_interval", 1800)), LONGEST_INTERVAL)
        key = (member, raw.decode())
        before = self._said.get(key)
        checks = body.get("enable_duplicate_check") == 1
        if checks and before is not None and now - before < timedelta(seconds=lasts):
            return
        self._said[key] = now
        name = self.settings.members[member]
        self.log.append(Kind.NOTICE, member, text, name=name, **details)


def create_wecom(
    settings: WeComSettings, *, clock: Clock = system_clock, http: httpx.AsyncClient | None = None
) -> Starlette:
    """The ASGI app; its `state.wecom` is for tests."""
    wecom = WeCom(settings, clock=clock, http=http)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await wecom.http.aclose()

    middleware = [Middleware(FaultGate, faults=wecom.faults)]
    app = Starlette(routes=wecom.routes(), middleware=middleware, lifespan=lifespan)
    app.state.wecom = wecom
    return app


def _spoken(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def call(request: Request) -> Response:
        try:
            return JSONResponse({"errcode": 0, "errmsg": "ok", **await endpoint(request)})
        except WeComError as error:
            return JSONResponse({"errcode": error.errcode, "errmsg": "refused"})

    return call


def _content(body: Json) -> tuple[str, Json]:
    kind = str(body.get("msgtype") or "")
    part = body.get(kind)
    if not isinstance(part, dict):
        raise WeComError(40008)
    if kind == "text":
        return _filled(part, "content"), {"title": "", "url": "", "reply_url": ""}
    if kind != "textcard":
        raise WeComError(40008)
    title, url = _filled(part, "title"), _filled(part, "url")
    if len(title.encode()) > TITLE_BYTES:
        raise WeComError(45003)
    # Too long a description is cut without a word.
    text = _filled(part, "description").encode()[:DESCRIPTION_BYTES].decode(errors="ignore")
    return text, {"title": title, "url": url, "reply_url": "", "button": part.get("btntxt")}


def _filled(part: Json, name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not value:
        raise WeComError(44004)
    return value
