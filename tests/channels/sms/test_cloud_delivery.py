"""From a queued row to the phone over both clouds: who carries what, and what a lost answer costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from channels.delivery import Limits, Routes, deliver_due
from channels.receipts import take_receipt
from records.db import Database
from records.tables import ContactPoint, OutboundMessage
from records.vault import Vault
from simulator.faults import Fault, FaultKind
from simulator.sms_cloud import Fate
from tests.channels.post_office import PHONE, PostOffice
from tests.channels.sms.clouds import NOW, Served, adapter, served

NOTED = "【柳溪卫生院】您报的数收到了，已经记下，医生会看。人不舒服就告诉村医，急病请打120。"


@dataclass
class Line:
    """A person's phone, and the two clouds that may reach it."""

    post: PostOffice
    routes: Routes
    aliyun: Served
    tencent: Served

    def queue(self, purpose: str = "reply", text_key: str = "reading.recorded_ok") -> str:
        post = self.post
        return post.queue(purpose, contact_point_id=post.phone_id, text_key=text_key).id

    async def deliver(self, after: float = 0.0) -> OutboundMessage:
        post = self.post
        at = post.now + timedelta(seconds=after)
        limits = Limits(lanes=1)
        await deliver_due(post.db, post.vault, self.routes, at, 100, limits=limits)
        return post.row()

    async def receipts(self, cloud: Served, count: int) -> None:
        """Take what the cloud pushed, as the webhook does."""
        deadline = time.monotonic() + 5
        while len(cloud.receipts) < count:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        with self.post.db.transaction() as session:
            for receipt in cloud.receipts:
                take_receipt(session, receipt, self.post.now)


@pytest.fixture(scope="module")
def clouds() -> Iterator[tuple[Served, Served]]:
    with served("aliyun") as aliyun, served("tencent") as tencent:
        yield aliyun, tencent


@pytest.fixture
async def line(
    clouds: tuple[Served, Served], sqlite_database: Database, vault: Vault
) -> AsyncIterator[Line]:
    for cloud in clouds:
        cloud.begin()
    aliyun, tencent = clouds
    async with httpx.AsyncClient(trust_env=False) as http:
        carriers = (adapter("aliyun", aliyun.url, http), adapter("tencent", tencent.url, http))
        post = PostOffice(sqlite_database, vault, NOW())
        yield Line(post, Routes({("sms", "main"): carriers}), aliyun, tencent)


async def test_a_reply_goes_as_its_template_and_is_delivered_by_its_receipt(line: Line) -> None:
    line.queue()

    assert (await line.deliver()).state == "accepted"
    await line.receipts(line.aliyun, 1)

    assert line.post.row().state == "delivered"
    assert line.aliyun.arrived == [(PHONE, NOTED)]
    (attempt,) = line.post.tries()
    assert (attempt.provider, attempt.segments) == ("aliyun:main", 1)


async def test_a_send_whose_answer_was_lost_is_not_made_again_and_its_receipt_closes_it(
    line: Line,
) -> None:
    line.aliyun.cloud.faults.add(Fault(FaultKind.DROP))
    line.queue()

    first = await line.deliver()
    await line.deliver(600)
    await line.receipts(line.aliyun, 1)

    assert first.state == "unknown"
    assert line.post.row().state == "delivered"
    assert len(line.aliyun.arrived + line.tencent.arrived) == 1


@pytest.mark.parametrize("trouble", [{"balance": 0}, {"per_day": 0}, {"secret": "changed"}])
async def test_what_the_first_cloud_may_not_send_the_second_one_sends_at_once(
    trouble: dict[str, int | str], line: Line
) -> None:
    line.aliyun.begin(**trouble)
    line.queue()

    assert (await line.deliver()).state == "accepted"
    assert (line.aliyun.arrived, line.tencent.arrived) == ([], [(PHONE, NOTED)])
    assert [one.provider for one in line.post.tries()] == ["aliyun:main", "tencent:main"]


async def test_words_about_danger_whose_answer_was_lost_are_said_again(line: Line) -> None:
    line.aliyun.cloud.faults.add(Fault(FaultKind.DROP))
    line.queue("safety", "safety.heart_attack")

    await line.deliver()
    await line.deliver(60)

    said = line.aliyun.arrived + line.tencent.arrived
    assert len(said) == 2
    assert all("马上打120" in text for _, text in said)


async def test_a_person_who_refuses_our_sms_gets_no_more_of_what_we_start(line: Line) -> None:
    line.aliyun.begin(failure="USER_REJECT")
    line.aliyun.cloud.fates[PHONE] = Fate.FAILED
    line.queue()

    await line.deliver()
    await line.receipts(line.aliyun, 1)

    with line.post.db.reading() as session:
        phone = session.exec(select(ContactPoint).where(ContactPoint.id == line.post.phone_id))
        assert phone.one().stopped_at is not None
    assert line.post.row().state == "channel_closed"
