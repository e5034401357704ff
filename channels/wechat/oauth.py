"""Who holds the phone, by WeChat: the service account's authorize page, and openids by code."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import structlog

from channels.authorizing import NotKnown, address, page_of
from channels.port import SendOutcome
from channels.sms.calling import call
from channels.wechat.account import PLATFORM, WeChatAccount
from records.identities import WECHAT, Subject

CALL_SECONDS = 6.0
# 40163 used, 40029 no such code, 42003 too old, 41008 none given.
_STALE_CODE = frozenset({40029, 40163, 41008, 42003})
_OURS = frozenset({40013, 40125, 40164, 40243, 48001, 50002})

log = structlog.get_logger(__name__)

Opening = Callable[[], AbstractAsyncContextManager[httpx.AsyncClient]]


@dataclass(frozen=True, slots=True)
class WeChatSource:
    """An `IdentitySource`: the silent kind (snsapi_base), which shows nobody's name."""

    account: WeChatAccount
    opened: Opening
    redirect: str
    name: str = WECHAT

    def authorize_url(self, state: str) -> str:
        query = {
            "appid": self.account.app_id,
            "redirect_uri": self.redirect,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        return address(page_of(self.account.platform, PLATFORM), query)

    async def whois(self, code: str, now: datetime) -> Subject | NotKnown:
        query = {
            "appid": self.account.app_id,
            "secret": self.account.secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        url = f"{self.account.platform}/sns/oauth2/access_token"
        async with self.opened() as http:
            answer = await call(http, "GET", url, seconds=CALL_SECONDS, params=query)
        if isinstance(answer, SendOutcome):
            return NotKnown("not_answered", answer.reason)
        body = _object(answer.content)
        errcode, openid = body.get("errcode"), body.get("openid")
        if errcode in _STALE_CODE:
            return NotKnown("code_used", str(errcode))
        if body.get("is_snapshotuser") == 1:
            return NotKnown("snapshot")
        if not errcode and isinstance(openid, str) and openid:
            return Subject(WECHAT, self.account.app_id, openid)
        log.warning("wechat.not_known", code=str(errcode or answer.status))
        return NotKnown("refused" if errcode in _OURS else "not_answered", str(errcode or ""))


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
