from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from agent.loading import Tools
from care.escalation import ladder
from care.level import Level
from records import escalations, people
from records.db import Database
from records.identity import new_id
from records.outbound import text_of
from records.people import Registration
from records.tables import (
    ContactPoint,
    Escalation,
    EscalationEvent,
    Facility,
    OutboundMessage,
    Practitioner,
)
from records.vault import Vault
from schedules.escalating import reopen_due, ring_due
from tests.agent.scene import OneAnswer

ROLES = {"county": "county_duty", "township": "township_doctor", "village": "village_doctor"}


class Ladder:
    """County, township and village, each with its doctor, and one patient in danger."""

    def __init__(self, database: Database, vault: Vault, now: datetime, *staffed: str) -> None:
        self.database, self.vault, self.now = database, vault, now
        self.tools = Tools(vault, OneAnswer())
        self.doctors: dict[str, str] = {}
        with database.transaction() as session:
            above: Facility | None = None
            for place in ("county", "township", "village"):
                above = self._place(session, place, above)
                if place in staffed:
                    self._doctor(session, place, above)
            assert above is not None
            person = people.register(session, vault, Registration("王桂芳", above.id), now)
            contact = ContactPoint(
                channel="wechat", account="wx1", address_index="a", created_at=now
            )
            session.add(contact)
            session.flush()
            self.person, self.contact, self.clinic = person.id, contact.id, above.id

    def alarm(self, level: Level = Level.EMERGENCY) -> str:
        with self.database.transaction() as session:
            raised = escalations.raise_alarm(
                session,
                person_id=self.person,
                contact_point_id=self.contact,
                facility_id=self.clinic,
                level=level,
                reasons=("bp_crisis",),
                now=self.now,
                rings_at=self.now,
            )
            return raised.escalation.id

    def tick(self, **ahead: float) -> list[str]:
        """Move the clock, ring what is due, and return the roles rung in this tick."""
        self.now += timedelta(**ahead)
        ring_due(self.database, self.tools, self.now)
        with self.database.reading() as session:
            found = session.exec(
                select(Practitioner.role)
                .join(OutboundMessage, col(OutboundMessage.practitioner_id) == col(Practitioner.id))
                .where(OutboundMessage.created_at == self.now)
            ).all()
            return list(found)

    def told(self) -> list[str]:
        with self.database.reading() as session:
            rows = session.exec(
                select(OutboundMessage).where(OutboundMessage.contact_point_id == self.contact)
            ).all()
            return [row.text_key for row in rows]

    def events(self) -> list[tuple[str, int]]:
        with self.database.reading() as session:
            rows = session.exec(select(EscalationEvent).order_by(col(EscalationEvent.id))).all()
            return [(row.kind, row.step) for row in rows]

    def _place(self, session: Session, kind: str, above: Facility | None) -> Facility:
        place = Facility(id=new_id(), kind=kind, name=kind, path="")
        place.parent_id = above.id if above else None
        place.path = f"{above.path if above else ''}{place.id}/"
        session.add(place)
        session.flush()
        return place

    def _doctor(self, session: Session, place: str, facility: Facility) -> None:
        doctor = Practitioner(
            facility_id=facility.id,
            role=ROLES[place],
            login=place,
            password_hash="x",
            created_at=self.now,
        )
        session.add(doctor)
        self.doctors[place] = doctor.id


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
    assert "王桂芳" not in text
