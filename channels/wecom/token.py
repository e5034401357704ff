"""WeCom's access token. Asking again gives the same one while it is good, so nobody loses theirs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import httpx

from channels.port import Result, SendOutcome
from channels.sms.calling import call
from channels.tokens import NoTokenError, SharedToken
from channels.wecom.account import WeComAccount
from channels.wecom.errors import outcome_of
from records.db import Database
from records.vault import Vault

CALL_SECONDS = 6.0
_NO_ANSWER = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True)
class TokenKeeper(SharedToken):
    """The token of one application; every application of a corporation has its own."""

    platform: ClassVar[str] = "wecom"

    account: WeComAccount
    http: httpx.AsyncClient
    db: Database
    vault: Vault

    @property
    def key(self) -> str:
        return f"wecom:{self.account.corp_id}:{self.account.agent_id}"

    async def ask(self, *, force: bool) -> tuple[str, timedelta]:
        """WeCom knows no forced refresh: a second question only finds out whether it changed."""
        del force
        query = {"corpid": self.account.corp_id, "corpsecret": self.account.secret}
        url = f"{self.account.platform}/cgi-bin/gettoken"
        answer = await call(self.http, "GET", url, seconds=CALL_SECONDS, params=query)
        if isinstance(answer, SendOutcome):
            # Nothing was sent to anybody: asking again is always safe.
            raise NoTokenError(SendOutcome(Result.RETRY, reason=f"token_{answer.reason}"))
        try:
            body = json.loads(answer.content)
            if body.get("errcode"):
                raise NoTokenError(outcome_of(int(body["errcode"])))
            return str(body["access_token"]), timedelta(seconds=int(body["expires_in"]))
        except _NO_ANSWER as error:
            reason = f"token_{type(error).__name__}"
            raise NoTokenError(SendOutcome(Result.RETRY, reason=reason)) from None
