"""A number that nobody knows writes in danger: somebody is rung, and what the stranger is told is true."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlmodel import col, select

from agent.loading import Tools
from channels.reception import Reception
from records import alarms, outbound, people
from records.db import Database
from records.messages import Arrival
from records.people import Registration
from records.tables import Escalation, OutboundMessage, Person, Practitioner
from records.vault import Vault
from schedules.escalating import ring_due
from suifang.installation import watch
from tests.agent.scene import OneAnswer
from tests.inbox.county import County

DANGER = "我胸口疼得厉害，喘不上气"


def danger(now: datetime, channel: str = "sms") -> Arrival:
    address = "+8613800001111" if channel == "sms" else "open-1"
    return Arrival(channel, "main", address, "aliyun:1", "text", now, DANGER)


def _after(database: Database, vault: Vault, now: datetime, channel: str) -> tuple[set[str], str]:
    """Who is rung at once, and what the patient is told."""
    with database.transaction() as session:
        accepted = Reception(vault, watch).receive(session, danger(now, channel), now)
    ring_due(database, Tools(vault, OneAnswer()), now)
    with database.reading() as session:
        rung = session.exec(
            select(Practitioner.login)
            .join(OutboundMessage, col(OutboundMessage.practitioner_id) == col(Practitioner.id))
            .where(OutboundMessage.purpose == outbound.NOTICE)
        ).all()
        said = [
            outbound.text_of(vault, row)
            for row in session.exec(
                select(OutboundMessage).where(OutboundMessage.purpose == outbound.SAFETY)
            )
        ]
    return set(rung), "".join([accepted.passive or "", *said])


@pytest.mark.parametrize("channel", ["sms", "wechat"])
def test_a_stranger_of_nowhere_rings_everybody_above_the_villages(
    sqlite_database: Database, vault: Vault, now: datetime, channel: str
) -> None:
    with sqlite_database.transaction() as session:
        County(session, vault, now).build()
    rung, told = _after(sqlite_database, vault, now, channel)
    assert rung == {"town_doctor", "duty"}
    assert "正在叫值班医生" in told
    assert "120" in told
    with sqlite_database.reading() as session:
        assert [one.kind for one in alarms.open_alarms(session)] == [alarms.UNPLACED]


def test_a_number_in_a_file_rings_that_persons_doctor(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        county = County(session, vault, now).build()
        home = county.places["c"].id
        people.register(session, vault, Registration("王桂芳", home, phone="13800001111"), now)
    rung, told = _after(sqlite_database, vault, now, "sms")
    with sqlite_database.reading() as session:
        alarm = session.exec(select(Escalation)).one()
        assert alarm.facility_id == home
        assert session.get_one(Person, alarm.person_id).status == "unidentified"
        assert alarms.open_alarms(session) == []
    # The village has no doctor of its own, nor its township: the county.
    assert rung == {"duty"}
    assert "正在叫值班医生" in told


def test_with_nobody_above_the_villages_the_truth_is_told(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        County(session, vault, now).build()
        for one in session.exec(select(Practitioner)):
            if one.role in {"township_doctor", "county_duty"}:
                one.disabled_at = now
    rung, told = _after(sqlite_database, vault, now, "sms")
    assert rung == set()
    assert "现在没有医生值班，先打120" in told
