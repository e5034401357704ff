"""WeChat's access token, by stable_token: asking does not take it away from other processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import httpx

from channels.port import Result, SendOutcome
from channels.tokens import NoTokenError, SharedToken
from channels.wechat.account import WeChatAccount
from channels.wechat.errors import outcome_of
from records.db import Database
from records.vault import Vault

__all__ = ["NoTokenError", "TokenKeeper"]

CALL_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class TokenKeeper(SharedToken):
    """The token of one official account."""

    platform: ClassVar[str] = "wechat"

    account: WeChatAccount
    http: httpx.AsyncClient
    db: Database
    vault: Vault

    @property
    def key(self) -> str:
        return self.account.app_id

    async def ask(self, *, force: bool) -> tuple[str, timedelta]:
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
