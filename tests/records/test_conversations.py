from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from records import conversations
from records.db import Database
from records.identity import new_id
from records.tables import ContactPoint, InboundMessage

LEASE = timedelta(minutes=2)
MADE = datetime(2026, 1, 1, tzinfo=UTC)


def a_conversation(session: Session, wake_at: datetime | None, name: str = "a") -> str:
    contact = ContactPoint(
        channel="wechat", account="gh", address_index=name, created_at=MADE, wake_at=wake_at
    )
    session.add(contact)
    session.flush()
    return contact.id


def a_message(session: Session, contact_point_id: str, at: datetime) -> str:
    message = InboundMessage(
        contact_point_id=contact_point_id,
        channel="wechat",
        account="gh",
        external_id=new_id(),
        kind="text",
        sent_at=at,
        received_at=at,
    )
    session.add(message)
    session.flush()
    return message.id


def test_a_due_conversation_is_claimed_by_one_worker_only(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        due = a_conversation(session, now - timedelta(seconds=1))
        a_conversation(session, now + timedelta(seconds=1), "later")
    with database.transaction() as session:
        first = conversations.claim(session, now, LEASE)
    with database.transaction() as session:
        second = conversations.claim(session, now, LEASE)
    assert first is not None
    assert first.contact_point_id == due
    assert second is None


def test_two_open_transactions_never_claim_the_same_conversation(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        a_conversation(session, now, "a")
        a_conversation(session, now, "b")
    if database.is_sqlite:
        with database.transaction() as one:
            a = conversations.claim(one, now, LEASE)
        with database.transaction() as two:
            b = conversations.claim(two, now, LEASE)
    else:
        with database.transaction() as one, database.transaction() as two:
            a = conversations.claim(one, now, LEASE)
            b = conversations.claim(two, now, LEASE)
    assert a is not None
    assert b is not None
    assert a.contact_point_id != b.contact_point_id


def test_a_worker_whose_lease_passed_cannot_save(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        a_conversation(session, now)
    with database.transaction() as session:
        slow = conversations.claim(session, now, LEASE)
    later = now + LEASE + timedelta(seconds=1)
    with database.transaction() as session:
        quick = conversations.claim(session, later, LEASE)
    assert slow is not None
    assert quick is not None
    with database.transaction() as session:
        assert not conversations.still_own(session, slow)
        assert conversations.still_own(session, quick)


def test_what_came_in_during_a_turn_is_due_when_it_ends(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        contact = a_conversation(session, now)
        answered = a_message(session, contact, now)
    with database.transaction() as session:
        held = conversations.claim(session, now, LEASE)
        assert held is not None
    with database.transaction() as session:
        a_message(session, contact, now + timedelta(seconds=1))
    with database.transaction() as session:
        assert conversations.settle(session, [answered], "turn") == 1
        conversations.release(session, held, now)
    with database.transaction() as session:
        again = conversations.claim(session, now, LEASE)
        assert again is not None
        assert len(conversations.waiting(session, contact)) == 1


def test_a_failed_turn_is_counted_and_tried_later(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        a_conversation(session, now)
    with database.transaction() as session:
        held = conversations.claim(session, now, LEASE)
        assert held is not None
        conversations.release_failed(session, held, now + timedelta(seconds=30))
    with database.transaction() as session:
        assert conversations.claim(session, now, LEASE) is None
        again = conversations.claim(session, now + timedelta(seconds=31), LEASE)
    assert again is not None
    assert again.failed_turns == 1
