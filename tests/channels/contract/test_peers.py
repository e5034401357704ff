"""Against something that takes messages for real: each arrives once, whole, at the right address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from channels.port import Channel, Letter, Result, SendOutcome
from records.db import Database
from records.vault import Vault
from tests.channels.contract.bench import Bench, Peer, Place
from tests.channels.contract.benches import BENCHES
from tests.channels.sms.clouds import NOW

# Long enough for three parts of an SMS and short enough for every platform, with an emoji at a seam.
LONG = "早上起床后坐着歇五分钟再量血压,量两次都写给我。" * 2 + "好" * 19 + "😀" + "再量一次。" * 12
WORDS = ("您好,血压记下了。", "记下了😀👨‍👩‍👧", "𠮷田奶奶:吃药了吗?\n还有别的吗?", LONG)
LATER = pytest.mark.slow


@dataclass(frozen=True)
class Line:
    """An adapter that is connected to its peer."""

    bench: Bench
    channel: Channel
    peer: Peer

    async def say(self, **changes: object) -> SendOutcome:
        letter: Letter = replace(self.bench.letter, **changes)  # type: ignore[arg-type]
        outcome: SendOutcome = await self.bench.send(self.channel)(letter, NOW())
        return outcome

    async def arrived(self, count: int) -> list[tuple[str, str]]:
        """What the peer has, once there is so much of it: a gateway takes its time."""
        for _ in range(150):
            if len(self.peer.arrived()) >= count:
                break
            await asyncio.sleep(0.02)
        return list(self.peer.arrived())


@pytest.fixture(
    params=[pytest.param(one, id=one.name, marks=[LATER] * one.slow) for one in BENCHES]
)
async def line(
    request: pytest.FixtureRequest, sqlite_database: Database, vault: Vault, tmp_path: Path
) -> AsyncIterator[Line]:
    bench: Bench = request.param
    with bench.peer(tmp_path) as peer:
        async with httpx.AsyncClient(trust_env=False) as http:
            place = Place(peer.url, http, sqlite_database, vault)
            yield Line(bench, bench.build(place), peer)


async def test_each_text_arrives_once_as_it_was_written(line: Line) -> None:
    """Emoji of several signs, rare hanzi, line breaks, and what is longer than one SMS."""
    for number, body in enumerate(WORDS):
        outcome = await line.say(body=body, attempt_id=f"try-{number}", send_key=f"key-{number}")
        assert outcome.result is Result.ACCEPTED, outcome
        assert bool(outcome.provider_id) is line.bench.has_id
    expected = [line.bench.text_of(replace(line.bench.letter, body=body)) for body in WORDS]
    arrived = await line.arrived(len(WORDS))
    assert sorted(text for _, text in arrived) == sorted(expected)
    assert {address for address, _ in arrived} == {line.bench.letter.address}


async def test_no_two_messages_have_one_id(line: Line) -> None:
    said = [await line.say(attempt_id=f"try-{n}", body=f"第{n}条") for n in range(5)]
    ids = [one.provider_id for one in said]
    assert len(set(ids)) == (5 if line.bench.has_id else 1)
    assert len(await line.arrived(5)) == 5


async def test_one_number_may_be_written_in_two_ways(line: Line) -> None:
    if line.bench.same_phone is None:
        assert not line.bench.letter.address.startswith("+")
        return
    await line.say(address=line.bench.same_phone)
    assert [address for address, _ in await line.arrived(1)] == [line.bench.letter.address]


async def test_what_is_no_address_gets_nothing(line: Line) -> None:
    outcome = await line.say(address=line.bench.no_phone or "no such address")
    if not line.bench.checks_address:
        assert outcome.result is Result.ACCEPTED
        return
    assert outcome.result in {Result.NEVER, Result.CHANNEL_CLOSED}, outcome
    assert line.peer.arrived() == []


async def test_nothing_of_a_message_stands_in_the_log_or_in_the_adapter(line: Line) -> None:
    with capture_logs() as log:
        outcome = await line.say()
    said = repr(log) + repr(outcome) + repr(line.channel)
    assert await line.arrived(1)
    for hidden in line.bench.secrets:
        assert hidden not in said
    for hidden in line.bench.hidden:
        assert hidden not in repr(log)
