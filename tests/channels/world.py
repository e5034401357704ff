"""A whole small world on loopback: our callback, the simulated platform, and one clock for both."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import uvicorn
from fastapi import FastAPI
from sqlmodel import Session, select
from starlette.types import ASGIApp

from care.level import Level
from channels.delivery import Limits, Routes, deliver_due
from channels.notice import NoticeChannel
from channels.port import Letter, Result, SendOutcome
from channels.reception import Reception, Watch
from channels.wechat.account import WeChatAccount
from channels.wechat.client import WeChatClient
from channels.wechat.token import TokenKeeper
from channels.wechat.webhook import Callback, router
from records import outbound
from records.db import Database
from records.identity import new_id
from records.outbound import Draft
from records.tables import ContactPoint, DeliveryAttempt, Facility, OutboundMessage
from records.vault import Vault
from simulator.codec import Codec, build_xml
from simulator.patient import PatientSide
from simulator.platform import Platform
from simulator.server import create_app
from simulator.settings import DemoPatient, MenuButton, SimulatorSettings, TemplateSpec

APP_ID = "wx5823bf96d3bd56c7"
SECRET = "not-a-secret"
TOKEN = "demo-token"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
OLD_AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ORIGINAL_ID = "gh_000000000001"
WANG, LI = "o-wang", "o-li"


class MovingClock:
    """Stands still until moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **delta: float) -> datetime:
        self.now += timedelta(**delta)
        return self.now


def a_roster(_: Session, facility_id: str | None, level: Level, now: datetime) -> Watch:
    """Somebody is always on duty at a facility; strangers without one have nobody."""
    return Watch(
        on_duty=facility_id is not None,
        rings_at=now + timedelta(minutes=10),
        phone="0871-6123456",
    )


def a_settings(callback_url: str = "") -> SimulatorSettings:
    return SimulatorSettings(
        app_id=APP_ID,
        secret=SECRET,
        token=TOKEN,
        encoding_aes_key=AES_KEY,
        callback_url=callback_url,
        account_id=ORIGINAL_ID,
        patients=(
            DemoPatient(WANG, "王秀英", "柳树沟村"),
            DemoPatient(LI, "李建国", "上河村", following=False),
        ),
        menu=(MenuButton("doctor", "找医生"),),
        templates=(
            TemplateSpec(
                "tpl-due", "随访到期提醒", {"thing1": "项目", "time2": "时间", "thing3": "提示"}
            ),
        ),
        retry_pause=0.0,
        receipt_after=0.0,
    )


@asynccontextmanager
async def on_loopback(*served: tuple[ASGIApp, socket.socket]) -> AsyncIterator[None]:
    """Serve apps with a real uvicorn on sockets that listen already."""
    servers = [uvicorn.Server(_quiet(app)) for app, _ in served]
    running = [
        asyncio.create_task(server.serve(sockets=[listening]))
        for server, (_, listening) in zip(servers, served, strict=True)
    ]
    yield
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*running)


