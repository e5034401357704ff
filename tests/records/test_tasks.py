from datetime import datetime

import pytest
from sqlmodel import Session, select

from records import audit, running, tasks
from records.db import Database
from records.tables import AuditEvent, Task
from records.vault import Vault
from tests.agent.scene import Village


def open_one(session: Session, village: Village, now: datetime) -> bool:
    return tasks.open_task(
        session,
        task_key="call:1",
        kind=tasks.CALL,
        reason="silent",
        person_id=village.patient.id,
        contact_point_id=None,
        facility_id=None,
        now=now,
    )


@pytest.fixture
def anywhere(database: Database, vault: Vault, now: datetime) -> Village:
    return Village(database, vault, now)


def test_one_cause_opens_one_task(anywhere: Village, now: datetime) -> None:
    village = anywhere
    with village.database.transaction() as session:
        assert open_one(session, village, now)
        assert not open_one(session, village, now)
        assert len(session.exec(select(Task)).all()) == 1


def test_a_task_is_closed_by_whoever_is_first(village: Village, now: datetime) -> None:
    with village.database.transaction() as session:
        open_one(session, village, now)
        task = session.exec(select(Task)).one()
        assert tasks.close_task(session, task.id, by="a", outcome="reached", now=now)
        assert not tasks.close_task(session, task.id, by="b", outcome="reached", now=now)
        session.refresh(task)
        assert (task.closed_by, task.outcome) == ("a", "reached")


def test_an_audit_event_keeps_ids_and_codes(village: Village, now: datetime) -> None:
    with village.database.transaction() as session:
        audit.note(
            session,
            actor="agent",
            action="reading.corrected",
            subject="reading",
            subject_id="r",
            now=now,
        )
        event = session.exec(select(AuditEvent)).one()
    assert (event.actor, event.action, event.detail) == ("agent", "reading.corrected", {})


def test_the_newest_heartbeat_counts(village: Village, now: datetime) -> None:
    with village.database.transaction() as session:
        assert running.last_beat(session) is None
        running.beat(session, "w:1", now)
        running.beat(session, "w:1", now)
        assert running.last_beat(session) == now
