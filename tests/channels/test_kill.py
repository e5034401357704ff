"""kill -9, twenty times, while four hundred messages go out by WeChat and SMS and receipts come back.

Nothing vanishes, nobody gets a routine message twice, order is kept, and whatever is in doubt is seen.
The judges are the simulated providers' own logs.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlmodel import Session, col, select

from channels.reception import Reception
from channels.sms.twilio import TwilioInlet
from channels.sms.webhook import Door, Pushes, router
from records import messages, outbound
from records.db import Database
from records.messages import Address
from records.tables import ContactPoint, DeliveryAttempt, OutboundMessage
from records.vault import Vault
from simulator.faults import Fault, FaultKind
from simulator.log import Kind
from simulator.platform import Platform
from simulator.server import create_app
from simulator.twilio import Twilio, TwilioSettings, create_twilio_app
from tests.channels.delivering import ACCOUNT_SID, AUTH_TOKEN, SENDER
from tests.channels.world import a_contact, a_port, a_roster, a_settings, on_loopback, queue

ROOT = Path(__file__).parents[2]
PHONES, CHATS, EACH, KILLS = 20, 20, 10, 20
MESSAGES = (PHONES + CHATS) * EACH
# Between two kills so many texts arrive; the last kill falls before the last text.
STEP = MESSAGES // (KILLS + 2)
SAFETY_EVERY = 10
HOW_LONG_A_CALL = 0.05

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Judges:
    """The two providers, with their logs, and the addresses of everything."""

    wechat: Platform
    sms: Twilio
    urls: tuple[str, ...]

    def arrived(self) -> list[tuple[str, str]]:
        """Who got which text, in the order each got them."""
        chats = self.wechat.log.entries(None, Kind.CUSTOM)
        phones = self.sms.log.entries(None, Kind.SMS)
        return [(one.openid, one.text) for one in (*chats, *phones)]


@pytest.fixture
async def judges(database: Database, vault: Vault) -> AsyncIterator[Judges]:
    """Both simulated providers, and our webhook for receipts: only the workers are killed."""
    ours, our_url = a_port()
    chats, chats_url = a_port()
    phones, phones_url = a_port()
    push_url = f"{our_url}/sms/twilio"
    platform = create_app(replace(a_settings(), open_to_all=True))
    settings = TwilioSettings(ACCOUNT_SID, AUTH_TOKEN, frozenset({SENDER}), push_url)
    service = Twilio(settings)
    doors = {"twilio": Door(TwilioInlet(ACCOUNT_SID, AUTH_TOKEN))}
    product = FastAPI()
    product.include_router(router(Pushes(doors, database, Reception(vault, a_roster), clock)))
    slow = Fault(FaultKind.LATENCY, times=None, seconds=HOW_LONG_A_CALL)
    platform.state.platform.faults.add(replace(slow, path="/cgi-bin/message/custom/send"))
    service.faults.add(replace(slow, path="Messages"))
    served = (product, ours), (platform, chats), (create_twilio_app(service), phones)
    async with on_loopback(*served):
        yield Judges(platform.state.platform, service, (chats_url, phones_url, push_url))


def clock() -> datetime:
    """The workers are processes with a real clock."""
    return datetime.now(UTC)  # noqa: TID251


def addresses() -> list[tuple[str, str]]:
    chats = [("wechat", f"o-{number:02d}") for number in range(CHATS)]
    return chats + [("sms", f"+861380000{number:04d}") for number in range(PHONES)]


def fill(session: Session, vault: Vault, now: datetime) -> None:
    """Everybody is to hear numbered texts; every tenth of all is a safety text."""
    for place, (channel, address) in enumerate(addresses()):
        contact = _contact(session, vault, now, channel, address)
        for number in range(EACH):
            count = place * EACH + number
            queue(
                session,
                vault,
                now + timedelta(microseconds=count),
                contact_point_id=contact.id,
                purpose=_purpose(place, number),
                body=f"{number}",
            )


def _contact(
    session: Session, vault: Vault, now: datetime, channel: str, address: str
) -> ContactPoint:
    if channel == "wechat":
        return a_contact(session, vault, now, address, window_left=500)
    return messages.ensure_contact_point(session, vault, Address("sms", "main", address), now)


def _purpose(place: int, number: int) -> str:
    return "safety" if number == place % SAFETY_EVERY else "reply"


@dataclass
class Workers:
    """Processes that deliver: forked within milliseconds, killed without a warning."""

    nurse: subprocess.Popen[str]
    pids: list[int] = field(default_factory=list)

    def start(self) -> None:
        assert self.nurse.stdin is not None
        assert self.nurse.stdout is not None
        self.nurse.stdin.write("\n")
        self.nurse.stdin.flush()
        self.pids.append(int(self.nurse.stdout.readline()))

    def kill_eldest(self) -> None:
        os.kill(self.pids.pop(0), signal.SIGKILL)


@contextmanager
def workers_on(database_url: str, judges: Judges) -> Iterator[Workers]:
    command = [sys.executable, "-m", "tests.channels.delivering", database_url, *judges.urls]
    pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=quiet, text=True
    ) as nurse:
        workers = Workers(nurse)
        try:
            yield workers
        finally:
            while workers.pids:
                workers.kill_eldest()


async def until(happened: Callable[[], bool], within: float, otherwise: str) -> None:
    loop = asyncio.get_running_loop()
    ends = loop.time() + within
    while not happened():
        assert loop.time() < ends, otherwise
        await asyncio.sleep(0.05)


async def test_twenty_kills_lose_nothing_and_repeat_nothing_routine(
    database: Database, vault: Vault, judges: Judges
) -> None:
    with database.transaction() as session:
        fill(session, vault, clock())
    with workers_on(database.url, judges) as workers:
        workers.start()
        workers.start()
        for number in range(1, KILLS + 1):
            await until(lambda: len(judges.arrived()) >= STEP * number, 60, "nothing moves")  # noqa: B023
            workers.kill_eldest()
            workers.start()
        await until(lambda: not _open(database), 60, "something was never settled")
        await until(lambda: _confirmed(database, vault, judges), 20, "a receipt was lost")
    _judge(database, vault, judges)


def _open(db: Database) -> bool:
    query = select(OutboundMessage.id).where(col(OutboundMessage.state).in_(["queued", "sending"]))
    with db.reading() as session:
        return session.exec(query).first() is not None


def _rows(db: Database, vault: Vault) -> dict[tuple[str, str], OutboundMessage]:
    """Each message by whom it is for and what it says."""
    query = select(OutboundMessage, ContactPoint).join(
        ContactPoint, col(ContactPoint.id) == col(OutboundMessage.contact_point_id)
    )
    with db.reading() as session:
        return {
            (messages.address_of(vault, contact), outbound.text_of(vault, row)): row
            for row, contact in session.exec(query).all()
        }


def _confirmed(db: Database, vault: Vault, judges: Judges) -> bool:
    """Every SMS that is on a phone is known to be there, however its sender died."""
    rows = _rows(db, vault)
    seen = {(one.openid, one.text) for one in judges.sms.log.entries(None, Kind.SMS)}
    return all(rows[words].state == "delivered" for words in seen)


def _judge(db: Database, vault: Vault, judges: Judges) -> None:
    rows = _rows(db, vault)
    arrived = Counter(judges.arrived())
    assert len(rows) == MESSAGES
    assert arrived.keys() <= rows.keys()
    states = Counter(row.state for row in rows.values())
    assert set(states) <= {"accepted", "delivered", "unknown"}, states
    doubled = [words for words, count in arrived.items() if count > 1]
    assert all(rows[words].purpose == "safety" for words in doubled), "a routine text came twice"
    for words, row in rows.items():
        assert words in arrived or row.state == "unknown", "a text vanished without a trace"
        assert words in arrived or row.purpose != "safety", "a safety text never arrived"
    _keeps_order(judges, rows)
    with db.reading() as session:
        lost = select(DeliveryAttempt).where(DeliveryAttempt.code == "worker_lost")
        assert len(session.exec(lost).all()) >= KILLS // 4, "the kills must have hit calls"


def _keeps_order(judges: Judges, rows: dict[tuple[str, str], OutboundMessage]) -> None:
    for _, address in addresses():
        said = [text for who, text in judges.arrived() if who == address]
        routine = [int(text) for text in said if rows[address, text].purpose == "reply"]
        assert routine == sorted(routine), "the order of a conversation was lost"
