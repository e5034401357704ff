"""Twilio's messages: basic auth checked, free words, receipts and replies as signed forms.

Its own words STOP and START are its own affair: it answers them, and refuses what is sent in between.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from simulator.clock import Clock, system_clock
from simulator.faults import Fault, FaultGate, Faults
from simulator.log import Kind, Log
from simulator.sms_cloud import Fate, units_of

LONGEST = 1600
SIGNATURE = "X-Twilio-Signature"
STOP, START = frozenset({"STOP", "UNSUBSCRIBE"}), frozenset({"START", "UNSTOP"})
GOODBYE = "You have successfully been unsubscribed."
_NUMBER = re.compile(r"\+[1-9][0-9]{7,14}")
_BAD_REQUEST, _UNAUTHORIZED, _NOT_FOUND, _TOO_MANY = 400, 401, 404, 429
_STATUS = {20003: _UNAUTHORIZED, 20404: _NOT_FOUND, 20429: _TOO_MANY, 20500: 500, 20503: 503}

Form = dict[str, str]


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    """An account. `inbound_url`: where the number's messages are posted, as set in the console."""

    account_sid: str
    auth_token: str = field(repr=False)
    senders: frozenset[str]
    inbound_url: str = ""
    balance: float = 20.0
    price: float = 0.0079
    receipt_after: float = 0.0
    failure: int = 30003


