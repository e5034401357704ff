"""The queue: one row per send key, one owner per row, and states that only move forward."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session

from records import outbound, windows
from records.db import Database
from records.identity import new_id
from records.outbound import Draft
from records.tables import ContactPoint, OutboundMessage
from records.vault import Vault

LEASE = timedelta(seconds=60)


def a_contact(session: Session, now: datetime, name: str = "a") -> str:
    contact = ContactPoint(
        channel="wechat", account="gh", address_index=name, created_at=now, window_left=2
    )
    session.add(contact)
    session.flush()
    return contact.id


def queue(
    session: Session, vault: Vault, now: datetime, purpose: str = "reply", **changes: object
) -> OutboundMessage:
    values: dict[str, object] = {
        "purpose": purpose,
        "text_key": "chat.thanks",
        "body": "记下了",
        "send_key": new_id(),
        "expires_at": now + timedelta(hours=1),
    }
    queued = outbound.queue(session, vault, Draft(**{**values, **changes}), now)  # type: ignore[arg-type]
    assert queued is not None
    return queued


def claim(database: Database, now: datetime) -> OutboundMessage | None:
    with database.transaction() as session:
        return outbound.claim_due(session, now, LEASE)


@pytest.mark.parametrize(
    ("purpose", "priority"),
    [("safety", 0), ("doctor", 1), ("reply", 2), ("notice", 2), ("reminder", 6), ("education", 8)],
)
def test_the_purpose_decides_the_priority(
    sqlite_database: Database, vault: Vault, now: datetime, purpose: str, priority: int
) -> None:
    with sqlite_database.transaction() as session:
        message = queue(session, vault, now, purpose)
    with sqlite_database.reading() as session:
        row = session.get_one(OutboundMessage, message.id)
        assert (row.priority, row.state, row.next_attempt_at) == (priority, "queued", now)
        assert outbound.text_of(vault, row) == "记下了"
        assert "记下了".encode() not in (row.body_sealed or b"")


def test_a_purpose_nobody_knows_is_a_bug(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    with sqlite_database.transaction() as session, pytest.raises(KeyError):
        queue(session, vault, now, "advertisement")


def test_a_row_has_one_owner(database: Database, vault: Vault, now: datetime) -> None:
    with database.transaction() as session:
        queue(session, vault, now)
    first, second = claim(database, now), claim(database, now)
    assert first is not None
    assert second is None
    assert (first.state, first.attempts, first.claimed_until) == ("sending", 1, now + LEASE)


def test_two_open_transactions_never_claim_the_same_row(
    database: Database, vault: Vault, now: datetime
) -> None:
    with database.transaction() as session:
        for name in "ab":
            queue(session, vault, now, contact_point_id=a_contact(session, now, name))
    if database.is_sqlite:
        one, two = claim(database, now), claim(database, now)
    else:
        with database.transaction() as a, database.transaction() as b:
            one = outbound.claim_due(a, now, LEASE)
            two = outbound.claim_due(b, now, LEASE)
    assert one is not None
    assert two is not None
    assert one.id != two.id


def test_while_one_transaction_claims_the_next_of_the_conversation_stays(
    database: Database, vault: Vault, now: datetime
) -> None:
    with database.transaction() as session:
        contact = a_contact(session, now)
        first = queue(session, vault, now, contact_point_id=contact)
        queue(session, vault, now, contact_point_id=contact)
    if database.is_sqlite:
        one, two = claim(database, now), claim(database, now)
    else:
        with database.transaction() as a, database.transaction() as b:
            one = outbound.claim_due(a, now, LEASE)
            two = outbound.claim_due(b, now, LEASE)
    assert one is not None
    assert one.id == first.id
    assert two is None


def test_settled_rows_stay_settled(database: Database, vault: Vault, now: datetime) -> None:
    with database.transaction() as session:
        queue(session, vault, now)
    row = claim(database, now)
    assert row is not None
    with database.transaction() as session:
        assert outbound.settle(session, row, "accepted", None, now)
        assert not outbound.settle(session, row, "never", "late", now)
        assert not outbound.put_back(session, row, "late", now)
        assert not outbound.postpone(session, row, "late", now)
    assert claim(database, now + timedelta(days=1)) is None


def test_a_postponed_row_was_not_tried_and_a_returned_one_was(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        queue(session, vault, now)
    row = claim(sqlite_database, now)
    assert row is not None
    with sqlite_database.transaction() as session:
        outbound.postpone(session, row, "quiet_hours", now)
    again = claim(sqlite_database, now)
    assert again is not None
    assert again.attempts == 1
    with sqlite_database.transaction() as session:
        outbound.put_back(session, again, "platform_busy", now)
    third = claim(sqlite_database, now)
    assert third is not None
    assert third.attempts == 2


def test_asking_whether_something_is_due_sees_new_and_lapsed_rows(
    database: Database, vault: Vault, now: datetime
) -> None:
    def due(at: datetime) -> bool:
        with database.reading() as session:
            return outbound.any_due(session, at)

    assert not due(now)
    with database.transaction() as session:
        queue(session, vault, now)
    assert due(now)
    claim(database, now)
    assert not due(now + LEASE)
    assert due(now + LEASE + timedelta(seconds=1))


def test_the_window_is_spent_to_nothing_and_not_below(
    sqlite_database: Database, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        contact = a_contact(session, now)
    for left in (1, 0, 0):
        with sqlite_database.transaction() as session:
            windows.spend(session, contact)
        with sqlite_database.reading() as session:
            assert session.get_one(ContactPoint, contact).window_left == left


def test_a_claim_stops_at_the_first_row_whatever_else_is_due(
    sqlite_database: Database, now: datetime
) -> None:
    asked: list[tuple[str, object]] = []

    def note(*given: object) -> None:
        asked.append((str(given[2]), given[3]))

    event.listen(sqlite_database.engine, "before_cursor_execute", note)
    try:
        with sqlite_database.transaction() as session:
            assert outbound.claim_due(session, now, timedelta(minutes=1)) is None
    finally:
        event.remove(sqlite_database.engine, "before_cursor_execute", note)
    claim, given = next(one for one in asked if one[0].startswith("UPDATE outbound_messages"))
    with sqlite_database.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {claim}", given)  # type: ignore[arg-type]
        steps = [str(row[3]) for row in plan]
    assert any("ix_outbound_messages_turn (state=?)" in step for step in steps)
    assert not any("TEMP B-TREE" in step for step in steps)


@pytest.mark.parametrize("reason", ["paced", "in_line", "provider_shut"])
def test_what_waits_for_a_provider_keeps_its_place_in_the_conversation(
    database: Database, vault: Vault, now: datetime, reason: str
) -> None:
    with database.transaction() as session:
        contact = a_contact(session, now)
        first = queue(session, vault, now, contact_point_id=contact).id
        second = queue(session, vault, now + timedelta(seconds=1), contact_point_id=contact).id
    later = now + timedelta(seconds=5)
    taken = claim(database, later)
    assert taken is not None
    assert taken.id == first
    with database.transaction() as session:
        outbound.postpone(session, taken, reason, later + timedelta(seconds=30))
    assert claim(database, later) is None, "the second would overtake the first"
    again = claim(database, later + timedelta(seconds=31))
    assert again is not None
    assert again.id == first
    with database.transaction() as session:
        outbound.settle(session, again, outbound.ACCEPTED, None, later)
    following = claim(database, later + timedelta(seconds=31))
    assert following is not None
    assert following.id == second
