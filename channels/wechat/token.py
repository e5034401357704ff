"""WeChat's access token, by stable_token: asking does not take it away from other processes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import httpx

from channels.port import Result, SendOutcome
from channels.sms.calling import call
from channels.tokens import NoTokenError, SharedToken
from channels.wechat.account import WeChatAccount
from channels.wechat.errors import outcome_of
from records.db import Database
from records.vault import Vault

__all__ = ["NoTokenError", "TokenKeeper"]

CALL_SECONDS = 6.0
_NO_ANSWER = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)


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
        answer = await call(
            self.http, "POST", "/cgi-bin/stable_token", seconds=CALL_SECONDS, json=request
        )
        if isinstance(answer, SendOutcome):
            # Nothing was sent to a patient: asking again is always safe.
            raise NoTokenError(SendOutcome(Result.RETRY, reason=f"token_{answer.reason}"))
        try:
            body = json.loads(answer.content)
            if body.get("errcode"):
                raise NoTokenError(outcome_of(int(body["errcode"])))
            return str(body["access_token"]), timedelta(seconds=int(body["expires_in"]))
        except _NO_ANSWER as error:
            reason = f"token_{type(error).__name__}"
            raise NoTokenError(SendOutcome(Result.RETRY, reason=reason)) from None
