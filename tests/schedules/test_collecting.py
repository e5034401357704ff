"""What lies in a modem's folder becomes rows once, whatever happens in between."""

from __future__ import annotations

import os
from codecs import BOM_UTF16_BE
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from channels.delivery import Routes
from channels.port import Collected, SendOutcome
from channels.reception import Reception, Watch
from channels.sms import spool
from channels.sms.gammu import GammuModem
from records import alarms, messages, outbound
from records.db import Database
from records.identity import new_id
from records.messages import Address
from records.outbound import Draft, Receipt, Trial
from records.tables import ContactPoint, Escalation, InboundMessage, OutboundMessage
from records.vault import Vault
from schedules.collecting import collect_from
from schedules.ticks import TICKS, Work
from tests.agent.scene import Village

WANG = "+8613800001111"
HOUR = timedelta(hours=1)


def a_roster(*_: object) -> Watch:
    return Watch(on_duty=True, rings_at=None)


@pytest.fixture
def modem(tmp_path: Path) -> GammuModem:
    for name in spool.FOLDERS:
        (tmp_path / name).mkdir()
    return GammuModem(tmp_path)


@pytest.fixture
def reception(vault: Vault) -> Reception:
    return Reception(vault, a_roster)


class ForgetfulModem(GammuModem):
    """Its process dies before it can say that everything is stored."""

    async def taken(self, handles: Sequence[str]) -> None:
        return None


def came(modem: GammuModem, text: str, now: datetime, second: int = 0) -> None:
    path = modem.folder / "inbox" / f"IN20261123_0859{second:02d}_00_{WANG}_00.txt"
    path.write_bytes(BOM_UTF16_BE + text.encode("utf-16-be"))
    os.utime(path, (now.timestamp() - 9, now.timestamp() - 9))


def inbound(db: Database) -> list[InboundMessage]:
    with db.reading() as session:
        return list(session.exec(select(InboundMessage).order_by(InboundMessage.id)).all())


def accepted_by(db: Database, vault: Vault, modem: GammuModem, now: datetime) -> str:
    """A message of ours that the modem took, whose file the daemon has sent."""
    with db.transaction() as session:
        contact = messages.ensure_contact_point(session, vault, Address("sms", "main", WANG), now)
        draft = Draft(
            "reply", "chat.thanks", "记下了", new_id(), now + HOUR, contact_point_id=contact.id
        )
        row = outbound.queue(session, vault, draft, now)
        message = outbound.claim_due(session, now, timedelta(minutes=1))
        assert row is not None
        assert message is not None
        trial = Trial(new_id(), "sms:text", modem.provider, contact.id)
        attempt = outbound.begin_attempt(session, message, trial, now)
        name = f"OUTC20261123_090000_000000_{WANG}_{attempt.id}.txt"
        outbound.end_attempt(
            session, attempt.id, now, result="accepted", code="queued", provider_id=name
        )
        outbound.settle(session, message, "accepted", None, now)
    (modem.folder / "sent" / name).write_bytes(BOM_UTF16_BE)
    return row.id


def state_of(db: Database, message_id: str) -> str:
    with db.reading() as session:
        return session.get_one(OutboundMessage, message_id).state


async def test_a_message_is_stored_and_its_file_put_away(
    sqlite_database: Database, vault: Vault, modem: GammuModem, reception: Reception, now: datetime
) -> None:
    came(modem, "血压128/76", now)
    assert await collect_from([modem], sqlite_database, reception, now) == 1
    assert await collect_from([modem], sqlite_database, reception, now) == 0
    [row] = inbound(sqlite_database)
    assert vault.open(row.body_sealed or b"", messages.BODY, row.id) == "血压128/76"
    assert list((modem.folder / "inbox").iterdir()) == []
    with sqlite_database.reading() as session:
        assert session.exec(select(ContactPoint.channel)).all() == ["sms"]


