"""WeCom of an installation: the account, and the client that rings members."""

from __future__ import annotations

import httpx

from channels.wecom.account import WeComAccount
from channels.wecom.client import WeComClient
from channels.wecom.token import TokenKeeper
from suifang.installation import Installation
from suifang.settings import Settings


def account(settings: Settings) -> WeComAccount | None:
    """The configured application; None when WeCom is off."""
    if not (settings.wecom_corp_id and settings.wecom_agent_id and settings.wecom_secret):
        return None
    token, key = settings.wecom_token, settings.wecom_encoding_aes_key
    return WeComAccount(
        corp_id=settings.wecom_corp_id,
        agent_id=settings.wecom_agent_id,
        secret=settings.wecom_secret.get_secret_value(),
        token=token.get_secret_value() if token else "",
        aes_key=key.get_secret_value() if key else "",
        platform=settings.wecom_api_base.rstrip("/"),
        reply_at=settings.public_url.rstrip("/") if settings.public_url else None,
    )


def client(installation: Installation, http: httpx.AsyncClient) -> WeComClient | None:
    """The client that rings members."""
    ours = account(installation.settings)
    if ours is None:
        return None
    tokens = TokenKeeper(ours, http, installation.database, installation.vault)
    return WeComClient(ours, http, tokens)
