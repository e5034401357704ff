"""The WeChat account of an installation: its callback for the web, its client for the worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import httpx
from fastapi import APIRouter

from channels.wechat.account import WeChatAccount
from channels.wechat.client import QrCode, WeChatClient
from channels.wechat.token import TokenKeeper
from channels.wechat.webhook import Callback, router
from inbox.deps import PictureOf
from suifang.installation import Installation
from suifang.settings import Settings

# The name in the callback's address: /wechat/main
CALLBACK_NAME = "main"


def account(settings: Settings) -> WeChatAccount | None:
    """The configured account; None when WeChat is off."""
    wechat = settings.wechat
    if wechat is None:
        return None
    keys = [wechat.encoding_aes_key.get_secret_value()]
    if wechat.previous_encoding_aes_key is not None:
        keys.append(wechat.previous_encoding_aes_key.get_secret_value())
    templates = {
        "followup_due": wechat.template_id_follow_up,
        "followup_reminder": wechat.template_id_follow_up,
        "reply_waiting": wechat.template_id_reply,
    }
    return WeChatAccount(
        app_id=wechat.app_id,
        secret=wechat.app_secret.get_secret_value(),
        token=wechat.token.get_secret_value(),
        aes_keys=tuple(keys),
        original_id=wechat.original_id,
        templates={name: template for name, template in templates.items() if template},
        allow_plain=wechat.allow_plain,
        platform=wechat.api_base,
    )


def routes(installation: Installation, clock: Callable[[], datetime]) -> list[APIRouter]:
    """The callback routes to mount in the web process."""
    ours = account(installation.settings)
    if ours is None:
        return []
    callback = Callback(
        account=ours, db=installation.database, reception=installation.reception, clock=clock
    )
    return [router({CALLBACK_NAME: callback})]


def client(installation: Installation, http: httpx.AsyncClient) -> WeChatClient | None:
    """The client that sends and fetches."""
    ours = account(installation.settings)
    if ours is None:
        return None
    tokens = TokenKeeper(ours, http, installation.database, installation.vault)
    return WeChatClient(ours, http, tokens)


def picture_of(installation: Installation) -> PictureOf | None:
    """Asks the platform what stands in the QR picture of a scene; None when WeChat is off.

    It holds the one shared token, and opens a connection only when a doctor wants a picture.
    """
    ours = account(installation.settings)
    if ours is None:
        return None

    async def ask(scene: str, seconds: int, now: datetime) -> str | None:
        async with httpx.AsyncClient(base_url=ours.platform, trust_env=False) as http:
            tokens = TokenKeeper(ours, http, installation.database, installation.vault)
            made = await WeChatClient(ours, http, tokens).create_qr_code(scene, seconds, now)
        return made.url or None if isinstance(made, QrCode) else None

    return ask
