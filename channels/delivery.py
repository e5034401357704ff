"""Delivery: claim a row, write the attempt, call, write down what came back.

One transaction claims the most urgent row, decides the way it may go and records the attempt; the
call is made with no transaction open; a second one classifies the answer. A crash in between leaves
a row in `sending` whose lease passes: nobody knows whether it was said, so a safety text is said
again and everything else becomes visibly `unknown`. Every path ends in a state with a reason.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

import structlog
from sqlmodel import Session

from channels.announcing import keep_words
from channels.breaker import note_outcome
from channels.conclusion import conclude
from channels.limits import Limits
from channels.parcel import PICTURE, Parcel, Routes
from channels.port import PictureSender, Result, SendOutcome
from channels.preparation import prepare, recover
from channels.receipts import match_waiting
from records import outbound, receipts
from records.db import Database
from records.vault import Vault

# Looked through before the first call; the others wait for the next run.
_ONE_RECOVERY = 100
PERHAPS_SAID = (Result.ACCEPTED, Result.DELIVERED, Result.UNKNOWN)

__all__ = ["Limits", "Routes", "deliver_due"]

log = structlog.get_logger(__name__)


async def deliver_due(
    db: Database,
    vault: Vault,
    routes: Routes,
    now: datetime,
    limit: int = 100,
    *,
    limits: Limits | None = None,
    stopping: Event | None = None,
) -> int:
    """Send what is due, the most urgent first. Returns how many rows were taken up.

    Safe to run twice and on ten machines at once. Once `stopping` is set nothing more is begun, and
    what was begun is written down.
    """
    run = _Run(db, vault, routes, limits or Limits(), now, limit, stopping or Event())
    return await run.go()


@dataclass(slots=True)
class _Run:
    """One call of `deliver_due`: some lanes that share a budget of rows."""

    db: Database
    vault: Vault
    routes: Routes
    limits: Limits
    now: datetime
    left: int
    stopping: Event
    began: float = field(default_factory=time.monotonic)

    def moment(self) -> datetime:
        """Leases count from the row's own claim, not from the beginning of a long batch."""
        return self.now + timedelta(seconds=time.monotonic() - self.began)

    async def go(self) -> int:
        due, overtaken = await self.db.read(self._look)
        if overtaken:
            await self.db.write(lambda s: match_waiting(s, self.now))
        if not due:
            return 0
        await self._recover()
        lanes = (self._lane() for _ in range(self.limits.lanes))
        ends = await asyncio.gather(*lanes, return_exceptions=True)
        for end in ends:
            # A lane that lost the database must not cut off the calls of the others.
            if isinstance(end, BaseException):
                raise end
        return sum(end for end in ends if isinstance(end, int))

    def _look(self, session: Session) -> tuple[bool, bool]:
        """Whether there is something to do, asked without a writing transaction."""
        due = outbound.any_due(session, self.now)
        return due, bool(receipts.overtaken(session, self.now, limit=1))

    async def _recover(self) -> None:
        """A transaction for each: no contact point stays locked while others are taken up."""
        for _ in range(_ONE_RECOVERY):
            if not await self.db.write(
                lambda s: recover(s, self.vault, self.routes, self.limits, self.now)
            ):
                return

    async def _lane(self) -> int:
        taken = 0
        while self.left > 0 and not self.stopping.is_set():
            self.left -= 1
            found = await self.db.write(
                lambda s: prepare(s, self.vault, self.routes, self.limits, self.moment())
            )
            if found is None:
                break
            taken += 1
            if isinstance(found, Parcel):
                await self._send(found)
        return taken

    async def _send(self, parcel: Parcel) -> None:
        outcome = await self._call(parcel)
        log.info(
            "delivery.attempt",
            outbound_message_id=parcel.message.id,
            route=parcel.route,
            result=outcome.result.value,
            code=outcome.code,
            reason=outcome.reason,
        )
        await self.db.write(lambda s: self._conclude(s, parcel, outcome))

    def _conclude(self, session: Session, parcel: Parcel, outcome: SendOutcome) -> None:
        now = self.moment()
        conclude(session, parcel, outcome, self.limits, now)
        if parcel.by_template and outcome.result in PERHAPS_SAID:
            keep_words(session, self.vault, self.routes, parcel, self.limits, now)
        note_outcome(session, parcel, outcome, self.limits, now)

    async def _call(self, parcel: Parcel) -> SendOutcome:
        """Make the call. Whatever goes wrong in it, the message may have been sent."""
        channel = parcel.channel
        send = channel.send_template if parcel.by_template else channel.send_text
        if parcel.way == PICTURE and isinstance(channel, PictureSender):
            send = channel.send_picture
        try:
            async with asyncio.timeout(self.limits.call_seconds):
                return await send(parcel.letter, self.moment())
        except Exception as error:  # noqa: BLE001 - a fault in an adapter must not stop the others
            log.warning("delivery.adapter_failed", error=type(error).__name__)
            return SendOutcome(Result.UNKNOWN, reason=type(error).__name__)
