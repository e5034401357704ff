"""What calls us in the web process: the platforms' callbacks; and the QR pictures a doctor asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import httpx
from fastapi import APIRouter

from channels.wechat.client import QrCode, WeChatClient
from channels.wechat.token import TokenKeeper
from channels.wechat.webhook import Callback, router
from inbox.deps import PictureOf
from suifang import sms_pushes, wecom
from suifang.installation import Installation
from suifang.wechat import CALLBACK_NAME, account


def routes(installation: Installation, clock: Callable[[], datetime]) -> list[APIRouter]:
    """The callback routes to mount in the web process."""
    found = []
    ours = account(installation.settings)
    if ours is not None:
        callback = Callback(
            account=ours, db=installation.database, reception=installation.reception, clock=clock
        )
        found.append(router({CALLBACK_NAME: callback}))
    return [*found, *sms_pushes.routes(installation, clock), *_members(installation, clock)]


def _members(installation: Installation, clock: Callable[[], datetime]) -> list[APIRouter]:
    """Where WeCom's answers come in, when its callback is set up."""
    ours = wecom.account(installation.settings)
    if ours is None or not ours.answers:
        return []
    # The cipher takes a moment to import, and most installations have no WeCom.
    from channels.wecom.webhook import Callback as Answers  # noqa: PLC0415
    from channels.wecom.webhook import router as answers  # noqa: PLC0415

    return [answers(Answers(ours, installation.database, installation.vault, clock))]


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
