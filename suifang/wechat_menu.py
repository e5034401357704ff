"""`suifang wechat menu`: shows our menu beside the published one, and publishes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx

from channels.port import Result
from channels.wechat.api import Answer
from channels.wechat.client import WeChatClient
from channels.wechat.menu import Button, as_request, menu
from suifang import wechat
from suifang.errors import ConfigurationError
from suifang.installation import Installation
from suifang.settings import Settings

_NOTHING_PUBLISHED = 46003
# What the operator can do about a refusal; any other is told with its code.
_ADVICE = {
    40164: "this machine's address is not on the account's whitelist (公众平台 → 基本配置 → IP白名单)",
    40125: "the AppSecret is wrong: compare SUIFANG_WECHAT_APP_SECRET with the platform's page",
    40013: "the AppID is wrong: compare SUIFANG_WECHAT_APP_ID with the platform's page",
    45009: "today's number of calls is used up; it starts again at midnight",
    48001: "this account may not set a menu: it must be a verified 服务号, with the menu switched on"
    " under 公众平台 → 自定义菜单",
    48004: "the platform has banned this interface for the account; its page says why",
    50002: "the account is restricted; the platform's page says why",
}

Work = Callable[[WeChatClient], Awaitable[Answer]]


def published(installation: Installation, now: datetime) -> list[str] | None:
    """The published menu as lines; None when there is none."""
    answer = _call(installation, lambda client: client.published_menu(now))
    if answer.errcode == _NOTHING_PUBLISHED:
        return None
    buttons = answer.body.get("menu", {}).get("button")
    if not isinstance(buttons, list):
        raise ConfigurationError([_refusal(answer)])
    return [line for one in buttons for line in _lines_of(one)]


def publish(installation: Installation, now: datetime) -> None:
    """Publish our menu; raises a sentence when the platform refuses it."""
    answer = _call(installation, lambda client: client.create_menu(as_request(menu()), now))
    if answer.outcome.result is not Result.ACCEPTED:
        raise ConfigurationError([_refusal(answer)])


def ours() -> list[str]:
    """Our menu as lines."""
    return [line for one in menu() for line in _told(one)]


def _told(button: Button) -> list[str]:
    below = [f"  {one.name} → {one.words}" for one in button.below]
    return [button.name if button.below else f"{button.name} → {button.words}", *below]


def _lines_of(button: dict[str, Any]) -> list[str]:
    below = button.get("sub_button") or []
    return [str(button.get("name", "")), *(f"  {one.get('name', '')}" for one in below)]


def _refusal(answer: Answer) -> str:
    code = answer.errcode
    if code in _ADVICE:
        return f"WeChat refused ({code}): {_ADVICE[code]}."
    if code is None:
        reason = answer.outcome.reason or answer.outcome.code
        return f"WeChat could not be asked ({reason}): is SUIFANG_WECHAT_API_BASE reachable?"
    return f"WeChat refused ({code}, {answer.outcome.reason})."


def _call(installation: Installation, work: Work) -> Answer:
    return asyncio.run(_called(installation, installation.settings, work))


async def _called(installation: Installation, settings: Settings, work: Work) -> Answer:
    account = wechat.account(settings)
    if account is None:
        raise ConfigurationError(["WeChat is not configured: set the SUIFANG_WECHAT_ variables."])
    async with httpx.AsyncClient(base_url=account.platform, trust_env=False) as http:
        client = wechat.client(installation, http)
        if client is None:
            raise ConfigurationError(["WeChat is not configured."])
        return await work(client)
