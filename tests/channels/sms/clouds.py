"""The two SMS clouds on loopback, with our templates approved, and what stands at their other end."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.port import Letter
from channels.sms.acs3 import AccessKey
from channels.sms.aliyun import Aliyun, AliyunInlet
from channels.sms.inlet import Inlet, Pushed, PushRequest
from channels.sms.tc3 import SecretPair
from channels.sms.tencent import Tencent, TencentInlet
from channels.templates import TemplateId, TemplateIds, registry
from records.outbound import Receipt
from simulator.aliyun import create_aliyun_app
from simulator.background import in_thread
from simulator.clock import system_clock
from simulator.log import Kind
from simulator.sms_cloud import CloudTemplate, SmsCloud, SmsCloudSettings
from simulator.tencent import create_tencent_app

WANG, LI = "+8613800001111", "+8613800002222"
SIGN, APP_ID = "柳溪卫生院", "1400006666"
KEY_ID, SECRET = "LTAI-key-of-a-test", "secret-of-a-test"
NOW = system_clock
_FIRST_ID = 100


def ids_of(kind: str) -> TemplateIds:
    """Every template of the registry, approved."""
    names = enumerate(registry().templates, start=_FIRST_ID)
    prefix = "SMS_" if kind == "aliyun" else ""
    return TemplateIds(
        {kind: {name: TemplateId(f"{prefix}{number}", "approved") for number, name in names}}
    )


def settings_for(kind: str, **changes: Any) -> SmsCloudSettings:
    ids = ids_of(kind).entries[kind]
    made = SmsCloudSettings(
        key_id=KEY_ID,
        secret=SECRET,
        sign_names=frozenset({SIGN}),
        templates={
            ids[entry.name].id: CloudTemplate(entry.as_registered(kind)) for entry in registry()
        },
        app_id=APP_ID,
        push_pauses=(0.0, 0.02, 0.02),
    )
    return replace(made, **changes)


@dataclass
class Served:
    """A simulated cloud that is being served, and where it pushes to."""

    kind: str
    url: str
    cloud: SmsCloud
    app: Starlette
    collector: Collector
    since: int = 0

    @property
    def arrived(self) -> list[tuple[str, str]]:
        entries = self.cloud.log.entries(None, Kind.SMS, after=self.since)
        return [(entry.openid, entry.text) for entry in entries]

    @property
    def receipts(self) -> list[Receipt]:
        return [one for pushed in self.collector.pushed for one in pushed.receipts]

    def begin(self, **changes: Any) -> None:
        """A new account for the next test."""
        self.since = len(self.cloud.log)
        self.collector.pushed.clear()
        self.collector.refuse = 0
        pushed_to = {"push_url": self.collector.url} | changes
        self.cloud.open_account(settings_for(self.kind, **pushed_to))


@contextmanager
def served(kind: str) -> Iterator[Served]:
    cloud = SmsCloud(settings_for(kind))
    app = create_aliyun_app(cloud) if kind == "aliyun" else create_tencent_app(cloud)
    inlet: Inlet = AliyunInlet() if kind == "aliyun" else TencentInlet()
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with collecting(inlet) as collector, in_thread(app, listening):
        yield Served(kind, url, cloud, app, collector)


def adapter(kind: str, url: str, http: httpx.AsyncClient) -> Aliyun | Tencent:
    """Our side of one of them."""
    if kind == "aliyun":
        key = AccessKey(KEY_ID, SECRET)
        return Aliyun(key, SIGN, http, registry(), ids_of(kind), base=url)
    pair = SecretPair(KEY_ID, SECRET)
    return Tencent(pair, APP_ID, SIGN, http, registry(), ids_of(kind), base=url)


def a_letter(name: str = "followup_due", address: str = WANG, **fields: str) -> Letter:
    return Letter(
        "m-1",
        address,
        "这是没有人登记过的话",
        "key-1",
        attempt_id="0192-attempt",
        purpose="reminder",
        template={"name": name, **fields},
    )


@dataclass
class Collector:
    """The product's end of the pushes, in small: reads with an inlet, answers as it says."""

    inlet: Inlet
    url: str = ""
    pushed: list[Pushed] = field(default_factory=list)
    refuse: int = 0

    async def take(self, request: Request) -> Response:
        body = await request.body()
        read = self.inlet.read(PushRequest("POST", str(request.url), {}, {}, body), NOW())
        stored = self.refuse <= 0
        self.refuse -= 1
        if stored:
            self.pushed.append(read)
        answer = self.inlet.answer(ok=stored)
        return Response(answer.body, answer.status, media_type=answer.content_type)


@contextmanager
def collecting(inlet: Inlet) -> Iterator[Collector]:
    collector = Collector(inlet)
    app = Starlette(routes=[Route("/push", collector.take, methods=["POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    collector.url = f"http://127.0.0.1:{listening.getsockname()[1]}/push"
    with in_thread(app, listening):
        yield collector
