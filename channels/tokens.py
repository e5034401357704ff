"""A provider's access token: one for all processes, refreshed by whoever holds the row's lease."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from datetime import datetime, timedelta
from typing import ClassVar

import structlog

from channels.port import Result, SendOutcome
from records import tokens
from records.db import Database
from records.tokens import Lease
from records.vault import Vault

LEASE = timedelta(seconds=20)
PATIENCE = 8.0
PAUSE = 0.1
# The platform makes a new token some minutes early, and both are good meanwhile.
MARGIN = timedelta(seconds=60)

log = structlog.get_logger(__name__)


class NoTokenError(Exception):
    """The platform gave no token. Carries what a send that needed one should report."""

    def __init__(self, outcome: SendOutcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class SharedToken:
    """Hands out one account's token, and gets a new one when there is none or it was refused.

    A platform says how it is asked (`ask`), under which name the row is kept (`key`) and how the
    log calls it (`platform`).
    """

    __slots__ = ()

    db: Database
    vault: Vault
    platform: ClassVar[str]

    @property
    @abstractmethod
    def key(self) -> str:
        """The account, in the row of its token."""

    @abstractmethod
    async def ask(self, *, force: bool) -> tuple[str, timedelta]:
        """A token and how long it lasts. `force`: the last one was refused although it is not old.

        Raises:
            NoTokenError: the platform refused or did not answer.
        """

    async def token(self, now: datetime, *, refused: str | None = None) -> str:
        """A good token, other than the refused one; raises `NoTokenError`."""
        began = time.monotonic()
        while True:
            waited = time.monotonic() - began
            moment = now + timedelta(seconds=waited)
            if (held := await self._held(moment, refused)) is not None:
                return held
            if (lease := await self._lease(moment)) is not None:
                return await self._refresh(lease, refused, moment)
            if waited > PATIENCE:
                raise NoTokenError(SendOutcome(Result.RETRY, reason="token_busy"))
            await asyncio.sleep(PAUSE)

    async def _held(self, now: datetime, refused: str | None) -> str | None:
        held = await self.db.read(lambda s: tokens.current(s, self.vault, self.key, now))
        return None if held == refused else held

    async def _lease(self, now: datetime) -> Lease | None:
        return await self.db.write(lambda s: tokens.lease_refresh(s, self.key, now, LEASE))

    async def _refresh(self, lease: Lease, refused: str | None, now: datetime) -> str:
        """Ask the platform, unless somebody did between our look and our lease."""
        if (held := await self._held(now, refused)) is not None:
            await self.db.write(lambda s: tokens.release(s, lease))
            return held
        try:
            fresh, lasts = await self.ask(force=False)
            if fresh == refused:
                fresh, lasts = await self.ask(force=True)
        except NoTokenError as error:
            await self.db.write(lambda s: tokens.release(s, lease))
            said = error.outcome
            log.warning("token.none", platform=self.platform, code=said.code, reason=said.reason)
            raise
        expires_at = now + max(lasts - MARGIN, lasts / 2)
        await self.db.write(lambda s: tokens.store(s, self.vault, lease, fresh, expires_at))
        log.info("token.refreshed", platform=self.platform)
        return fresh
