"""Fixtures: Node peers, real servers on loopback, a clock that can be moved, a callback that misbehaves."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from simulator.codec import Codec, build_xml, read_xml
from simulator.patient import PatientSide
from simulator.platform import Platform
from simulator.server import create_app
from simulator.settings import DemoPatient, MenuButton, SimulatorSettings, TemplateSpec

PEERS = Path(__file__).parents[1] / "peers"
CALLBACK_URL = "http://callback/wechat"

Json = dict[str, Any]


class NodePeer:
    """A Node script that is asked and answers in JSON lines."""

    def __init__(self, script: str, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            ["node", "--no-deprecation", str(PEERS / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
            text=True,
            encoding="utf-8",
        )

    def read(self) -> Json:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the Node peer ended"
        answer: Json = json.loads(line)
        return answer

    def ask(self, request: Json) -> Json:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self.read()

    def feed(self, lines: list[Json]) -> list[Json]:
        """Write everything, close the input and read until the peer ends."""
        out, _ = self._process.communicate("".join(json.dumps(line) + "\n" for line in lines))
        return [json.loads(line) for line in out.splitlines()]

    def close(self) -> None:
        self._process.terminate()
        with self._process:
            pass


@pytest.fixture(scope="session")
def node_packages() -> None:
    """The peers' packages; a laptop may do without them, CI may not."""
    if (PEERS / "node_modules").is_dir() and shutil.which("node"):
        return
    reason = "the Node peers are not installed: run scripts/peers.sh"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def start_peer(
    node_packages: None, settings: SimulatorSettings
) -> Iterator[Callable[..., NodePeer]]:
    running: list[NodePeer] = []
    account = {
        "WECHAT_TOKEN": settings.token,
        "WECHAT_APP_ID": settings.app_id,
        "WECHAT_AES_KEY": settings.encoding_aes_key,
    }

    def start(script: str, **environment: str) -> NodePeer:
        peer = NodePeer(script, {**account, **environment})
        running.append(peer)
        return peer

    yield start
    for peer in running:
        peer.close()


class MovingClock:
    """Stands still until moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))

    def __call__(self) -> datetime:
        return self.now

    def move(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def settings() -> SimulatorSettings:
    return SimulatorSettings(
        app_id="wx5823bf96d3bd56c7",
        secret="not-a-secret",
        token="demo-token",
        encoding_aes_key="jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        callback_url=CALLBACK_URL,
        patients=(
            DemoPatient("o-wang", "王秀英", "柳树沟村", "68岁,高血压"),
            DemoPatient("o-li", "李建国", "上河村", "59岁,糖尿病", following=False),
        ),
        menu=(MenuButton("REPORT", "报血压"), MenuButton("DOCTOR", "找医生")),
        templates=(
            TemplateSpec(
                "tpl-due",
                "随访到期提醒",
                {"thing1": "随访项目", "time2": "时间", "const3": "状态"},
                {"const3": frozenset({"待随访", "已随访"})},
            ),
        ),
        retry_pause=0.0,
        receipt_after=0.0,
    )


@dataclass
class Callback:
    """A product's callback in the hands of a test: it records, and answers what it is told."""

    codec: Codec
    answers: list[Response | str | None] = field(default_factory=list)
    received: list[dict[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)

    def answer(self, *answers: Response | str | None) -> None:
        """Queue answers: a passive text, a whole response, or None for an empty one."""
        self.answers.extend(answers)

    async def __call__(self, request: Request) -> Response:
        query = dict(request.query_params)
        if request.method == "GET":
            return PlainTextResponse(query["echostr"])
        body = (await request.body()).decode()
        self.bodies.append(body)
        self.queries.append(query)
        outer = read_xml(body)
        encrypted = outer.get("Encrypt")
        self.received.append(read_xml(self.codec.decrypt(encrypted)) if encrypted else outer)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Response):
            return answer
        return PlainTextResponse(self.passive(answer) if answer else "")

    def passive(self, text: str, to: str | None = None) -> str:
        message = self.received[-1]
        reply = build_xml(
            {
                "ToUserName": to or message["FromUserName"],
                "FromUserName": message["ToUserName"],
                "CreateTime": 1763800000,
                "MsgType": "text",
                "Content": text,
            }
        )
        return self.sealed(reply) if "encrypt_type" in self.queries[-1] else reply

    def sealed(self, xml: str) -> str:
        cipher = self.codec.encrypt(xml)
        signature = self.codec.sign("1763800000", "42", cipher)
        return build_xml(
            {
                "Encrypt": cipher,
                "MsgSignature": signature,
                "TimeStamp": 1763800000,
                "Nonce": "42",
            }
        )


@pytest.fixture
def callback(settings: SimulatorSettings) -> Callback:
    return Callback(Codec(settings.token, settings.encoding_aes_key, settings.app_id))


@pytest.fixture
def callback_app(callback: Callback) -> Starlette:
    return Starlette(routes=[Route("/wechat", callback.__call__, methods=["GET", "POST"])])


BuildApp = Callable[[SimulatorSettings], Starlette]


@pytest.fixture
async def build(callback_app: Starlette, clock: MovingClock) -> AsyncIterator[BuildApp]:
    """Build a simulator whose callback is the fake one, without a socket between."""
    built: list[Starlette] = []

    def make(settings: SimulatorSettings) -> Starlette:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(callback_app))
        app = create_app(settings, clock=clock, http=http)
        built.append(app)
        return app

    yield make
    for app in built:
        await app.state.platform.close()


@pytest.fixture
def app(build: BuildApp, settings: SimulatorSettings) -> Starlette:
    return build(settings)


@pytest.fixture
def platform(app: Starlette) -> Platform:
    value: Platform = app.state.platform
    return value


@pytest.fixture
def patients(app: Starlette) -> PatientSide:
    value: PatientSide = app.state.patients
    return value


@pytest.fixture
async def web(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
        yield client


@asynccontextmanager
async def on_loopback(app: ASGIApp) -> AsyncIterator[str]:
    config = uvicorn.Config(app, ws="none", log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await running


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[ASGIApp], Awaitable[str]]]:
    """Serve an app on an ephemeral port with a real uvicorn; returns its address."""
    async with AsyncExitStack() as stack:

        async def start(app: ASGIApp) -> str:
            return await stack.enter_async_context(on_loopback(app))

        yield start
