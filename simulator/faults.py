"""Breaks a provider's API on request: slow, busy, out of quota, garbage, silent, cut off."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.errors import ApiError

GARBAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"


class FaultKind(StrEnum):
    """What goes wrong."""

    LATENCY = "latency"  # answered, but only after `seconds`
    ERROR = "error"  # `errcode` in the body (-1 busy, 45009 quota …), nothing done
    GARBAGE = "garbage"  # a page of HTML with status 200, nothing done
    HANG = "hang"  # no answer at all, nothing done
    DROP = "drop"  # done, then the connection is cut before the answer
    CRASH = "crash"  # status 500 without a word, nothing done
    MISLABELLED = "mislabelled"  # done and answered, but the answer calls itself a web page


@dataclass(slots=True)
class Fault:
    """One breakage.

    Attributes:
        kind: what goes wrong.
        path: the API path (an SMS cloud: the action) it applies to; `*` for all.
        times: how many calls it hits; None until cleared.
        seconds: how slow, for `latency`.
        errcode: which code, for `error`.
        code: the same where a provider's codes are words.
    """

    kind: FaultKind
    path: str = "*"
    times: int | None = 1
    seconds: float = 0.0
    errcode: int = -1
    code: str = ""


class Faults:
    """The switchboard; the first fault that matches a path is used."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def take(self, path: str) -> Fault | None:
        for fault in self._faults:
            if fault.path in {"*", path}:
                self._use_up(fault)
                return fault
        return None

    def _use_up(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            self._faults.remove(fault)


Named: TypeAlias = Callable[[Scope], str]
Refused: TypeAlias = Callable[[Fault], Response]


def wechat_call(scope: Scope) -> str:
    """The API path of a call; nothing for pages."""
    path = str(scope.get("path", ""))
    return path if path.startswith("/cgi-bin/") else ""


def wechat_refusal(fault: Fault) -> Response:
    return JSONResponse(ApiError(fault.errcode).as_json())


def action_of(header: str) -> Named:
    """Calls that are told apart by a header, as the SMS clouds do."""

    def named(scope: Scope) -> str:
        return Headers(scope=scope).get(header, "") if scope["type"] == "http" else ""

    return named


class FaultGate:
    """ASGI middleware in front of an API: WeChat's `/cgi-bin` unless told otherwise."""

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        named: Named = wechat_call,
        refused: Refused = wechat_refusal,
    ) -> None:
        self._app = app
        self._faults = faults
        self._named = named
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = self._named(scope)
        fault = self._faults.take(name) if name else None
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._break(fault, scope, receive, send)

    async def _break(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case FaultKind.LATENCY:
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, send)
            case FaultKind.ERROR:
                await self._refused(fault)(scope, receive, send)
            case FaultKind.GARBAGE:
                await PlainTextResponse(GARBAGE)(scope, receive, send)
            case FaultKind.HANG:
                await _until_gone(receive)
            case FaultKind.DROP:
                await self._app(scope, receive, _swallow)
                await _cut(send)
            case FaultKind.CRASH:
                await PlainTextResponse("", 500)(scope, receive, send)
            case FaultKind.MISLABELLED:
                await self._app(scope, receive, _as_page(send))


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _as_page(send: Send) -> Send:
    async def relabelled(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["content-type"] = "text/html; charset=gbk"
        await send(message)

    return relabelled


async def _swallow(_: Message) -> None:
    """Let the work be done and lose the answer."""


async def _cut(send: Send) -> None:
    """Promise a body and never send it: the server then closes the connection."""
    headers = [(b"content-length", b"64"), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": True})
