"""What a provider says later moves a message forward, once, and takes nothing back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from records import outbound, receipts
from records.db import Database
from records.identity import new_id
from records.outbound import Draft, Receipt, Trial
from records.tables import ContactPoint, DeliveryAttempt, DeliveryReceipt, OutboundMessage
from records.vault import Vault

ALIYUN = "aliyun:main"


def a_try(
    session: Session, vault: Vault, now: datetime, state: str, provider_id: str | None = "77"
) -> DeliveryAttempt:
    """A message in a state, after one try that the provider took under an id."""
    draft = Draft("reply", "chat.thanks", "记下了", new_id(), now + timedelta(hours=1))
    outbound.queue(session, vault, draft, now)
    message = outbound.claim_due(session, now, timedelta(seconds=60))
    assert message is not None
    trial = Trial(new_id(), "sms:template", ALIYUN)
    attempt = outbound.begin_attempt(session, message, trial, now)
    outbound.end_attempt(
        session, attempt.id, now, result="accepted", code="OK", provider_id=provider_id
    )
    outbound.settle(session, message, state, None, now)
    return attempt


def a_receipt(*, delivered: bool = True, code: str = "DELIVERED") -> Receipt:
    return Receipt("77", delivered, code, provider=ALIYUN)


@pytest.mark.parametrize("told", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_a_time_that_cannot_be_costs_no_receipt(
    database: Database, now: datetime, told: str
) -> None:
    receipt = Receipt("77", True, "OK", provider=ALIYUN, at=datetime.fromisoformat(told))
    with database.transaction() as session:
        receipts.keep(session, receipt, now)
    with database.reading() as session:
        assert session.exec(select(DeliveryReceipt)).one().happened_at == now


@pytest.mark.parametrize(
    ("state", "delivered", "expected"),
    [
        ("accepted", True, "delivered"),
        ("accepted", False, "channel_closed"),
        ("unknown", True, "delivered"),
        ("unknown", False, "channel_closed"),
        ("expired", False, "expired"),
        ("never", False, "never"),
        ("delivered", False, "delivered"),
        ("channel_closed", True, "delivered"),
        ("expired", True, "delivered"),
    ],
)
def test_a_receipt_moves_a_row_forward_only(
    database: Database, vault: Vault, now: datetime, state: str, delivered: bool, expected: str
) -> None:
    with database.transaction() as session:
        attempt = a_try(session, vault, now, state)
    with database.transaction() as session:
        moved = receipts.close(session, attempt.id, delivered=delivered, code="x", now=now)
        assert (moved is not None) is (state != expected)
    with database.reading() as session:
        row = session.get_one(OutboundMessage, attempt.outbound_message_id)
        assert row.state == expected
        result = "delivered" if delivered else "channel_closed"
        assert session.get_one(DeliveryAttempt, attempt.id).result == result


def test_what_has_arrived_is_not_taken_back(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        attempt = a_try(session, vault, now, "accepted")
        receipts.close(session, attempt.id, delivered=True, code="ok", now=now)
        assert receipts.close(session, attempt.id, delivered=False, code="x", now=now) is None
    with sqlite_database.reading() as session:
        assert session.get_one(DeliveryAttempt, attempt.id).result == "delivered"


def test_one_failed_try_does_not_undo_another_that_got_through(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        attempt = a_try(session, vault, now, "accepted")
        session.add(
            DeliveryAttempt(
                outbound_message_id=attempt.outbound_message_id,
                number=2,
                route="sms:template",
                began_at=now,
                result="accepted",
            )
        )
        session.flush()
        assert receipts.close(session, attempt.id, delivered=False, code="x", now=now) is None
    with sqlite_database.reading() as session:
        row = session.get_one(OutboundMessage, attempt.outbound_message_id)
        assert row.state == "accepted"


def test_a_receipt_is_kept_once(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        assert receipts.keep(session, a_receipt(), now) is not None
        assert receipts.keep(session, a_receipt(), now + timedelta(minutes=1)) is None
        assert receipts.keep(session, a_receipt(delivered=False), now) is not None
    with database.reading() as session:
        assert len(session.exec(select(DeliveryReceipt)).all()) == 2


def test_a_receipt_is_matched_at_its_own_provider_only(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    elsewhere = Receipt("77", delivered=True, code="ok", provider="tencent:main")
    with sqlite_database.transaction() as session:
        attempt = a_try(session, vault, now, "accepted")
        assert receipts.attempt_of(session, elsewhere) is None
        found = receipts.attempt_of(session, a_receipt())
        assert found is not None
        assert found.id == attempt.id


def test_an_echo_of_our_own_word_needs_no_id_of_the_provider(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        attempt = a_try(session, vault, now, "unknown", provider_id=None)
        echo = Receipt("9", delivered=True, code="ok", provider=ALIYUN, attempt_id=attempt.id)
        forged = Receipt("9", delivered=True, code="ok", provider="x:y", attempt_id=attempt.id)
        found = receipts.attempt_of(session, echo)
        assert found is not None
        assert found.id == attempt.id
        assert receipts.attempt_of(session, forged) is None


def test_a_phone_that_refuses_everything_is_stopped_once(
    sqlite_database: Database, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        contact = ContactPoint(channel="sms", account="main", address_index="a", created_at=now)
        session.add(contact)
        session.flush()
        assert receipts.note_stop(session, contact.id, now)
        assert not receipts.note_stop(session, contact.id, now + timedelta(days=1))
    with sqlite_database.reading() as session:
        assert session.get_one(ContactPoint, contact.id).stopped_at == now


def test_the_last_receipt_of_each_provider_is_known(
    sqlite_database: Database, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        receipts.keep(session, a_receipt(), now)
        receipts.keep(session, a_receipt(code="again"), now + timedelta(minutes=5))
        assert receipts.last_by_provider(session) == {ALIYUN: now + timedelta(minutes=5)}
