"""The modem's adapter against a real gammu-smsd with its dummy modem."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from channels.delivery import Limits, Routes, deliver_due
from channels.port import Collected
from channels.reception import Reception, Watch
from channels.sms.gammu import GammuModem
from records import messages, outbound
from records.db import Database
from records.identity import new_id
from records.messages import Address
from records.outbound import Draft
from records.tables import InboundMessage, OutboundMessage
from records.vault import Vault
from schedules.collecting import collect_from
from tests.channels.sms.daemon import Daemon, needed

WANG = "+8613800001111"
LONG = "".join(f"第{number}天的血压请早上起床后坐着量,量两次都写给我。😀" for number in range(8))
PEACELESS = Limits(fuse=1000)
WITHIN = 8.0

pytestmark = pytest.mark.slow


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    needed()
    made = Daemon(tmp_path)
    yield made
    made.kill()


@pytest.fixture
def modem(daemon: Daemon) -> GammuModem:
    return GammuModem(daemon.folder)


@pytest.fixture
def reception(vault: Vault) -> Reception:
    return Reception(vault, lambda *_: Watch(on_duty=True, rings_at=None))


def clock() -> datetime:
    """The daemon's own: files have no other time."""
    return datetime.now(UTC)  # noqa: TID251


def queue(db: Database, vault: Vault, *bodies: str) -> list[str]:
    now = clock()
    with db.transaction() as session:
        address = Address("sms", "main", WANG)
        contact = messages.ensure_contact_point(session, vault, address, now)
        drafts = [
            Draft("reply", "chat.thanks", body, new_id(), now + timedelta(hours=1), contact.id)
            for body in bodies
        ]
        rows = [outbound.queue(session, vault, draft, now) for draft in drafts]
        return [row.id for row in rows if row is not None]


async def deliver(db: Database, vault: Vault, modem: GammuModem) -> None:
    routes = Routes({("sms", "main"): modem})
    await deliver_due(db, vault, routes, clock(), limits=PEACELESS)


def states(db: Database) -> list[str]:
    with db.reading() as session:
        return list(session.exec(select(OutboundMessage.state)).all())


def said(db: Database, vault: Vault) -> list[str]:
    with db.reading() as session:
        rows = session.exec(select(InboundMessage)).all()
        return [vault.open(row.body_sealed or b"", messages.BODY, row.id) for row in rows]


def parts_on_air(daemon: Daemon) -> int:
    return len(re.findall(r"SMS sent on device", daemon.log()))


async def test_what_we_send_goes_out_in_order_and_each_once(
    sqlite_database: Database, vault: Vault, daemon: Daemon, modem: GammuModem, reception: Reception
) -> None:
    """Two in the same second, one of several parts with emoji, and none overwrites another."""
    bodies = ("第一条", "第二条", LONG)
    queue(sqlite_database, vault, *bodies)
    modem_at_once = GammuModem(modem.folder, sends_per_second=100.0)
    until = asyncio.get_running_loop().time() + WITHIN
    while states(sqlite_database) != ["accepted"] * 3:
        await deliver(sqlite_database, vault, modem_at_once)
        assert asyncio.get_running_loop().time() < until, states(sqlite_database)
    daemon.start()
    while states(sqlite_database) != ["delivered"] * 3:
        await collect_from([modem], sqlite_database, reception, clock())
        assert asyncio.get_running_loop().time() < until, states(sqlite_database)
        await asyncio.sleep(0.05)
    found = re.findall(r'Found (\d+) sms to "(\S+)" with text "(.*?)" cod 1', daemon.log())
    assert [(number, first) for _, number, first in found[:2]] == [
        (WANG, "第一条"),
        (WANG, "第二条"),
    ]
    assert LONG.startswith(found[2][2])
    assert parts_on_air(daemon) == sum(int(parts) for parts, _, _ in found) > 3


async def test_what_comes_in_is_one_message_each_and_long_ones_are_whole(
    sqlite_database: Database, vault: Vault, daemon: Daemon, modem: GammuModem, reception: Reception
) -> None:
    daemon.hear(WANG, "血压165/98")
    daemon.hear(WANG, "血压164/97")
    daemon.hear(WANG, LONG)
    daemon.start()
    until = asyncio.get_running_loop().time() + WITHIN
    while len(said(sqlite_database, vault)) < 3:
        await collect_from([modem], sqlite_database, reception, clock())
        assert asyncio.get_running_loop().time() < until
        await asyncio.sleep(0.05)
    assert sorted(said(sqlite_database, vault)) == sorted(["血压165/98", "血压164/97", LONG])
    assert list((daemon.folder / "inbox").iterdir()) == []


async def test_a_killed_daemon_sends_the_rest_when_it_is_back(
    daemon: Daemon, modem: GammuModem, sqlite_database: Database, vault: Vault, reception: Reception
) -> None:
    daemon.start()
    daemon.kill()
    queue(sqlite_database, vault, "还在吗")
    await deliver(sqlite_database, vault, modem)
    assert states(sqlite_database) == ["accepted"]
    late = clock() + timedelta(minutes=6)
    assert not isinstance(await modem.collect(late), Collected)
    daemon.start()
    until = asyncio.get_running_loop().time() + WITHIN
    while states(sqlite_database) != ["delivered"]:
        await collect_from([modem], sqlite_database, reception, clock())
        assert asyncio.get_running_loop().time() < until
        await asyncio.sleep(0.05)
    assert parts_on_air(daemon) == 1
