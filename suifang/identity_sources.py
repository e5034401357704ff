"""The platforms by which a doctor may sign in, where an installation has them and an address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from channels.authorizing import IdentitySource
from channels.wechat.oauth import WeChatSource
from channels.wecom.client import WeComClient
from channels.wecom.oauth import WeComSource
from suifang import wechat, wecom
from suifang.installation import Installation


def sources(installation: Installation) -> dict[str, IdentitySource]:
    """By their names; none without SUIFANG_PUBLIC_URL, which the platforms send people back to."""
    public_url = installation.settings.public_url
    if not public_url:
        return {}
    home = public_url.rstrip("/")
    found: list[IdentitySource] = []
    corporation = wecom.account(installation.settings)
    if corporation is not None:

        @asynccontextmanager
        async def opened() -> AsyncIterator[WeComClient]:
            async with _http() as http:
                client = wecom.client(installation, http)
                if client is not None:
                    yield client

        found.append(WeComSource(corporation, opened, f"{home}/sign-in/wecom/back"))
    official = wechat.account(installation.settings)
    if official is not None:
        found.append(WeChatSource(official, _http, f"{home}/sign-in/wechat/back"))
    return {one.name: one for one in found}


def _http() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False)
