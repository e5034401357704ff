"""The platform broken on purpose, over a real connection."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from simulator.faults import Fault, FaultKind, Faults
from simulator.patient import PatientSide
from simulator.platform import Platform

CLIENT = {
    "grant_type": "client_credential",
    "appid": "wx5823bf96d3bd56c7",
    "secret": "not-a-secret",
}
CUSTOM = "/cgi-bin/message/custom/send"
TEXT = '{"touser": "o-wang", "msgtype": "text", "text": {"content": "记下了"}}'


@pytest.fixture
async def wire(serve: Any, app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=await serve(app), trust_env=False) as client:
        answer = await client.post("/cgi-bin/stable_token", json=CLIENT)
        client.params = client.params.set("access_token", answer.json()["access_token"])
        yield client


@pytest.fixture
async def send(wire: httpx.AsyncClient, patients: PatientSide) -> Any:
    await patients.say("o-wang", "血压 165/98")

    async def call(within: float = 2.0) -> httpx.Response:
        return await wire.post(CUSTOM, content=TEXT, timeout=within)

    return call


async def test_a_busy_platform_answers_once_with_minus_one_and_does_nothing(
    send: Any, wire: httpx.AsyncClient, platform: Platform
) -> None:
    await wire.post("/faults", json={"kind": "error", "errcode": -1, "path": CUSTOM})
    assert (await send()).json() == {"errcode": -1, "errmsg": "system error"}
    assert platform.log.texts_seen("o-wang") == []
    assert (await send()).json()["errcode"] == 0


async def test_a_used_up_day_lasts_until_it_is_cleared(
    send: Any, wire: httpx.AsyncClient, platform: Platform
) -> None:
    await wire.post("/faults", json={"kind": "error", "errcode": 45009, "times": None})
    assert [(await send()).json()["errcode"] for _ in range(3)] == [45009] * 3
    await wire.delete("/faults")
    assert (await send()).json()["errcode"] == 0


async def test_a_slow_platform_answers_late_but_well(send: Any, platform: Platform) -> None:
    platform.faults.add(Fault(FaultKind.LATENCY, seconds=0.1))
    started = time.perf_counter()
    assert (await send()).json()["errcode"] == 0
    assert time.perf_counter() - started >= 0.1


async def test_garbage_is_a_page_with_status_200(send: Any, platform: Platform) -> None:
    platform.faults.add(Fault(FaultKind.GARBAGE))
    answer = await send()
    assert answer.status_code == 200
    assert answer.text.startswith("<html>")


async def test_a_hanging_platform_never_answers_and_does_nothing(
    send: Any, platform: Platform
) -> None:
    platform.faults.add(Fault(FaultKind.HANG))
    with pytest.raises(httpx.ReadTimeout):
        await send(within=0.1)
    assert platform.log.texts_seen("o-wang") == []


async def test_a_dropped_connection_loses_the_answer_but_not_the_message(
    send: Any, platform: Platform
) -> None:
    platform.faults.add(Fault(FaultKind.DROP))
    with pytest.raises(httpx.RemoteProtocolError):
        await send()
    assert platform.log.texts_seen("o-wang") == ["记下了"]


async def test_only_the_api_is_broken_not_the_test_bench(
    wire: httpx.AsyncClient, platform: Platform
) -> None:
    platform.faults.add(Fault(FaultKind.ERROR, times=None))
    assert (await wire.get("/log")).json() == {"entries": []}


def test_a_fault_for_one_path_leaves_the_others_alone() -> None:
    faults = Faults()
    faults.add(Fault(FaultKind.HANG, path=CUSTOM, times=2))
    assert faults.take("/cgi-bin/token") is None
    assert [faults.take(CUSTOM) is not None for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("body", [{}, {"kind": "dance"}, {"kind": "hang", "colour": "red"}])
async def test_an_unknown_fault_is_refused(
    web: httpx.AsyncClient, platform: Platform, body: Any
) -> None:
    assert (await web.post("/faults", json=body)).status_code == 422
    assert platform.faults.take(CUSTOM) is None


async def test_the_log_can_be_read_from_another_process(
    wire: httpx.AsyncClient, patients: PatientSide
) -> None:
    await patients.say("o-wang", "血压 165/98")
    entries = (await wire.get("/log", params={"openid": "o-wang"})).json()["entries"]
    assert [entry["kind"] for entry in entries] == ["inbound", "attempt"]
    later = await wire.get("/log", params={"after": entries[0]["seq"]})
    assert [entry["kind"] for entry in later.json()["entries"]] == ["attempt"]


async def test_the_callback_can_be_verified_on_request(wire: httpx.AsyncClient) -> None:
    assert (await wire.post("/verify")).json() == {"verified": True}
