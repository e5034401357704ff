"""kill -9 in the middle of sending: nothing vanishes, no routine text arrives twice, order is kept."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from records.db import Database
from records.tables import DeliveryAttempt, OutboundMessage
from records.vault import Vault
from simulator.faults import Fault, FaultKind
from simulator.log import Kind
from simulator.platform import Platform
from simulator.server import create_app
from tests.channels.world import APP_ID, SECRET, a_contact, a_port, a_settings, on_loopback, queue

ROOT = Path(__file__).parents[2]
PATIENTS, EACH, ROUNDS = 20, 6, 5

pytestmark = pytest.mark.slow


@pytest.fixture
async def platform() -> AsyncIterator[tuple[Platform, str]]:
    listening, url = a_port()
    app = create_app(replace(a_settings(), open_to_all=True))
    async with on_loopback((app, listening)):
        yield app.state.platform, url


def start(database_url: str, platform_url: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.channels.delivering"]
    command += [database_url, platform_url, APP_ID, SECRET]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet, env=os.environ)


def fill(session: Session, vault: Vault, now: datetime) -> None:
    """Each patient is to hear six numbered texts; every tenth is a safety text."""
    for patient in range(PATIENTS):
        openid = f"o-{patient}"
        contact = a_contact(session, vault, now, openid, window_left=500)
        for number in range(EACH):
            count = patient * EACH + number
            queue(
                session,
                vault,
                now + timedelta(microseconds=count),
                contact_point_id=contact.id,
                purpose="safety" if count % 10 == 0 else "reply",
                body=f"{number}",
            )


async def until_settled(db: Database) -> None:
    query = select(OutboundMessage.id).where(col(OutboundMessage.state).in_(["queued", "sending"]))
    for _ in range(600):
        with db.reading() as session:
            if session.exec(query).first() is None:
                return
        await asyncio.sleep(0.1)
    pytest.fail("something was never settled")


async def seen(simulated: Platform, count: int) -> None:
    await simulated.log.until(lambda log: len(log) >= count, within=60)


async def test_kills_in_the_middle_of_sending_lose_nothing_and_repeat_nothing_routine(
    database: Database, vault: Vault, platform: tuple[Platform, str]
) -> None:
    simulated, platform_url = platform
    simulated.faults.add(
        Fault(FaultKind.LATENCY, "/cgi-bin/message/custom/send", times=None, seconds=0.1)
    )
    now = datetime.now(UTC)  # noqa: TID251 - the workers are processes with a real clock
    with database.transaction() as session:
        fill(session, vault, now)
    workers = [start(database.url, platform_url) for _ in range(2)]
    try:
        for number in range(1, ROUNDS + 1):
            await seen(simulated, 14 * number)
            for worker in workers:
                worker.kill()
                worker.wait()
            workers = [start(database.url, platform_url) for _ in range(2)]
        await until_settled(database)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    _judge(database, simulated)


def _judge(database: Database, simulated: Platform) -> None:
    """The simulator's own log says what arrived; our rows must agree with it."""
    with database.reading() as session:
        rows = session.exec(select(OutboundMessage)).all()
        tries = session.exec(select(DeliveryAttempt)).all()
    states = Counter(row.state for row in rows)
    assert set(states) <= {"accepted", "unknown"}, states
    arrived = Counter((e.openid, e.text) for e in simulated.log.entries(None, Kind.CUSTOM))
    safety = {(f"o-{n // EACH}", f"{n % EACH}") for n in range(PATIENTS * EACH) if n % 10 == 0}
    doubled = {words for words, count in arrived.items() if count > 1}
    assert doubled <= safety, "a routine text arrived twice"
    assert safety <= arrived.keys(), "a safety text never arrived"
    missing = PATIENTS * EACH - len(arrived)
    assert missing <= states["unknown"], "a text vanished without a visible trace"
    for patient in range(PATIENTS):
        openid = f"o-{patient}"
        routine = [
            int(e.text)
            for e in simulated.log.entries(openid, Kind.CUSTOM)
            if (openid, e.text) not in safety
        ]
        assert routine == sorted(routine), "the order of a conversation was lost"
    hit = sum(attempt.code == "worker_lost" for attempt in tries)
    assert hit >= ROUNDS, "the kills must have hit calls that were under way"
