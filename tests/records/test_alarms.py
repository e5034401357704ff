"""Alarms for the operator: one is open per cause, and a cause that comes back opens a new one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from records import alarms
from records.db import Database

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def test_the_same_cause_is_one_alarm_that_counts(database: Database) -> None:
    with database.transaction() as session:
        assert alarms.raise_for_operator(session, alarms.TROUBLE, "aliyun:main", NOW, code="x")
        later = NOW + timedelta(minutes=5)
        assert not alarms.raise_for_operator(session, alarms.TROUBLE, "aliyun:main", later)
    with database.reading() as session:
        [alarm] = alarms.open_alarms(session)
    assert (alarm.count, alarm.opened_at, alarm.last_at) == (2, NOW, later)


def test_a_cause_that_comes_back_after_it_was_settled_is_a_new_alarm(database: Database) -> None:
    with database.transaction() as session:
        alarms.raise_for_operator(session, alarms.CANARY, "wechat:wx1", NOW)
        assert alarms.settle_alarm(session, alarms.CANARY, "wechat:wx1", NOW)
        assert not alarms.settle_alarm(session, alarms.CANARY, "wechat:wx1", NOW)
        assert alarms.open_alarms(session) == []
        assert alarms.raise_for_operator(session, alarms.CANARY, "wechat:wx1", NOW)


def test_an_alarm_is_taken_once_and_stays_open(database: Database) -> None:
    with database.transaction() as session:
        alarms.raise_for_operator(session, alarms.BREAKER, "aliyun:main", NOW)
        [alarm] = alarms.open_alarms(session)
        assert alarms.acknowledge_alarm(session, alarm.id, NOW, "p1")
        assert not alarms.acknowledge_alarm(session, alarm.id, NOW, "p2")
        assert alarms.count_open(session) == 1
    with database.reading() as session:
        [alarm] = alarms.open_alarms(session)
    assert (alarm.acknowledged_by, alarm.acknowledged_at) == ("p1", NOW)


def test_an_alarm_that_is_over_by_itself_closes(database: Database) -> None:
    with database.transaction() as session:
        alarms.raise_for_operator(session, alarms.FUSE, "c1", NOW)
        alarms.raise_for_operator(session, alarms.FUSE, "c2", NOW + timedelta(hours=1))
        assert alarms.settle_quiet(session, alarms.FUSE, NOW + timedelta(minutes=1), NOW) == 1
        assert [one.subject for one in alarms.open_alarms(session)] == ["c2"]
