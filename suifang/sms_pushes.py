"""Where SMS providers push to this installation: one door for each that is set up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from fastapi import APIRouter
from pydantic import SecretStr

from channels.sms.aliyun import AliyunInlet
from channels.sms.inlet import Inlet
from channels.sms.kannel import KannelInlet
from channels.sms.tencent import TencentInlet
from channels.sms.webhook import Door, Pushes, router
from suifang.installation import Installation
from suifang.settings import Settings

# Who signs nothing: the address itself is the secret.
_UNSIGNED: Mapping[str, Callable[[], Inlet]] = {
    "aliyun": AliyunInlet,
    "tencent": TencentInlet,
    "kannel": KannelInlet,
}


def doors(settings: Settings) -> dict[str, Door]:
    """The doors of the providers that have a secret address."""
    tokens = {
        "aliyun": settings.aliyun_push_token,
        "tencent": settings.tencent_push_token,
        "kannel": settings.kannel_push_token,
    }
    return {
        name: Door(made(), token.get_secret_value())
        for name, made in _UNSIGNED.items()
        if isinstance(token := tokens[name], SecretStr)
    }


def routes(installation: Installation, clock: Callable[[], datetime]) -> list[APIRouter]:
    """The routes to mount in the web process; none where nobody pushes."""
    settings = installation.settings
    found = doors(settings)
    if not found:
        return []
    pushes = Pushes(
        found,
        installation.database,
        installation.reception,
        clock,
        public_url=settings.public_url,
    )
    return [router(pushes)]
