"""The simulator in a thread, with a callback in another: the way the product's own tests use it."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from simulator import server
from simulator.background import Served, in_thread, serving
from simulator.log import Kind
from simulator.patient import PatientSide
from simulator.settings import SimulatorSettings
from simulator.traffic import Line, send_many


@pytest.fixture
def callback_url(callback_app: Starlette) -> Iterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    with in_thread(callback_app, listening):
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/wechat"


@pytest.fixture
def served(settings: SimulatorSettings, callback_url: str) -> Iterator[Served]:
    with serving(replace(settings, callback_url=callback_url)) as served:
        yield served


def test_a_phone_is_used_over_http_and_the_log_is_read_directly(
    served: Served, callback: Any
) -> None:
    callback.answer("收到")
    with httpx.Client(base_url=served.url, trust_env=False) as web:
        web.post("/phone/o-wang/photo")
        attempts = served.platform.log.entries("o-wang", Kind.ATTEMPT)
        while not list(attempts):
            attempts = served.platform.log.entries("o-wang", Kind.ATTEMPT)
        picture = web.get(callback.received[0]["PicUrl"])
    assert picture.content.startswith(b"\xff\xd8")


async def test_load_past_the_phone_opens_the_window_when_it_is_noted(
    served: Served, settings: SimulatorSettings, callback_url: str
) -> None:
    platform = served.platform
    line = Line(callback_url, settings.app_id, settings.token, settings.encoding_aes_key)
    note = PatientSide(platform).note
    report = await send_many([("o-wang", "血压 165/98")], line, rate=100, before_send=note)
    (inbound,) = platform.log.entries("o-wang", Kind.INBOUND)
    assert inbound.details["msg_id"] == report.acks[0].msg_id
    assert platform.quota.left("o-wang", platform.clock()) == 5


def test_what_is_under_way_is_dropped_when_the_simulator_stops(
    settings: SimulatorSettings,
) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
    with silent, serving(replace(settings, callback_url=url)) as served:
        httpx.post(f"{served.url}/phone/o-wang/text", data={"text": "在吗"}, trust_env=False)
    assert list(served.platform.log.entries("o-wang", Kind.ATTEMPT)) == []


def test_run_serves_one_app_with_its_own_address(
    settings: SimulatorSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def remember(app: Starlette, **options: Any) -> None:
        asked.update(options, url=app.state.platform.settings.public_url)
        asyncio.run(app.state.platform.close())

    monkeypatch.setattr(uvicorn, "run", remember)
    server.run(settings, "127.0.0.1", 8123)
    assert (asked["host"], asked["port"], asked["url"]) == (
        "127.0.0.1",
        8123,
        "http://127.0.0.1:8123",
    )