async def test_an_emergency_rings_at_once(
    sqlite_database: Database, modem: GammuModem, reception: Reception, now: datetime
) -> None:
    came(modem, "胸口压榨一样疼,出冷汗", now)
    await collect_from([modem], sqlite_database, reception, now)
    with sqlite_database.reading() as session:
        assert len(session.exec(select(Escalation)).all()) == 1


async def test_a_crash_before_taking_repeats_nothing(
    sqlite_database: Database, vault: Vault, modem: GammuModem, reception: Reception, now: datetime
) -> None:
    sent = accepted_by(sqlite_database, vault, modem, now)
    came(modem, "血压128/76", now)
    dying = ForgetfulModem(modem.folder)
    assert await collect_from([dying], sqlite_database, reception, now) == 2
    assert await collect_from([modem], sqlite_database, reception, now) == 2
    assert len(inbound(sqlite_database)) == 1
    assert state_of(sqlite_database, sent) == "delivered"


async def test_one_message_that_cannot_be_stored_costs_no_other(
    sqlite_database: Database,
    vault: Vault,
    modem: GammuModem,
    now: datetime,
) -> None:
    def a_broken_roster(*_: object) -> None:
        raise RuntimeError

    came(modem, "血压128/76", now, 1)
    came(modem, "胸口压榨一样疼,出冷汗", now, 2)
    sent = accepted_by(sqlite_database, vault, modem, now)
    broken = Reception(vault, a_broken_roster)  # type: ignore[arg-type]
    assert await collect_from([modem], sqlite_database, broken, now) == 2
    assert state_of(sqlite_database, sent) == "delivered"
    assert len(inbound(sqlite_database)) == 1
    mended = Reception(vault, a_roster)
    await collect_from([modem], sqlite_database, mended, now)
    assert len(inbound(sqlite_database)) == 2
    assert list((modem.folder / "inbox").iterdir()) == []


async def test_trouble_of_the_modem_is_one_alarm_that_ends_with_it(
    sqlite_database: Database, modem: GammuModem, reception: Reception, now: datetime
) -> None:
    (modem.folder / "sent").rmdir()
    for _ in range(3):
        await collect_from([modem], sqlite_database, reception, now)
    with sqlite_database.reading() as session:
        [alarm] = alarms.open_alarms(session)
    assert (alarm.kind, alarm.subject, alarm.count) == (alarms.TROUBLE, "gammu:main", 3)
    assert alarm.detail["reason"] == "folder_missing"
    (modem.folder / "sent").mkdir()
    await collect_from([modem], sqlite_database, reception, now)
    with sqlite_database.reading() as session:
        assert alarms.open_alarms(session) == []


async def test_one_mailbox_in_trouble_keeps_no_other_waiting(
    sqlite_database: Database,
    modem: GammuModem,
    reception: Reception,
    now: datetime,
    tmp_path: Path,
) -> None:
    came(modem, "血压128/76", now)
    missing = GammuModem(tmp_path / "nowhere", account="second")
    assert await collect_from([missing, modem], sqlite_database, reception, now) == 1


class OnlyReceipts:
    """A mailbox whose handles are empty: nothing is to be taken."""

    provider = "other:main"

    async def collect(self, now: datetime) -> Collected | SendOutcome:
        return Collected(receipts=[Receipt("nobody", delivered=True, code="sent")])

    async def taken(self, handles: Sequence[str]) -> None:
        raise AssertionError


async def test_without_handles_nothing_is_stored(
    sqlite_database: Database, reception: Reception, now: datetime
) -> None:
    assert await collect_from([OnlyReceipts()], sqlite_database, reception, now) == 0


async def test_the_tick_looks_into_the_mailboxes_of_its_worker(
    village: Village, modem: GammuModem, reception: Reception, now: datetime
) -> None:
    [tick] = [one for one in TICKS if one.name == "collect"]
    work = Work(
        village.database,
        village.tools,
        Routes({}),
        media={},
        clock=lambda: now,
        worker="test:1",
        mailboxes=[modem],
    )
    came(modem, "血压128/76", now)
    assert await tick.run(work) == 0
    assert await tick.run(replace(work, reception=reception)) == 1
