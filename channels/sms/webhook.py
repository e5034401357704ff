"""Where SMS providers push: `/sms/{provider}/{token}`. Acknowledged means committed.

Most providers sign nothing, so the address itself is the secret; a provider that signs has none
(`/sms/twilio`). A wrong address is a plain 404, an unreadable push 400, and only what did not commit
is a 5xx, so that the provider comes again. The log holds reason codes.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from sqlmodel import Session

from channels.body import read_body
from channels.receipts import take_receipt
from channels.reception import Heard, Reception
from channels.sms.inlet import Inlet, PushAnswer, Pushed, PushError, PushRequest
from records import providers
from records.db import Database
from records.gathering import Gathering
from records.messages import Arrival

# Refused pushes that are worth a log line, in so many seconds; the rest is counted in silence.
MOST_REFUSALS, IN_SECONDS = 30, 60.0
# More in one push than any provider sends would hold the pen of the database too long.
MOST_IN_A_PUSH = 500

log = structlog.get_logger(__name__)


def _nobody() -> None:
    """Nobody is listening for new messages in this process; the tick finds them."""


@dataclass(frozen=True, slots=True)
class Door:
    """One provider's inlet and the secret part of its address; none where it signs."""

    inlet: Inlet
    token: str = field(default="", repr=False)

    def opens(self, token: str) -> bool:
        """Whether this is the address that only we and the provider know. In constant time."""
        if self.inlet.signed:
            return token == ""
        known = bool(self.token)
        return hmac.compare_digest(self.token.encode(), token.encode()) and known


class Refusals:
    """Counts what was refused, so that nobody fills the log or keeps us busy by knocking."""

    def __init__(
        self,
        most: int = MOST_REFUSALS,
        seconds: float = IN_SECONDS,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds, self._tick = seconds, tick
        self._times: deque[float] = deque(maxlen=most)
        self._muted = False

    def too_many(self) -> bool:
        """Count one. True when there were too many just now; that is logged once."""
        now = self._tick()
        full = len(self._times) == self._times.maxlen
        too_many = full and now - self._times[0] < self._seconds
        if too_many and not self._muted:
            log.warning("sms.push_refusals_muted", most=self._times.maxlen)
        self._muted = too_many
        self._times.append(now)
        return too_many


@dataclass(frozen=True, slots=True)
class Pushes:
    """Takes the pushes of all SMS providers. `accepted` may wake a worker in the same process."""

    doors: Mapping[str, Door]
    db: Database
    reception: Reception
    clock: Callable[[], datetime]
    public_url: str | None = None
    accepted: Callable[[], None] = _nobody
    refusals: Refusals = field(default_factory=Refusals)
    together: Gathering = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "together", Gathering(self.db))

    async def take(self, name: str, token: str, request: Request) -> Response:
        """Take one push: who it is from is settled before a byte of its body is read."""
        door = self.doors.get(name)
        if door is None or not door.opens(token):
            return self._refuse("unknown_address", 404)
        body = await read_body(request)
        if body is None:
            return self._refuse("too_large_or_slow", 413)
        try:
            pushed = await asyncio.to_thread(self._read, door.inlet, request, body)
        except PushError as error:
            return self._refuse(error.reason, 403 if error.forged else 400, name)
        return _response(door.inlet.answer(ok=await self._kept(door.inlet, pushed)))

    def _read(self, inlet: Inlet, request: Request, body: bytes) -> Pushed:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        url = f"{self.public_url.rstrip('/')}{path}" if self.public_url else str(request.url)
        heads = {name.lower(): value for name, value in request.headers.items()}
        asked = PushRequest(request.method, url, heads, dict(request.query_params), body)
        try:
            pushed = inlet.read(asked, self.clock())
        except PushError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, it was no push of a provider
            reason = f"broken_{type(error).__name__}"
            raise PushError(reason) from None
        if len(pushed.arrivals) + len(pushed.receipts) > MOST_IN_A_PUSH:
            reason = "too_many_in_one"
            raise PushError(reason)
        return pushed

    async def _kept(self, inlet: Inlet, pushed: Pushed) -> bool:
        """Store everything in one transaction; where one piece spoils it, each by itself."""
        now = self.clock()
        try:
            heard = await self.db.read(lambda s: self._hear(s, pushed.arrivals, now))
            new = await self.together.write(lambda s: self._store(s, inlet, pushed, heard, now))
        except Exception as error:  # noqa: BLE001 - not stored: the provider must send it again
            log.warning("sms.push_not_stored", provider=inlet.provider, error=type(error).__name__)
            return await self._kept_singly(inlet, pushed)
        if new:
            self.accepted()
        return True

    async def _kept_singly(self, inlet: Inlet, pushed: Pushed) -> bool:
        """One piece that cannot be stored must not cost the others. False when any was lost."""
        pieces = [Pushed(arrivals=(one,)) for one in pushed.arrivals]
        pieces += [Pushed(receipts=(one,)) for one in pushed.receipts]
        if len(pieces) < 2:  # noqa: PLR2004 - one piece was tried by itself already
            return False
        return all([await self._kept(inlet, piece) for piece in pieces])

    def _hear(self, session: Session, arrivals: Sequence[Arrival], now: datetime) -> list[Heard]:
        return [self.reception.hear(session, arrival, now) for arrival in arrivals]

    def _store(
        self,
        session: Session,
        inlet: Inlet,
        pushed: Pushed,
        heard: Sequence[Heard],
        now: datetime,
    ) -> int:
        """How many messages are new."""
        new = 0
        for arrival, said in zip(pushed.arrivals, heard, strict=True):
            accepted = self.reception.store(session, arrival, said, now)
            log.info("sms.accepted", inbound_message_id=accepted.message_id, new=accepted.new)
            new += accepted.new
        if new:
            providers.note_inbound(session, inlet.provider, now)
        for receipt in pushed.receipts:
            take_receipt(session, receipt, now)
        return new

    def _refuse(self, reason: str, status: int, name: str = "") -> Response:
        if self.refusals.too_many():
            return PlainTextResponse("not found" if status == 404 else "refused", status)  # noqa: PLR2004
        log.warning("sms.push_refused", reason=reason, status=status, provider=name)
        return PlainTextResponse("not found" if status == 404 else "refused", status)  # noqa: PLR2004


def router(pushes: Pushes) -> APIRouter:
    """Routes for `/sms/{provider}/{token}`, and without a token where the provider signs."""
    routes = APIRouter()

    @routes.api_route("/sms/{provider}", methods=["GET", "POST"])
    async def signed(provider: str, request: Request) -> Response:
        return await pushes.take(provider, "", request)

    @routes.api_route("/sms/{provider}/{token}", methods=["GET", "POST"])
    async def secret(provider: str, token: str, request: Request) -> Response:
        return await pushes.take(provider, token, request)

    return routes


def _response(answer: PushAnswer) -> Response:
    return Response(answer.body, answer.status, media_type=answer.content_type)
