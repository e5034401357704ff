"""The worker process: takes turns, delivers, and runs every clock."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Sequence

import httpx

from agent import batch
from agent.context import Model
from agent.loading import Tools
from channels.delivery import Limits, Routes
from channels.notice import NoticeChannel
from channels.port import Channel, Mailbox
from channels.sms import line
from knowledge.shelf import Shelf
from language.reader import read
from schedules.canary import Perch
from schedules.clock import run as run_clock
from schedules.ticks import Work
from suifang import clock, education, schooling, sms, startup, wechat, wecom
from suifang.completeness import call_problems
from suifang.installation import Installation
from suifang.senses import senses
from suifang.settings import Settings

_PROVIDER_SECONDS = 8.0
# WeChat waits five seconds for an acknowledgement; an answer may be a second later.
_NICENESS = 5
_GREETING = json.dumps({"id": "warm-up", "text": "您好"}).encode()


def tools(installation: Installation) -> Tools:
    """What every turn uses, loaded now; the library loads meanwhile, and who asks first waits."""
    shelf = education.shelf(installation)
    read("")
    return Tools(
        vault=installation.vault,
        answers=shelf,
        model=model(installation.settings),
        senses=senses(installation.settings),
    )


def model(settings: Settings) -> Model | None:
    """The language model, when one is configured; its client is loaded only then."""
    endpoint = settings.model
    if endpoint is None:
        return None
    from agent.model import ModelSettings, OpenAIModel  # noqa: PLC0415 -- half a second of start

    key = endpoint.api_key.get_secret_value()
    return OpenAIModel(ModelSettings(endpoint.base_url, key, endpoint.name, endpoint.timeout))


def run(installation: Installation) -> None:
    """Work until SIGTERM or SIGINT, behind the web process when both want a core."""
    os.nice(max(0, _NICENESS - os.nice(0)))
    asyncio.run(_run(installation))


async def _run(installation: Installation) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with (
        httpx.AsyncClient(
            base_url=installation.settings.wechat_api_base,
            timeout=_PROVIDER_SECONDS,
            trust_env=False,
        ) as platform,
        httpx.AsyncClient(timeout=_PROVIDER_SECONDS, trust_env=False) as elsewhere,
    ):
        ours = work(installation, platform, elsewhere)
        warm_up(ours.tools)
        if ours.shelf is not None:
            # Articles that cannot be read end the start here, and not the first question.
            ours.shelf.wait_loaded()
        startup.end()
        try:
            await run_clock(ours, stop)
        finally:
            if ours.shelf is not None:
                ours.shelf.close()


def warm_up(ours: Tools) -> None:
    """Think once before a patient waits: the first turn loads lexicons, protocols and the graph."""
    list(batch.run([_GREETING], ours.answers, clock.now()))


def _notices(settings: Settings, http: httpx.AsyncClient) -> NoticeChannel:
    """The operator's bell, and the rule by which doctors' own addresses may be called."""
    webhook, secret = settings.notice_webhook_url, settings.notice_webhook_secret
    return NoticeChannel(
        http,
        webhook.get_secret_value() if webhook else None,
        secret.get_secret_value() if secret else None,
        allowed=lambda url: not call_problems(settings, "The address", url),
        reply_at=settings.public_url.rstrip("/") if settings.public_url else None,
    )


def limits(settings: Settings) -> Limits:
    """How much and how fast we send, as the operator wants it."""
    return Limits(
        fuse=settings.patient_daily_cap,
        doctor_sms_cap=settings.doctor_sms_daily_cap,
        sends_per_second=settings.sends_per_second,
    )


def work(
    installation: Installation, platform: httpx.AsyncClient, elsewhere: httpx.AsyncClient
) -> Work:
    """Everything the ticks need; `platform` is WeChat's address, `elsewhere` every other one."""
    channels: dict[tuple[str, str], Channel | Sequence[Channel]] = {}
    media = {}
    client = wechat.client(installation, platform)
    if client is not None:
        channels[client.name, client.account.app_id] = client
        media[client.name, client.account.app_id] = client
    carriers = sms.carriers_of(installation, elsewhere)
    if carriers:
        channels[line.CHANNEL, line.ACCOUNT] = carriers
    members = wecom.client(installation, elsewhere)
    if members is not None:
        channels[members.name, members.account.corp_id] = members
    notices = _notices(installation.settings, elsewhere)
    ours = tools(installation)
    return Work(
        database=installation.database,
        tools=ours,
        routes=Routes(channels, notices),
        limits=limits(installation.settings),
        media=media,
        clock=clock.now,
        worker=f"{socket.gethostname()}:{os.getpid()}",
        shelf=ours.answers if isinstance(ours.answers, Shelf) else None,
        rehearsal=education.rehearsal(installation.settings),
        school=schooling.taught_from(installation.settings, ours.answers),
        mailboxes=tuple(one for one in carriers if isinstance(one, Mailbox)),
        reception=installation.reception,
        perch=Perch.of(installation.settings.canary_phone, installation.settings.canary_openid),
    )
