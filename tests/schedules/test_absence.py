"""Alarms while doctors come and go: nobody's absence leaves an open emergency unrung."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from care.escalation import ladder, lapses_at
from care.level import Level
from records import practitioners
from records.db import Database
from records.tables import Escalation, EscalationEvent, OutboundMessage, Practitioner
from records.vault import Vault
from schedules.escalating import ring_due
from tests.schedules.ladder import Ladder

RUNGS = ("village", "township", "county")


@pytest.fixture
def full(sqlite_database: Database, vault: Vault, now: datetime) -> Ladder:
    return Ladder(sqlite_database, vault, now, "county", "township", "village")


def test_an_absent_village_doctor_is_passed_over_at_once_and_it_is_noted(full: Ladder) -> None:
    full.away("village")
    full.alarm()
    assert full.tick() == ["township_doctor"]
    assert [kind for kind, _ in full.events()] == ["opened", "nobody_on_duty", "rung"]


def test_going_away_in_the_middle_of_a_ladder_rings_the_next_at_once(full: Ladder) -> None:
    full.alarm()
    assert full.tick() == ["village_doctor"]
    full.now += timedelta(minutes=2)
    full.away("village")
    assert full.tick() == ["township_doctor"]
    assert full.tick(minutes=1) == []


def test_an_absence_that_begins_at_midnight_rings_the_next_at_midnight(
    sqlite_database: Database, vault: Vault
) -> None:
    eve = datetime(2026, 12, 31, 15, 55, tzinfo=UTC)  # 23:55 on New Year's Eve in China
    scene = Ladder(sqlite_database, vault, eve, "county", "township", "village")
    scene.away("village", first=datetime(2027, 1, 1, tzinfo=UTC).date())
    scene.alarm()
    assert scene.tick() == ["village_doctor"]
    assert scene.tick(minutes=4) == []
    assert scene.tick(minutes=1) == ["township_doctor"]


def test_an_account_closed_in_the_middle_counts_as_gone(full: Ladder) -> None:
    full.alarm()
    full.tick()
    with full.database.transaction() as session:
        practitioners.disable(session, full.doctors["village"], full.now)
    assert full.tick(seconds=1) == ["township_doctor"]


def test_somebody_else_who_still_hears_it_keeps_their_minutes(full: Ladder) -> None:
    with full.database.transaction() as session:
        first = session.get_one(Practitioner, full.doctors["village"])
        session.add(
            Practitioner(
                facility_id=first.facility_id,
                role="village_doctor",
                login="second",
                password_hash="x",
                created_at=full.now,
            )
        )
    full.alarm()
    assert full.tick() == ["village_doctor", "village_doctor"]
    full.away("village")
    assert full.tick(minutes=1) == []


def test_with_everybody_away_the_patient_is_told_and_no_event_floods_the_case(
    full: Ladder,
) -> None:
    full.alarm()
    full.tick()
    for place in RUNGS:
        full.away(place)
    assert full.tick(seconds=1) == []
    assert full.told() == ["escalation.still_unanswered"]
    before = len(full.events())
    for _ in range(30):
        full.tick(seconds=1)
    assert len(full.events()) == before


def test_whoever_comes_back_is_rung_at_once_for_what_had_nobody(full: Ladder) -> None:
    absences = {place: full.away(place) for place in RUNGS}
    full.alarm()
    assert full.tick() == []
    full.now += timedelta(minutes=1)
    full.back("township", absences["township"])
    assert full.tick() == ["township_doctor"]


def test_an_alarm_that_became_worse_keeps_the_sooner_clock(full: Ladder) -> None:
    alarm = full.alarm(Level.URGENT)
    full.tick()
    with full.database.transaction() as session:
        row = session.get_one(Escalation, alarm)
        row.next_escalation_at = full.now - timedelta(seconds=1)
        session.add(row)
    full.alarm(Level.EMERGENCY)
    with full.database.reading() as session:
        rings_at = session.get_one(Escalation, alarm).next_escalation_at
    assert rings_at == full.now - timedelta(seconds=1)


@given(
    minutes=st.integers(0, 2 * 365 * 24 * 60),
    step=st.integers(0, 12),
)
def test_no_step_of_an_emergency_waits_longer_than_the_same_step_of_less(
    minutes: int, step: int
) -> None:
    told = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    graver, lesser = ladder(Level.EMERGENCY), ladder(Level.URGENT)
    assert graver is not None
    assert lesser is not None
    assert told < lapses_at(graver, step, told) <= lapses_at(lesser, step, told)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    moves=st.lists(st.tuples(st.sampled_from(RUNGS), st.booleans(), st.integers(1, 25)), max_size=8)
)
def test_an_open_emergency_is_always_with_somebody_who_is_there(
    full: Ladder, moves: list[tuple[str, bool, int]]
) -> None:
    """After every tick: the last rung are present, or nobody at all is and the clock runs."""
    _begin_again(full)
    alarm, absent = full.alarm(), dict[str, str]()
    full.tick()
    for place, leaves, minutes in moves:
        full.now += timedelta(minutes=minutes)
        if leaves and place not in absent:
            absent[place] = full.away(place, last=full.now.date() + timedelta(days=300))
        elif not leaves and place in absent:
            full.back(place, absent.pop(place))
        ring_due(full.database, full.tools, full.now)
        with full.database.reading() as session:
            row = session.get_one(Escalation, alarm)
            last = session.exec(
                select(EscalationEvent.kind)
                .where(EscalationEvent.escalation_id == alarm)
                .order_by(col(EscalationEvent.at).desc(), col(EscalationEvent.id).desc())
            ).first()
        assert row.next_escalation_at is not None
        assert row.next_escalation_at - full.now <= timedelta(minutes=10)
        assert (last == "nobody_on_duty") == (len(absent) == len(RUNGS))
        if last == "rung":
            assert RUNGS[row.step % len(RUNGS)] not in absent


def _begin_again(full: Ladder) -> None:
    """The same county for the next example, with nothing open and everybody there."""
    with full.database.transaction() as session:
        for table in ("escalation_events", "outbound_messages", "absences", "escalations"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")


def fail_notices(full: Ladder) -> None:
    """Whatever was on its way to a doctor did not arrive."""
    with full.database.transaction() as session:
        for row in session.exec(
            select(OutboundMessage).where(col(OutboundMessage.practitioner_id).is_not(None))
        ).all():
            row.state, row.reason = "never", "webhook_refused"
            session.add(row)


def test_a_bell_that_is_broken_does_not_cost_the_patient_ten_minutes(full: Ladder) -> None:
    full.alarm()
    assert full.tick() == ["village_doctor"]
    fail_notices(full)
    assert full.tick(seconds=2) == ["township_doctor"]
    assert "not_heard" in [kind for kind, _ in full.events()]


def test_when_every_bell_is_broken_the_ladder_goes_on_by_its_minutes(full: Ladder) -> None:
    full.alarm()
    full.tick()
    for _ in range(20):
        fail_notices(full)
        full.tick(seconds=2)
    kinds = [kind for kind, _ in full.events()]
    assert kinds.count("rung") == len(RUNGS)
    assert kinds.count("not_heard") == len(RUNGS) - 1
    assert full.tick(minutes=10) == ["village_doctor"]
