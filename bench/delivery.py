"""Messages a second through `deliver_due` by each adapter, beside bare calls to the same provider.

The provider is simulated in a thread of this process, which takes the same time from both.
"""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
from sqlmodel import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bench.cost import costs
from bench.figure import Figure
from channels.delivery import Limits, Routes, deliver_due
from channels.port import Channel
from channels.sms import spool
from channels.sms.acs3 import AccessKey
from channels.sms.aliyun import Aliyun
from channels.sms.gammu import GammuModem
from channels.sms.kannel import KannelGateway
from channels.sms.tc3 import SecretPair
from channels.sms.tencent import Tencent
from channels.sms.twilio import Twilio
from channels.templates import TemplateId, TemplateIds, registry
from channels.wechat.account import WeChatAccount
from channels.wechat.client import WeChatClient
from channels.wechat.token import TokenKeeper
from records import messages, outbound
from records.db import Database
from records.identity import new_id
from records.messages import Address
from records.outbound import Draft
from records.tables import OutboundMessage, metadata
from records.vault import Vault
from simulator.background import in_thread

MESSAGES, WARM_UP, LANES = 240, 24, 4
PACE = 1e6
BAR_MS = 50.0
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
_TOKEN = {"access_token": "t", "expires_in": 7200, "errcode": 0}
_TENCENT = {"Response": {"SendStatusSet": [{"Code": "Ok", "SerialNo": "1"}]}}


@dataclass(frozen=True, slots=True)
class Bed:
    """One adapter, the line it serves, and the bare call that is its floor."""

    name: str
    line: tuple[str, str]
    channel: Channel
    bare: Callable[[], Awaitable[object]]


def measure() -> list[Figure]:
    """The floor before and after each adapter, in the same process; the faster one counts."""
    return asyncio.run(_measure()) + costs()


async def _measure() -> list[Figure]:
    figures = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(_provider())
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            database, vault = (
                Database(f"sqlite:///{folder / 'suifang.db'}"),
                Vault(b"s" * 32, b"i" * 32),
            )
            metadata.create_all(database.engine)
            for bed in _beds(url, http, database, vault, folder):
                floor = await _rate(partial(_bare, bed))
                ours = await _delivered(bed, database, vault)
                floor = max(floor, await _rate(partial(_bare, bed)))
                figures.append(_figure(bed, ours, floor))
            database.dispose()
    return figures


def _figure(bed: Bed, ours: float, floor: float) -> Figure:
    """Milliseconds of one message, of which as many are under way as there are lanes."""
    return Figure(
        f"delivery by {bed.name}, a message",
        1000 / ours,
        "ms",
        floor=1000 / floor,
        bar=BAR_MS,
        note=f"{ours:.0f}/s; bare calls {floor:.0f}/s",
    )


def _beds(
    url: str, http: httpx.AsyncClient, database: Database, vault: Vault, folder: Path
) -> Iterator[Bed]:
    def post() -> Awaitable[object]:
        return http.post("/bare", content=b"{}")

    sms = ("sms", "main")
    account = WeChatAccount("wx", "s", token="", aes_keys=())
    wechat = WeChatClient(account, http, TokenKeeper(account, http, database, vault))
    yield Bed("WeChat", ("wechat", "wx"), wechat, post)
    push = "http://127.0.0.1:9/sms"
    words = registry()
    key, pair = AccessKey("k", "s"), SecretPair("k", "s")
    ids = {one.name: TemplateId("1", "approved") for one in words}
    known = TemplateIds({"aliyun": ids, "tencent": ids})
    aliyun = Aliyun(key, "s", http, words, known, base=f"{url}/aliyun")
    tencent = Tencent(pair, "1", "s", http, words, known, base=f"{url}/tencent")
    kannel = KannelGateway(http, url, "u", "p", push)
    twilio = Twilio(http, "AC1", "t", "+15005550006", push, url)
    clouds: dict[str, Channel] = {
        "Aliyun": aliyun,
        "Tencent": tencent,
        "Kannel": kannel,
        "Twilio": twilio,
    }
    for name, channel in clouds.items():
        yield Bed(name, sms, channel, post)
    for name in spool.FOLDERS:
        (folder / name).mkdir()
    modem = GammuModem(folder, sends_per_second=PACE)
    yield Bed("a modem's outbox", sms, modem, lambda: asyncio.to_thread(_bare_file, folder))


@contextmanager
def _provider() -> Iterator[str]:
    """Says yes to everything in each provider's words."""
    answers: dict[str, object] = {
        "/bare": {},
        "/cgi-bin/stable_token": _TOKEN,
        "/cgi-bin/message/custom/send": {"errcode": 0},
        "/aliyun/": {"Code": "OK", "BizId": "1"},
        "/tencent": _TENCENT,
        "/tencent/": _TENCENT,
    }

    async def say(request: Request) -> Response:
        await request.body()
        path = request.url.path
        if path == "/cgi-bin/sendsms":
            return PlainTextResponse("0: Accepted for delivery", 202)
        if path not in answers:
            return JSONResponse({"sid": new_id(), "status": "queued"}, 201)
        return JSONResponse(answers[path])

    app = Starlette(routes=[Route("/{path:path}", say, methods=["GET", "POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    with in_thread(app, listening):
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def _rate(run: Callable[[], Awaitable[int]]) -> float:
    began = time.perf_counter()
    done = await run()
    return done / (time.perf_counter() - began)


async def _bare(bed: Bed) -> int:
    """As many calls at once as there are lanes."""

    async def lane() -> None:
        for _ in range(MESSAGES // LANES):
            await bed.bare()

    await asyncio.gather(*(lane() for _ in range(LANES)))
    return MESSAGES


def _bare_file(folder: Path) -> None:
    with (folder / new_id()).open("wb") as file:
        file.write(b"x" * 80)
        file.flush()
        os.fsync(file.fileno())


async def _delivered(bed: Bed, database: Database, vault: Vault) -> float:
    routes = Routes({bed.line: bed.channel})
    limits = Limits(lanes=LANES, sends_per_second=PACE)
    _fill(bed, database, vault)
    await deliver_due(database, vault, routes, NOW, WARM_UP, limits=limits)
    rate = await _rate(lambda: deliver_due(database, vault, routes, NOW, MESSAGES, limits=limits))
    with database.reading() as session:
        states = set(session.exec(select(OutboundMessage.state)).all())
        reasons = set(session.exec(select(OutboundMessage.reason)).all())
    if states != {outbound.ACCEPTED}:
        msg = f"{bed.name}: not everything was accepted but {states}, {reasons}"
        raise RuntimeError(msg)
    return rate


def _fill(bed: Bed, database: Database, vault: Vault) -> None:
    """One message for each of many people, whose window is open."""
    with database.transaction() as session:
        for number in range(MESSAGES + WARM_UP):
            where = f"o-{number}" if bed.line[0] == "wechat" else f"+86138{number:08d}"
            contact = messages.ensure_contact_point(session, vault, Address(*bed.line, where), NOW)
            contact.window_until, contact.window_left = NOW + timedelta(hours=48), 500
            session.add(contact)
            draft = Draft(
                purpose=outbound.SAFETY if bed.line[0] == "sms" else outbound.REPLY,
                text_key="safety.general_emergency",
                body="血压记下了，谢谢您。下次还是早上量。",
                send_key=new_id(),
                expires_at=NOW + timedelta(hours=12),
                contact_point_id=contact.id,
            )
            outbound.queue(session, vault, draft, NOW)
