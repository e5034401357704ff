"""The canary, the balance and the approvals over our real adapters, against the simulated clouds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from time import sleep

import httpx
import pytest

from channels.delivery import Routes
from channels.receipts import take_receipt
from channels.sms.line import ACCOUNT, CHANNEL
from records import canaries, channel_board
from records.tables import ProviderState
from schedules import canary, watching
from schedules.canary import Perch, send_due
from schedules.polling import poll
from simulator.clock import system_clock
from tests.agent.scene import Village
from tests.channels.sms.clouds import Served, adapter, served

OPERATOR = "+8613900001111"


@pytest.fixture(params=["aliyun", "tencent"])
def cloud(request: pytest.FixtureRequest) -> Iterator[Served]:
    with served(request.param) as one:
        one.begin()
        yield one


@pytest.fixture(autouse=True)
def any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clouds believe only today's signatures, and today may be a night."""
    always = replace(watching.bounds(), canary_from=time.min, canary_until=time.max)
    monkeypatch.setattr(canary, "bounds", lambda: always)


def heard_of(cloud: Served) -> None:
    for _ in range(200):
        if cloud.receipts:
            return
        sleep(0.02)


async def test_a_canary_flies_lands_and_is_heard_of(village: Village, cloud: Served) -> None:
    morning = system_clock()
    async with httpx.AsyncClient() as http:
        routes = Routes({(CHANNEL, ACCOUNT): adapter(cloud.kind, cloud.url, http)})
        perch = Perch(phones=(OPERATOR,))
        assert await send_due(village.database, village.vault, routes, perch, morning) == 1
        [(_, words)] = cloud.arrived
        assert "自检" in words
        await asyncio.to_thread(heard_of, cloud)
        with village.database.transaction() as session:
            for receipt in cloud.receipts:
                take_receipt(session, receipt, morning + timedelta(seconds=3))
        assert await send_due(village.database, village.vault, routes, perch, morning) == 1
        assert await poll(village.database, routes, morning) >= 1
    provider = f"{cloud.kind}:{ACCOUNT}"
    with village.database.reading() as session:
        [bird] = canaries.of_today(session, morning)
        [way] = channel_board.ways(session, (provider,), morning)
        assert session.get_one(ProviderState, provider).last_accepted_at == morning
    assert canaries.verdict(bird, morning) == canaries.GOOD
    assert {one.state for one in way.approvals} == {"approved"}
    assert "canary" in {one.name for one in way.approvals}
