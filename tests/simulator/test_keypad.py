"""The phone with keys: SMS from the simulated Aliyun on its screen, answers as a push to the product."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.server import create_app
from simulator.settings import DemoKeypad, SimulatorSettings
from simulator.sms_cloud import CloudTemplate, SmsCloudSettings

NUMBER = "+8613900000012"


class Product:
    """The product's inlet in the hands of a test."""

    def __init__(self) -> None:
        self.pushed: list[Any] = []
        self.well = True

    async def take(self, request: Request) -> Response:
        self.pushed.append(await request.json())
        return JSONResponse({"code": 0, "msg": "ok"}, 200 if self.well else 503)


@pytest.fixture
def product() -> Product:
    return Product()


@pytest.fixture
async def simulator(
    settings: SimulatorSettings, product: Product, serve: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, Starlette]]:
    inlet = Starlette(routes=[Route("/push", product.take, methods=["POST"])])
    sms = SmsCloudSettings(
        key_id="k",
        secret="s",
        sign_names=frozenset({"柳溪卫生院"}),
        templates={"SMS_1": CloudTemplate("您报的数收到了")},
        push_url=f"{await serve(inlet)}/push",
        push_pauses=(0.0, 0.0),
    )
    keypad = DemoKeypad(NUMBER, "张守田", "河口村", "74岁，高血压")
    app = create_app(replace(settings, sms=sms, keypads=(keypad,)))
    address = await serve(app)
    async with httpx.AsyncClient(base_url=address, trust_env=False) as web:
        yield web, app


async def test_the_list_shows_who_has_a_phone_with_keys(
    simulator: tuple[httpx.AsyncClient, Starlette],
) -> None:
    web, _ = simulator
    page = (await web.get("/")).text

    assert "老年机" in page
    assert f'href="/keypad/{NUMBER}"' in page


async def test_what_is_texted_reaches_the_product_and_stands_on_the_screen(
    simulator: tuple[httpx.AsyncClient, Starlette], product: Product
) -> None:
    web, app = simulator
    answer = await web.post(f"/keypad/{NUMBER}/text", data={"text": " 135 85 "})
    await app.state.platform.log.until(lambda log: any(one.kind == "push" for one in log))

    assert answer.status_code == 303
    ((entry,),) = product.pushed
    assert (entry["phone_number"], entry["content"]) == ("13900000012", "135 85")
    page = (await web.get(f"/keypad/{NUMBER}")).text
    assert "135 85" in page
    assert "推送上行第 1 次：已确认" in page
    assert "正在发送" not in page


async def test_a_message_that_nobody_took_says_so(
    simulator: tuple[httpx.AsyncClient, Starlette], product: Product
) -> None:
    web, app = simulator
    product.well = False
    headers = {"accept": "application/json"}
    await web.post(f"/keypad/{NUMBER}/text", data={"text": "135 85"}, headers=headers)
    await app.state.platform.log.until(lambda log: sum(one.kind == "push" for one in log) == 2)

    assert "没有发出去" in (await web.get(f"/keypad/{NUMBER}/messages")).text


async def test_an_empty_text_sends_nothing(
    simulator: tuple[httpx.AsyncClient, Starlette], product: Product
) -> None:
    web, _ = simulator
    await web.post(f"/keypad/{NUMBER}/text", data={"text": "  "})

    assert product.pushed == []


async def test_the_feed_brings_only_what_changed(
    simulator: tuple[httpx.AsyncClient, Starlette],
) -> None:
    web, app = simulator
    app.state.sms.deliver(NUMBER, "【柳溪卫生院】您报的数收到了", [], template="SMS_1")
    first = (await web.get(f"/keypad/{NUMBER}/feed?version=0")).json()
    await app.state.platform.log.until(lambda log: any(one.kind == "push" for one in log))
    then = (await web.get(f"/keypad/{NUMBER}/feed?version={first['version']}")).json()
    again = await web.get(f"/keypad/{NUMBER}/feed?version={then['version']}")

    assert "【柳溪卫生院】您报的数收到了" in first["chat"]
    assert "推送回执" in then["line"]
    assert again.status_code == 204


async def test_a_phone_that_nobody_has_is_not_found(
    simulator: tuple[httpx.AsyncClient, Starlette],
) -> None:
    web, _ = simulator

    assert (await web.get("/keypad/+8613900000099")).status_code == 404