class RefusedError(Exception):
    """A call that is not taken: Twilio's number for it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Twilio:
    """One account: what it is asked, what arrived on which phone, what it posts to the product."""

    def __init__(
        self,
        settings: TwilioSettings,
        *,
        log: Log | None = None,
        clock: Clock = system_clock,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.log = log or Log(clock=clock)
        self.faults = Faults()
        self.fates: dict[str, Fate] = {}
        self.stopped: set[str] = set()
        self.held: list[tuple[str, Form]] = []
        self.balance = settings.balance
        # A proxy from the environment must not stand between two loopback ports.
        self._http = http or httpx.AsyncClient(trust_env=False)
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def lifespan(self, _: object = None) -> AsyncIterator[None]:
        yield
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    async def messages(self, request: Request) -> Response:
        try:
            self._admit(request)
            form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
            return JSONResponse(self._take(form), 201)
        except RefusedError as error:
            self.log.append(Kind.REFUSED, "", str(error.code), call="twilio")
            return refusal(error.code)

    async def money(self, request: Request) -> Response:
        try:
            self._admit(request)
        except RefusedError as error:
            return refusal(error.code)
        left = {"currency": "USD", "balance": f"{self.balance:.4f}"}
        return JSONResponse({"account_sid": self.settings.account_sid, **left})

    def write(self, number: str, text: str) -> str:
        """Somebody texts back. Returns the message's SID."""
        sid, word = _sid(), text.strip().upper()
        self.log.append(Kind.SMS_SENT, number, text, sid=sid)
        if word in STOP:
            self.stopped.add(number)
            self.log.append(Kind.SMS, number, GOODBYE, provider="twilio")
        elif word in START:
            self.stopped.discard(number)
        [sender, *_] = sorted(self.settings.senders)
        form = {
            "ToCountry": "CN",
            "MessageSid": sid,
            "SmsSid": sid,
            "AccountSid": self.settings.account_sid,
            "From": number,
            "To": sender,
            "Body": text,
            "NumMedia": "0",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
        }
        self.tell(self.settings.inbound_url, form)
        return sid

    def release(self, *, backwards: bool = False) -> None:
        """Post the receipts that were held back, in order or in the wrong one."""
        held, self.held = self.held, []
        for url, form in reversed(held) if backwards else held:
            self.tell(url, form)

    def tell(self, url: str, *forms: Form, after: float = 0.0) -> None:
        """Post to the product in the background, one form after the other."""
        if url:
            task = asyncio.get_running_loop().create_task(self._tell(url, forms, after))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _admit(self, request: Request) -> None:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        try:
            name, _, token = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise RefusedError(20003) from None
        settings = self.settings
        good = hmac.compare_digest(token.encode(), settings.auth_token.encode())
        if kind != "Basic" or name != settings.account_sid or not good:
            raise RefusedError(20003)
        if request.path_params["account"] != settings.account_sid:
            raise RefusedError(20404)

    def _take(self, form: Form) -> dict[str, Any]:
        number, text = self._checked(form)
        sid, units = _sid(), units_of(text)
        self.balance -= units * self.settings.price
        fate = self.fates.get(number, Fate.DELIVERED)
        if fate is not Fate.FAILED:
            self.log.append(Kind.SMS, number, text, provider="twilio", sid=sid, form=form)
        if callback := form.get("StatusCallback"):
            self._report(callback, sid, number, fate)
        return {
            "sid": sid,
            "account_sid": self.settings.account_sid,
            "to": number,
            "from": form.get("From"),
            "body": text,
            "status": "queued",
            "num_segments": str(units),
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "date_created": format_datetime(self.clock()),
            "uri": f"/2010-04-01/Accounts/{self.settings.account_sid}/Messages/{sid}.json",
        }

    def _checked(self, form: Form) -> tuple[str, str]:
        number, text = form.get("To", ""), form.get("Body", "")
        sender = form.get("From") or form.get("MessagingServiceSid")
        callback = urlsplit(form.get("StatusCallback", "http://none"))
        for wrong, code in (
            (not number, 21604),
            (not sender, 21603),
            (not text, 21602),
            (len(text) > LONGEST, 21617),
            (_NUMBER.fullmatch(number) is None, 21211),
            (sender not in self.settings.senders, 21606),
            (callback.scheme not in {"http", "https"}, 21609),
            (number in self.stopped, 21610),
        ):
            if wrong:
                raise RefusedError(code)
        return number, text

    def _report(self, url: str, sid: str, number: str, fate: Fate) -> None:
        last = self.receipt(sid, number, failed=fate is Fate.FAILED)
        match fate:
            case Fate.SILENT:
                return
            case Fate.HELD:
                self.held.append((url, last))
            case _:
                sent = {**self.receipt(sid, number), "MessageStatus": "sent", "SmsStatus": "sent"}
                copies = [last] * (2 if fate is Fate.TWICE else 1)
                self.tell(url, sent, *copies, after=self.settings.receipt_after)

    def receipt(self, sid: str, number: str, *, failed: bool = False) -> Form:
        """The form of a receipt."""
        [sender, *_] = sorted(self.settings.senders)
        status = "undelivered" if failed else "delivered"
        form = {
            "MessageSid": sid,
            "MessageStatus": status,
            "SmsSid": sid,
            "SmsStatus": status,
            "AccountSid": self.settings.account_sid,
            "From": sender,
            "To": number,
            "ApiVersion": "2010-04-01",
        }
        return {**form, "ErrorCode": str(self.settings.failure)} if failed else form

    async def _tell(self, url: str, forms: tuple[Form, ...], after: float) -> None:
        await asyncio.sleep(after)
        address, _, overrides = url.partition("#")
        wanted = dict(parse_qsl(overrides))
        tries = 1 + (int(wanted.get("rc", "1")) if "5xx" in wanted.get("rp", "ct") else 0)
        for form in forms:
            for number in range(1, tries + 1):
                if await self._post(address, form, number):
                    break

    async def _post(self, url: str, form: Form, number: int) -> bool:
        """One push; whether it was taken."""
        head = {SIGNATURE: sign(self.settings.auth_token, url, form)}
        content = urlencode(form).encode()
        kind = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
        try:
            answer = await self._http.post(url, content=content, headers=head | kind, timeout=5.0)
            said, status = answer.text, answer.status_code
        except httpx.HTTPError as error:
            said, status = type(error).__name__, 0
        taken = status == httpx.codes.OK
        self.log.append(Kind.PUSH, "", said[:200], number=number, status=status, taken=taken)
        return taken


def sign(token: str, url: str, form: Form) -> str:
    """What Twilio writes into the head of a push."""
    told = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return base64.b64encode(hmac.digest(token.encode(), told.encode(), hashlib.sha1)).decode()


def create_twilio_app(twilio: Twilio) -> Starlette:
    """Build the service."""
    account = "/2010-04-01/Accounts/{account}"
    return Starlette(
        routes=[
            Route(f"{account}/Messages.json", twilio.messages, methods=["POST"]),
            Route(f"{account}/Balance.json", twilio.money, methods=["GET"]),
        ],
        middleware=[
            Middleware(FaultGate, faults=twilio.faults, named=_named, refused=_broken),
        ],
        lifespan=twilio.lifespan,
    )


def refusal(code: int) -> Response:
    status = _STATUS.get(code, _BAD_REQUEST)
    return JSONResponse({"code": code, "message": "", "more_info": "", "status": status}, status)


def _named(scope: Scope) -> str:
    """Calls by their last word: `Messages`, `Balance`."""
    path = str(scope.get("path", ""))
    return path.rpartition("/")[2].removesuffix(".json")


def _broken(fault: Fault) -> Response:
    return refusal(int(fault.code or "20500"))


def _sid() -> str:
    return f"SM{secrets.token_hex(16)}"
