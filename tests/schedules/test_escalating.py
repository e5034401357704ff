from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from care.escalation import ladder
from care.level import Level
from records import alarms, escalations
from records.db import Database
from records.outbound import text_of
from records.tables import (
    Escalation,
    OutboundMessage,
)
from records.vault import Vault
from schedules.escalating import reopen_due, ring_due
from tests.schedules.ladder import Ladder


@pytest.fixture
def full(database: Database, vault: Vault, now: datetime) -> Ladder:
    return Ladder(database, vault, now, "county", "township", "village")


def wait(level: Level, step: int) -> float:
    rungs = ladder(level)
    assert rungs is not None
    return float(rungs.steps[step].wait_minutes)


def test_an_emergency_climbs_step_by_step_until_somebody_answers(full: Ladder) -> None:
    full.alarm()
    assert full.tick() == ["village_doctor"]
    assert full.tick(seconds=5) == []
    assert full.tick(minutes=wait(Level.EMERGENCY, 0)) == ["township_doctor"]
    assert full.tick(minutes=wait(Level.EMERGENCY, 1)) == ["county_duty"]
    assert full.tick(minutes=wait(Level.EMERGENCY, 2)) == ["village_doctor"]


def test_who_belongs_nowhere_rings_everybody_above_the_villages_and_the_operator(
    full: Ladder,
) -> None:
    full.clinic = None
    full.alarm()
    assert sorted(full.tick()) == ["county_duty", "township_doctor"]
    with full.database.reading() as session:
        assert [one.kind for one in alarms.open_alarms(session)] == [alarms.UNPLACED]
    assert full.told() == []
    assert full.tick(seconds=5) == []


def test_who_belongs_nowhere_is_rung_for_step_by_step_after_the_first(full: Ladder) -> None:
    full.clinic = None
    full.alarm()
    assert len(full.tick()) == 2
    assert full.tick(minutes=wait(Level.EMERGENCY, 0)) == ["township_doctor"]
    assert full.tick(minutes=wait(Level.EMERGENCY, 1)) == ["county_duty"]
    assert len(full.tick(minutes=wait(Level.EMERGENCY, 2))) == 2


def test_the_patient_is_told_once_that_nobody_answered(full: Ladder) -> None:
    full.alarm()
    full.tick()
    assert full.told() == []
    full.tick(minutes=wait(Level.EMERGENCY, 0))
    full.tick(minutes=wait(Level.EMERGENCY, 1))
    assert full.told() == ["escalation.still_unanswered"]


def test_acknowledging_stops_the_clock(full: Ladder) -> None:
    alarm = full.alarm()
    full.tick()
    with full.database.transaction() as session:
        row = session.get_one(Escalation, alarm)
        row.state = escalations.ACKNOWLEDGED
        session.add(row)
    assert full.tick(minutes=600) == []
    assert full.told() == []


def test_an_alarm_that_was_taken_and_forgotten_rings_again(full: Ladder) -> None:
    alarm = full.alarm()
    full.tick()
    with full.database.transaction() as session:
        row = session.get_one(Escalation, alarm)
        row.state, row.acknowledged_at = escalations.ACKNOWLEDGED, full.now
        session.add(row)
    rungs = ladder(Level.EMERGENCY)
    assert rungs is not None
    full.now += timedelta(minutes=rungs.reopen_minutes - 1)
    assert reopen_due(full.database, full.tools, full.now) == 0
    full.now += timedelta(minutes=2)
    assert reopen_due(full.database, full.tools, full.now) == 1
    assert reopen_due(full.database, full.tools, full.now) == 0
    assert full.tick() == ["village_doctor"]
    assert ("reopened", -1) in full.events()


def test_an_urgent_alarm_at_night_waits_for_working_hours_before_it_climbs(full: Ladder) -> None:
    full.now = full.now.replace(hour=13)  # 21:00 in China
    full.alarm(Level.URGENT)
    assert full.tick() == ["village_doctor"]
    assert full.tick(hours=8) == []
    assert full.tick(hours=4) == ["township_doctor"]


def test_a_step_with_nobody_is_passed_over_at_once_and_noted(
    database: Database, vault: Vault, now: datetime
) -> None:
    scene = Ladder(database, vault, now, "township")
    scene.alarm()
    assert scene.tick() == ["township_doctor"]
    kinds = [kind for kind, _ in scene.events()]
    assert kinds == ["opened", "nobody_on_duty", "rung"]


def test_with_nobody_anywhere_the_patient_is_told_and_the_clock_goes_on(
    database: Database, vault: Vault, now: datetime
) -> None:
    scene = Ladder(database, vault, now)
    alarm = scene.alarm()
    assert scene.tick() == []
    assert scene.told() == ["escalation.still_unanswered"]
    with scene.database.reading() as session:
        row = session.get_one(Escalation, alarm)
        assert row.next_escalation_at is not None
        assert row.next_escalation_at > scene.now


def test_ringing_twice_at_the_same_moment_rings_once(full: Ladder) -> None:
    full.alarm()
    assert ring_due(full.database, full.tools, full.now) == 1
    assert ring_due(full.database, full.tools, full.now) == 0


def test_a_raised_alarm_starts_at_the_bottom_again(full: Ladder) -> None:
    full.alarm(Level.URGENT)
    full.tick()
    full.now += timedelta(minutes=5)
    full.alarm(Level.EMERGENCY)
    assert full.tick() == ["village_doctor"]


def test_a_notice_names_nobody_and_no_value(full: Ladder, vault: Vault) -> None:
    alarm = full.alarm()
    full.tick()
    with full.database.reading() as session:
        notice = session.exec(
            select(OutboundMessage).where(col(OutboundMessage.practitioner_id).is_not(None))
        ).one()
    text = text_of(vault, notice)
    assert escalations.code_of(alarm) in text
    assert "姓王的居民" in text
    assert "王桂芳" not in text
