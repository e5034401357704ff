"""The access token: one per account for all processes, refreshed by whoever holds the row's lease."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import structlog

from channels.port import Result, SendOutcome
from channels.wechat.account import WeChatAccount
from channels.wechat.errors import outcome_of
from records import tokens
from records.db import Database
from records.tokens import Lease
from records.vault import Vault

LEASE = timedelta(seconds=20)
PATIENCE = 8.0
PAUSE = 0.1
CALL_SECONDS = 6.0
# The platform makes a new token five minutes early, and both are good meanwhile.
MARGIN = timedelta(seconds=60)

log = structlog.get_logger(__name__)


class NoTokenError(Exception):
    """The platform gave no token. Carries what a send that needed one should report."""

    def __init__(self, outcome: SendOutcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class TokenKeeper:
    """Hands out the account's token, and gets a new one when there is none or it was refused."""

    account: WeChatAccount
    http: httpx.AsyncClient
    db: Database
    vault: Vault

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
        held = await self.db.read(lambda s: tokens.current(s, self.vault, self.account.app_id, now))
        return None if held == refused else held

    async def _lease(self, now: datetime) -> Lease | None:
        return await self.db.write(
            lambda s: tokens.lease_refresh(s, self.account.app_id, now, LEASE)
        )

    async def _refresh(self, lease: Lease, refused: str | None, now: datetime) -> str:
        """Ask the platform, unless somebody did between our look and our lease."""
        if (held := await self._held(now, refused)) is not None:
            await self.db.write(lambda s: tokens.release(s, lease))
            return held
        try:
            fresh, lasts = await self._ask(force=False)
            if fresh == refused:
                fresh, lasts = await self._ask(force=True)
        except NoTokenError as error:
            await self.db.write(lambda s: tokens.release(s, lease))
            log.warning("wechat.no_token", code=error.outcome.code, reason=error.outcome.reason)
            raise
        expires_at = now + max(lasts - MARGIN, lasts / 2)
        await self.db.write(lambda s: tokens.store(s, self.vault, lease, fresh, expires_at))
        log.info("wechat.token_refreshed")
        return fresh

    async def _ask(self, *, force: bool) -> tuple[str, timedelta]:
        request = {
            "grant_type": "client_credential",
            "appid": self.account.app_id,
            "secret": self.account.secret,
            "force_refresh": force,
        }
        try:
            response = await self.http.post(
                "/cgi-bin/stable_token", json=request, timeout=CALL_SECONDS
            )
            body = response.json()
            if body.get("errcode"):
                raise NoTokenError(outcome_of(int(body["errcode"])))
            return str(body["access_token"]), timedelta(seconds=int(body["expires_in"]))
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            # Nothing was sent to a patient: asking again is always safe.
            reason = f"token_{type(error).__name__}"
            raise NoTokenError(SendOutcome(Result.RETRY, reason=reason)) from None
