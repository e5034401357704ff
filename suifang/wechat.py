"""The WeChat account of an installation, and the client that sends and fetches."""

from __future__ import annotations

import httpx

from channels.wechat.account import WeChatAccount
from channels.wechat.client import WeChatClient
from channels.wechat.registered import load
from channels.wechat.token import TokenKeeper
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
        "followup_due": (wechat.template_id_follow_up, wechat.template_kind_follow_up),
        "followup_reminder": (wechat.template_id_follow_up, wechat.template_kind_follow_up),
        "reply_waiting": (wechat.template_id_reply, wechat.template_kind_reply),
    }
    named = {name: said for name, said in templates.items() if said[0]}
    return WeChatAccount(
        app_id=wechat.app_id,
        secret=wechat.app_secret.get_secret_value(),
        token=wechat.token.get_secret_value(),
        aes_keys=tuple(keys),
        original_id=wechat.original_id,
        templates={name: str(template_id) for name, (template_id, _) in named.items()},
        kinds={name: kind for name, (_, kind) in named.items()},
        registered=load(wechat.account_file),
        allow_plain=wechat.allow_plain,
        platform=wechat.api_base,
    )


def client(installation: Installation, http: httpx.AsyncClient) -> WeChatClient | None:
    """The client that sends and fetches."""
    ours = account(installation.settings)
    if ours is None:
        return None
    tokens = TokenKeeper(ours, http, installation.database, installation.vault)
    return WeChatClient(ours, http, tokens)
