"""Who holds the phone, by WeCom: the authorize page of an application, and members by code."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

import structlog

from channels.authorizing import NotKnown, address, page_of
from channels.port import Result
from channels.wecom.account import PLATFORM, WeComAccount
from channels.wecom.client import WeComClient
from channels.wecom.errors import STALE_CODE
from records.identities import WECOM, Subject

log = structlog.get_logger(__name__)

Opening = Callable[[], AbstractAsyncContextManager[WeComClient]]


@dataclass(frozen=True, slots=True)
class WeComSource:
    """An `IdentitySource`. `opened` gives a client for one question; `redirect` is our own address."""

    account: WeComAccount
    opened: Opening
    redirect: str
    name: str = WECOM

    def authorize_url(self, state: str) -> str:
        query = {
            "appid": self.account.corp_id,
            "redirect_uri": self.redirect,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
            "agentid": str(self.account.agent_id),
        }
        return address(page_of(self.account.platform, PLATFORM), query)

    async def whois(self, code: str, now: datetime) -> Subject | NotKnown:
        async with self.opened() as client:
            answer = await client.whois(code, now)
        if answer.errcode in STALE_CODE:
            return NotKnown("code_used", answer.outcome.code)
        if answer.outcome.result is Result.ACCEPTED:
            userid = answer.body.get("userid") or answer.body.get("UserId")
            if isinstance(userid, str) and userid:
                return Subject(WECOM, self.account.corp_id, userid)
            return NotKnown("outsider")
        log.warning("wecom.not_known", code=answer.outcome.code, reason=answer.outcome.reason)
        ours = answer.outcome.result is Result.OPERATOR
        return NotKnown("refused" if ours else "not_answered", answer.outcome.code)
