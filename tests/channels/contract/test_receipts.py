"""Receipts as each provider sends them: twice, late, in the wrong order, about nobody we know."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from channels.receipts import take_receipt
from records import messages, outbound
from records.db import Database
from records.identity import new_id
from records.messages import Address
from records.outbound import Draft, Receipt, Trial
from records.tables import DeliveryAttempt, DeliveryReceipt, OutboundMessage
from records.vault import Vault
from tests.channels.contract.bench import Bench
from tests.channels.contract.benches import BENCHES

RECEIPTS = pytest.mark.parametrize(
    "bench", [one for one in BENCHES if one.closing is not None], ids=str
)
THEIRS = "9001234^0"


def a_try(session: Session, vault: Vault, provider: str, now: datetime, state: str) -> str:
    """A message that its provider took, or that is in doubt; the id of its only try."""
    address = Address("sms", "main", "+8613800001111")
    contact = messages.ensure_contact_point(session, vault, address, now)
    until = now + timedelta(days=2)
    draft = Draft("doctor", "chat.thanks", "记下了", new_id(), until, contact_point_id=contact.id)
    assert outbound.queue(session, vault, draft, now)
    message = outbound.claim_due(session, now, timedelta(minutes=1))
    assert message is not None
    trial = Trial(new_id(), "sms:text", provider, contact.id)
    attempt = outbound.begin_attempt(session, message, trial, now)
    known = THEIRS if state == "accepted" else None
    outbound.end_attempt(session, attempt.id, now, result=state, code="", provider_id=known)
    outbound.settle(session, message, state, None, now)
    return attempt.id


def told(bench: Bench, attempt_id: str, *, delivered: bool, theirs: str = THEIRS) -> Receipt:
    assert bench.closing is not None
    [receipt] = bench.closing(theirs, attempt_id, delivered)
    return receipt


def take(db: Database, receipt: Receipt, now: datetime) -> bool:
    with db.transaction() as session:
        return take_receipt(session, receipt, now)


def state_of(db: Database, attempt_id: str) -> str:
    with db.reading() as session:
        attempt = session.get_one(DeliveryAttempt, attempt_id)
        return session.get_one(OutboundMessage, attempt.outbound_message_id).state


def kept(db: Database) -> int:
    with db.reading() as session:
        return len(session.exec(select(DeliveryReceipt)).all())


def prepared(db: Database, vault: Vault, bench: Bench, now: datetime, state: str) -> str:
    provider = told(bench, "x", delivered=True).provider
    with db.transaction() as session:
        return a_try(session, vault, provider, now, state)


@RECEIPTS
def test_a_receipt_that_comes_twice_changes_nothing_the_second_time(
    sqlite_database: Database, vault: Vault, bench: Bench, now: datetime
) -> None:
    attempt = prepared(sqlite_database, vault, bench, now, "accepted")
    receipt = told(bench, attempt, delivered=True)
    moved = [take(sqlite_database, receipt, now + timedelta(seconds=n)) for n in (1, 2)]
    assert moved == [True, False]
    assert (state_of(sqlite_database, attempt), kept(sqlite_database)) == ("delivered", 1)


@RECEIPTS
def test_what_has_arrived_is_not_taken_back(
    sqlite_database: Database, vault: Vault, bench: Bench, now: datetime
) -> None:
    attempt = prepared(sqlite_database, vault, bench, now, "accepted")
    take(sqlite_database, told(bench, attempt, delivered=True), now)
    assert not take(sqlite_database, told(bench, attempt, delivered=False), now)
    assert state_of(sqlite_database, attempt) == "delivered"


@RECEIPTS
def test_receipts_in_the_wrong_order_end_where_the_right_order_does(
    sqlite_database: Database, vault: Vault, bench: Bench, now: datetime
) -> None:
    attempt = prepared(sqlite_database, vault, bench, now, "accepted")
    assert take(sqlite_database, told(bench, attempt, delivered=False), now)
    assert state_of(sqlite_database, attempt) == "channel_closed"
    assert take(sqlite_database, told(bench, attempt, delivered=True), now)
    assert state_of(sqlite_database, attempt) == "delivered"


@RECEIPTS
def test_a_late_receipt_closes_what_was_in_doubt_where_it_names_our_try(
    sqlite_database: Database, vault: Vault, bench: Bench, now: datetime
) -> None:
    attempt = prepared(sqlite_database, vault, bench, now, "unknown")
    receipt = told(bench, attempt, delivered=True)
    moved = take(sqlite_database, receipt, now + timedelta(hours=20))
    assert moved is (receipt.attempt_id is not None)
    assert state_of(sqlite_database, attempt) == ("delivered" if moved else "unknown")


@RECEIPTS
def test_a_receipt_for_nobody_we_know_is_kept_and_moves_nothing(
    sqlite_database: Database, vault: Vault, bench: Bench, now: datetime
) -> None:
    attempt = prepared(sqlite_database, vault, bench, now, "accepted")
    stranger = told(bench, new_id(), delivered=True, theirs="777^0")
    assert not take(sqlite_database, stranger, now)
    assert (state_of(sqlite_database, attempt), kept(sqlite_database)) == ("accepted", 1)
    with sqlite_database.reading() as session:
        unmatched = select(DeliveryReceipt).where(col(DeliveryReceipt.attempt_id).is_(None))
        assert len(session.exec(unmatched).all()) == 1


@RECEIPTS
def test_another_providers_receipt_closes_nothing_of_ours(
    sqlite_database: Database, vault: Vault, bench: Bench, now: datetime
) -> None:
    """Two providers may use the same id."""
    with sqlite_database.transaction() as session:
        attempt = a_try(session, vault, "somebody:else", now, "accepted")
    assert not take(sqlite_database, told(bench, attempt, delivered=False), now)
    assert state_of(sqlite_database, attempt) == "accepted"
