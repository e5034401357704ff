"""Where SMS providers push to this installation: one door for each that is set up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from fastapi import APIRouter
from pydantic import SecretStr

from channels.sms.inlet import Inlet
from channels.sms.webhook import Door, Pushes, router
from suifang.installation import Installation
from suifang.settings import Settings


def doors(settings: Settings) -> dict[str, Door]:
    """The doors of the providers that push: by a secret address, or by what they sign with."""
    tokens = {
        "aliyun": settings.aliyun_push_token,
        "tencent": settings.tencent_push_token,
        "kannel": settings.kannel_push_token,
    }
    found = {
        name: Door(_UNSIGNED[name](), token.get_secret_value())
        for name, token in tokens.items()
        if token is not None
    }
    if settings.twilio_account_sid and settings.twilio_auth_token is not None:
        found["twilio"] = Door(_twilio(settings.twilio_account_sid, settings.twilio_auth_token))
    return found


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


def _aliyun() -> Inlet:
    from channels.sms.aliyun import AliyunInlet  # noqa: PLC0415 - only where it is used

    return AliyunInlet()


def _tencent() -> Inlet:
    from channels.sms.tencent import TencentInlet  # noqa: PLC0415

    return TencentInlet()


def _kannel() -> Inlet:
    from channels.sms.kannel import KannelInlet  # noqa: PLC0415

    return KannelInlet()


def _twilio(account_sid: str, auth_token: SecretStr) -> Inlet:
    from channels.sms.twilio import TwilioInlet  # noqa: PLC0415

    return TwilioInlet(account_sid, auth_token.get_secret_value())


# Who signs nothing: the address itself is the secret.
_UNSIGNED: Mapping[str, Callable[[], Inlet]] = {
    "aliyun": _aliyun,
    "tencent": _tencent,
    "kannel": _kannel,
}
