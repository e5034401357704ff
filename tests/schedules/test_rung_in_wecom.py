"""From the alarm to the doctor's thumb: the ladder rings in WeCom, 收到 stops the clock."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import select

from channels.delivery import Routes, deliver_due
from channels.notice import NoticeChannel
from records import identities
from records.db import Database
from records.escalations import code_of
from records.identities import WECOM, Subject
from records.tables import DeliveryAttempt, Escalation, Practitioner
from records.vault import Vault
from simulator.faults import Fault, FaultKind
from tests.channels.wecom.corp import CORP, LI, a_corp
from tests.channels.world import MovingClock
from tests.schedules.ladder import Ladder


async def test_an_alarm_rings_in_wecom_and_an_answer_stops_the_clock(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    full = Ladder(sqlite_database, vault, now, "county", "township", "village")
    alarm = full.alarm()
    with sqlite_database.transaction() as session:
        doctor = session.exec(
            select(Practitioner).where(Practitioner.role == "village_doctor")
        ).one()
        identities.bind(session, vault, doctor.id, Subject(WECOM, CORP, LI), now)
    clock = MovingClock(full.now)
    async with a_corp(sqlite_database, vault, clock) as corp:
        routes = Routes({("wecom", CORP): corp.client}, NoticeChannel())
        assert full.tick() == ["village_doctor"]
        clock.now = full.now
        # Lost on the way back: the platform shows the second one only once.
        corp.wecom.faults.add(Fault(FaultKind.DROP, path="/cgi-bin/message/send"))
        for _ in range(3):
            await deliver_due(sqlite_database, vault, routes, clock.now)
            clock.move(minutes=1)
        (card,) = corp.wecom.shown(LI)
        assert code_of(alarm) in card.text
        assert "王" not in str(card.details["title"])
        with sqlite_database.reading() as session:
            tries = session.exec(select(DeliveryAttempt.result)).all()
        assert tries == ["unknown", "accepted"]
        assert "由您处理" in await corp.wecom.say(LI, "收到")
        # The platform asks again when it did not hear us: the same answer, nothing more.
        assert "由您处理" in await corp.wecom.say(LI, "收到")
    with sqlite_database.reading() as session:
        row = session.get_one(Escalation, alarm)
        assert (row.state, row.acknowledged_by) == ("acknowledged", doctor.id)
    assert full.tick(minutes=60) == []
