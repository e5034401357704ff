"""Our gateway against a real Kannel and an SMS centre nobody here wrote: out, back, killed, restarted."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from channels.delivery import Limits, Routes, deliver_due
from channels.reception import Reception
from channels.sms.kannel import KannelGateway, KannelInlet
from channels.sms.webhook import Door, Pushes, router
from records import messages
from records.db import Database
from records.tables import (
    ContactPoint,
    InboundMessage,
    OutboundMessage,
    Task,
)
from records.vault import Vault
from tests.channels.sms.kannel_boxes import (
    PASSWORD,
    PHONE,
    SENDER,
    TOKEN,
    USER,
    Kannel,
    missing_here,
)
from tests.channels.world import (
    MovingClock,
    a_contact,
    attempts,
    on_loopback,
    outbound_rows,
    queue,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def kannel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kannel]:
    missing_here()
    made = Kannel(tmp_path_factory.mktemp("kannel"))
    yield made
    made.close()


@dataclass
class Line:
    """Our side: the webhook on its port, the gateway, and the rows."""

    kannel: Kannel
    db: Database
    vault: Vault
    clock: MovingClock
    gateway: KannelGateway
    app: FastAPI

    def serving(self) -> AbstractAsyncContextManager[None]:
        """Our web process, while it lives."""
        listening = socket.create_server(("127.0.0.1", self.kannel.web_port))
        return on_loopback((self.app, listening))

    async def say(self, body: str, **changes: object) -> OutboundMessage:
        with self.db.transaction() as session:
            known = session.exec(select(ContactPoint)).first()
            contact = known or a_contact(
                session, self.vault, self.clock.now, PHONE, channel="sms", account="main"
            )
            queue(
                session,
                self.vault,
                self.clock.now,
                body=body,
                contact_point_id=contact.id,
                **changes,
            )
        await self.deliver()
        return self.rows()[-1]

    async def deliver(self) -> None:
        routes = Routes({("sms", "main"): self.gateway})
        await deliver_due(self.db, self.vault, routes, self.clock.now, limits=Limits(lanes=1))

    def rows(self) -> list[OutboundMessage]:
        return outbound_rows(self.db)

    @property
    def carried(self) -> list[str]:
        """What reached the carrier, in the order it came."""
        return [submit["text"] for submit in self.kannel.carrier.submits]

    def came_in(self) -> list[str]:
        with self.db.reading() as session:
            rows = session.exec(select(InboundMessage).order_by(InboundMessage.id)).all()
            return [messages.text_of(self.vault, row) for row in rows]

    def tasks(self) -> list[tuple[str, str]]:
        with self.db.reading() as session:
            return [(task.kind, task.reason) for task in session.exec(select(Task)).all()]

    def contact(self) -> ContactPoint:
        with self.db.reading() as session:
            return session.exec(select(ContactPoint)).one()


@pytest.fixture
async def line(
    kannel: Kannel,
    sqlite_database: Database,
    vault: Vault,
    clock: MovingClock,
    reception: Reception,
) -> AsyncIterator[Line]:
    kannel.carrier.lines.clear()
    kannel.carrier.tell(receipts={"stat": "DELIVRD", "err": "000", "after": 30, "copies": 1})
    app = FastAPI()
    door = Door(KannelInlet(), TOKEN)
    app.include_router(router(Pushes({"kannel": door}, sqlite_database, reception, clock)))
    async with httpx.AsyncClient(trust_env=False) as http:
        gateway = KannelGateway(
            http, kannel.url, USER, PASSWORD, kannel.push_url, SENDER, "carrier"
        )
        yield Line(kannel, sqlite_database, vault, clock, gateway, app)


async def until(happened: Callable[[], object], within: float = 6.0) -> None:
    """Wait for something, or fail."""
    for _ in range(int(within / 0.02)):
        if happened():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it did not happen in time")


def _settled(line: Line) -> bool:
    return line.rows()[-1].state not in {"queued", "sending", "accepted"}


async def test_what_reaches_the_phone_is_delivered_in_our_rows(line: Line) -> None:
    async with line.serving():
        await line.say("请按时量血压，谢谢。")
        await until(lambda: _settled(line))
    assert line.rows()[0].state == "delivered"
    assert attempts(line.db)[0].provider_id == attempts(line.db)[0].id
    [submit] = line.kannel.carrier.submits
    assert (submit["text"], submit["from"], submit["data_coding"]) == (
        "请按时量血压，谢谢。",
        SENDER,
        8,
    )
    assert submit["to"] == PHONE.removeprefix("+")
    assert submit["validity"], "the carrier is not told how long the words hold"


@pytest.mark.parametrize(
    ("stat", "code", "stopped"),
    [("UNDELIV", "2/UNDELIV/011", False), ("MBBLACK", "2/MBBLACK/011", True)],
)
async def test_what_does_not_reach_the_phone_becomes_a_call(
    line: Line, stat: str, code: str, stopped: bool
) -> None:
    line.kannel.carrier.tell(receipts={"stat": stat, "err": "011"})
    async with line.serving():
        await line.say("请回电话。", purpose="doctor")
        await until(lambda: _settled(line))
    assert (line.rows()[0].state, line.rows()[0].reason) == ("channel_closed", code)
    assert [kind for kind, _ in line.tasks()] == ["call"]
    assert (line.contact().stopped_at is not None) == stopped


async def test_what_the_carrier_refuses_becomes_a_call(line: Line) -> None:
    line.kannel.carrier.tell(refuse=11)
    async with line.serving():
        await line.say("请回电话。", purpose="doctor")
        await until(lambda: _settled(line))
    assert (line.rows()[0].state, line.rows()[0].reason) == ("channel_closed", "16/0x0000000b")
    assert [kind for kind, _ in line.tasks()] == ["call"]


async def test_a_receipt_may_come_twice_or_for_nobodys_message(line: Line) -> None:
    line.kannel.carrier.tell(receipts={"copies": 2})
    line.kannel.carrier.tell(
        receipt={"id": "f00", "from": SENDER, "to": PHONE[1:], "stat": "UNDELIV"}
    )
    async with line.serving():
        await line.say("记下了。")
        await until(lambda: _settled(line))
        attempt = attempts(line.db)[0].id
        async with httpx.AsyncClient(trust_env=False) as http:
            for query in (
                f"attempt={attempt}&status=1",
                f"attempt={attempt}&status=2",
                "attempt=x&status=1",
            ):
                assert (await http.get(f"{line.kannel.push_url}?{query}")).status_code == 200
    assert [row.state for row in line.rows()] == ["delivered"]
    assert line.tasks() == []


async def test_a_long_message_arrives_whole_and_no_sign_is_cut(line: Line) -> None:
    body = "血" * 66 + "😀" + "压" * 65 + "𠮷好，" + "您慢慢说。\n" * 12
    async with line.serving():
        await line.say(body)
        await until(lambda: _settled(line))
    assert line.rows()[0].state == "delivered"
    [submit] = line.kannel.carrier.submits
    assert submit["text"].replace(" ", "") == body
    assert len(submit["parts"]) == 4
    for part in submit["parts"]:
        part.encode("utf-8")


async def test_what_a_patient_writes_arrives_sign_for_sign_in_every_charset(line: Line) -> None:
    said = ["血压165/98，头有点晕😀　想问问", "165 98_@", "头晕，难受165", "头晕，没劲"]
    came: list[dict[str, object]] = [
        {"text": said[0]},
        {"hex": said[1].encode().hex(), "coding": 0},
        {"hex": said[2].encode("gbk").hex(), "coding": 0},
        {"hex": said[3].encode("gbk").hex(), "coding": 15},
    ]
    async with line.serving():
        for how in came:
            line.kannel.carrier.tell(deliver={"from": PHONE[1:], "to": SENDER, **how})
        await until(lambda: len(line.came_in()) == len(said))
    assert sorted(line.came_in()) == sorted(said)
    assert messages.address_of(line.vault, line.contact()) == PHONE


async def test_who_writes_of_danger_is_told_at_once_what_to_do(line: Line) -> None:
    said = "高压190低压115，头痛得厉害，看东西模糊"
    async with line.serving():
        line.kannel.carrier.tell(deliver={"from": PHONE[1:], "to": SENDER, "text": said})
        await until(line.came_in)
        await line.deliver()
        await until(lambda: line.carried and _settled(line))
    [told] = line.carried
    assert "120" in told
    assert [(row.purpose, row.state) for row in line.rows()] == [("safety", "delivered")]


async def test_a_patients_long_message_is_one_message(line: Line) -> None:
    said = "大夫，我今天早上起来量的" * 12 + "完"
    async with line.serving():
        line.kannel.carrier.tell(
            deliver={"from": PHONE[1:], "to": SENDER, "text": said, "parts": 3}
        )
        await until(line.came_in)
    assert line.came_in() == [said]


async def test_while_we_are_away_patients_get_no_word_of_kannels(line: Line) -> None:
    line.kannel.carrier.tell(deliver={"from": PHONE[1:], "to": SENDER, "text": "有人吗"})
    await asyncio.sleep(0.5)
    async with line.serving():
        await until(line.came_in)
        await asyncio.sleep(0.2)
    assert line.came_in() == ["有人吗"]
    assert line.carried == []


async def test_while_smsbox_rests_everything_waits_on_the_disk(line: Line) -> None:
    kannel = line.kannel
    kannel.carrier.tell(receipts={"after": 800})
    said = await line.say("记得量血压。")
    await until(lambda: line.carried)
    kannel.kill("smsbox")
    kannel.carrier.tell(deliver={"from": PHONE[1:], "to": SENDER, "text": "量过了"})
    await asyncio.sleep(1)
    kannel.kill("bearerbox")
    kannel.carrier.lines.clear()
    async with line.serving():
        await asyncio.to_thread(kannel.start)
        await until(lambda: line.came_in() and _settled(line))
    assert line.came_in() == ["量过了"]
    assert (said.state, line.rows()[0].state, line.carried) == ("accepted", "delivered", [])


async def test_a_carrier_that_was_down_gets_it_once(line: Line) -> None:
    line.kannel.carrier.kill()
    async with line.serving():
        said = await line.say("明天记得量血压。")
        await line.say("后天也是。")
        assert (said.state, attempts(line.db)[0].code) == ("accepted", "202/3")
        line.clock.move(minutes=10)
        await line.deliver()
        await asyncio.to_thread(line.kannel.restart_carrier)
        await until(lambda: [row.state for row in line.rows()] == ["delivered"] * 2)
    assert sorted(line.carried) == ["后天也是。", "明天记得量血压。"]


async def test_a_killed_gateway_is_unsure_then_absent_then_forgets_nothing(line: Line) -> None:
    kannel = line.kannel
    kannel.carrier.kill()
    await line.say("先存着。")
    os.kill(kannel.pid("bearerbox"), signal.SIGSTOP)
    stuck = asyncio.create_task(line.say("说一半。"))
    await until(lambda: any(one.result is None for one in attempts(line.db)))
    await asyncio.sleep(0.3)
    kannel.kill("bearerbox")
    assert (await stuck).state == "unknown"
    kannel.kill("smsbox")
    assert (await line.say("没人接。")).state == "queued"
    async with line.serving():
        await asyncio.to_thread(kannel.restart_carrier)
        await asyncio.to_thread(kannel.start)
        line.clock.now += timedelta(minutes=1)
        await line.deliver()
        await until(
            lambda: [row.state for row in line.rows()] == ["delivered", "unknown", "delivered"]
        )
    assert sorted(line.carried) == ["先存着。", "没人接。"]


async def test_kannels_own_logs_hold_no_number_and_no_words(line: Line) -> None:
    async with line.serving():
        await line.say("只给您一个人看的话。")
        await until(lambda: _settled(line))
    assert list(line.kannel.folder.glob("*.log"))
    for hidden in (PHONE[1:], PASSWORD, TOKEN, "只给您一个人看的话"):
        assert hidden not in line.kannel.logs