def _quiet(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(app, ws="none", log_level="critical", timeout_graceful_shutdown=1)


def a_port() -> tuple[socket.socket, str]:
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


@dataclass
class World:
    """Everything between a patient's phone and the database."""

    db: Database
    vault: Vault
    clock: MovingClock
    platform: Platform
    patients: PatientSide
    client: WeChatClient
    limits: Limits = field(default_factory=lambda: Limits(lanes=2))

    @property
    def routes(self) -> Routes:
        return Routes({("wechat", APP_ID): self.client}, NoticeChannel())

    async def deliver(self) -> int:
        return await deliver_due(
            self.db, self.vault, self.routes, self.clock.now, limits=self.limits
        )

    def queue(self, **changes: object) -> OutboundMessage:
        with self.db.transaction() as session:
            return queue(session, self.vault, self.clock.now, **changes)

    def contact(self) -> ContactPoint:
        with self.db.reading() as session:
            return session.exec(select(ContactPoint)).one()

    def seen(self, openid: str = WANG) -> list[str]:
        return self.platform.log.texts_seen(openid)


@asynccontextmanager
async def a_world(
    db: Database,
    vault: Vault,
    clock: MovingClock,
    account: WeChatAccount,
    reception: Reception,
    *,
    wired: bool = False,
) -> AsyncIterator[World]:
    """Our callback and the platform, over real sockets when `wired`, else within the process."""
    product = FastAPI()
    product.include_router(router({"main": Callback(account, db, reception, clock)}))
    async with AsyncExitStack() as stack:
        if wired:
            ours, our_url = a_port()
            theirs, their_url = a_port()
            simulator = create_app(a_settings(f"{our_url}/wechat/main"), clock=clock)
            await stack.enter_async_context(on_loopback((product, ours), (simulator, theirs)))
            http = httpx.AsyncClient(base_url=their_url, trust_env=False)
        else:
            inside = httpx.AsyncClient(transport=httpx.ASGITransport(product))
            settings = a_settings("http://product/wechat/main")
            simulator = create_app(settings, clock=clock, http=inside)
            stack.push_async_callback(simulator.state.platform.close)
            transport = httpx.ASGITransport(simulator)
            http = httpx.AsyncClient(base_url="http://platform", transport=transport)
        await stack.enter_async_context(http)
        client = WeChatClient(account, http, TokenKeeper(account, http, db, vault))
        platform, patients = simulator.state.platform, simulator.state.patients
        yield World(db, vault, clock, platform, patients, client)


def queue(session: Session, vault: Vault, now: datetime, **changes: object) -> OutboundMessage:
    """Queue a reply, or what the changes make of it."""
    values: dict[str, object] = {
        "purpose": "reply",
        "text_key": "chat.thanks",
        "body": "记下了",
        "send_key": new_id(),
        "expires_at": now + timedelta(hours=12),
    }
    queued = outbound.queue(session, vault, Draft(**{**values, **changes}), now)  # type: ignore[arg-type]
    assert queued is not None
    return queued


def a_contact(
    session: Session, vault: Vault, now: datetime, openid: str = WANG, **changes: object
) -> ContactPoint:
    """A contact point whose window is open."""
    row = new_id()
    values: dict[str, object] = {
        "id": row,
        "channel": "wechat",
        "account": APP_ID,
        "address_index": vault.index(openid, "address"),
        "address_sealed": vault.seal(openid, "contact_points.address", row),
        "created_at": now,
        "window_until": now + timedelta(hours=48),
        "window_left": 5,
    }
    contact = ContactPoint(**{**values, **changes})  # type: ignore[arg-type]
    session.add(contact)
    session.flush()
    return contact


def a_facility(session: Session) -> Facility:
    facility = Facility(kind="village_clinic", name="柳树沟村卫生室", path="/")
    session.add(facility)
    session.flush()
    return facility


@dataclass
class ScriptedChannel:
    """A channel that answers what it is told, and remembers what it was given."""

    answers: list[SendOutcome | Exception] = field(default_factory=list)
    name: str = "wechat"
    provider: str = f"wechat:{APP_ID}"
    windowed: bool = True
    free_text: bool = True
    templates: tuple[str, ...] = ("followup_due",)
    texts: list[str] = field(default_factory=list)
    sent: list[Letter] = field(default_factory=list)
    during: Callable[[], object] | None = None

    def has_template(self, name: str) -> bool:
        return name in self.templates

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        self.texts.append(letter.body)
        return self._answer(letter)

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        self.texts.append(f"[{letter.template['name']}]")
        return self._answer(letter)

    def _answer(self, letter: Letter) -> SendOutcome:
        self.sent.append(letter)
        if self.during is not None:
            self.during()
        answer = self.answers.pop(0) if self.answers else SendOutcome(Result.ACCEPTED, "0")
        if isinstance(answer, Exception):
            raise answer
        return answer


def outbound_rows(db: Database) -> list[OutboundMessage]:
    with db.reading() as session:
        return list(session.exec(select(OutboundMessage).order_by(OutboundMessage.id)).all())


def attempts(db: Database) -> list[DeliveryAttempt]:
    with db.reading() as session:
        query = select(DeliveryAttempt).order_by(DeliveryAttempt.id)
        return list(session.exec(query).all())


def signed(
    fields: dict[str, str | int], *, key: str = AES_KEY, app_id: str = APP_ID
) -> tuple[dict[str, str], bytes]:
    """Query and body of an encrypted callback, by the simulator's own codec."""
    codec = Codec(TOKEN, key, app_id)
    encrypted = codec.encrypt(build_xml(fields))
    query = {"timestamp": "1795395600", "nonce": "42", "encrypt_type": "aes"}
    query["signature"] = codec.sign(query["timestamp"], query["nonce"])
    query["msg_signature"] = codec.sign(query["timestamp"], query["nonce"], encrypted)
    return query, build_xml({"ToUserName": ORIGINAL_ID, "Encrypt": encrypted}).encode()
