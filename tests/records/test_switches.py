"""The stop for everything: what waits, what goes on, and that people see it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from records import alarms, outbound, switches
from records.db import Database
from records.identity import new_id
from records.outbound import Draft
from records.tables import AuditEvent, OutboundMessage
from records.vault import Vault


def test_nothing_is_stopped_at_first(sqlite_database: Database) -> None:
    with sqlite_database.reading() as session:
        assert switches.stopped(session) is None


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        (switches.EVERYTHING, {"safety", "doctor", "reply", "reminder", "education"}),
        (switches.ONLY_WHAT_WE_START, {"reminder", "education"}),
    ],
)
def test_a_stop_holds_what_it_says(
    database: Database, now: datetime, scope: str, held: set[str]
) -> None:
    with database.transaction() as session:
        switches.stop(session, scope, "practitioner:1", now)
    with database.reading() as session:
        found = switches.stopped(session)
        assert found is not None
        assert (found.scope, found.since, found.by) == (scope, now, "practitioner:1")
        assert {purpose for purpose in outbound.PRIORITY if found.holds(purpose)} - {
            "notice"
        } == held
        (alarm,) = alarms.open_alarms(session)
        assert (alarm.kind, alarm.detail) == ("stopped", {"scope": scope})


def test_a_scope_that_does_not_exist_is_refused(sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.transaction() as session, pytest.raises(ValueError, match="none of"):
        switches.stop(session, "half", "operator", now)


def test_what_waited_for_the_stop_goes_on_and_nothing_else(
    database: Database, vault: Vault, now: datetime
) -> None:
    later = now + timedelta(hours=1)
    with database.transaction() as session:
        switches.stop(session, switches.EVERYTHING, "operator", now)
        for reason in (outbound.ALL_STOPPED, "quiet_hours"):
            draft = Draft("reply", "chat.thanks", "记下了", new_id(), later, not_before=later)
            message = outbound.queue(session, vault, draft, now)
            assert message is not None
            session.get_one(OutboundMessage, message.id).reason = reason
    with database.transaction() as session:
        assert switches.resume(session, "operator", now) == 1
        assert switches.stopped(session) is None
        assert alarms.open_alarms(session) == []
    with database.reading() as session:
        rows = session.exec(select(OutboundMessage).order_by(OutboundMessage.id)).all()
        assert [row.next_attempt_at for row in rows] == [now, later]
        done = session.exec(select(AuditEvent.action)).all()
        assert sorted(done) == ["delivery.resumed", "delivery.stopped"]
