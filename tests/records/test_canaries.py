"""One canary a day and provider, whoever sends it; good only when it is known to have arrived."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from records import canaries
from records.canaries import BAD, CANNOT, GOOD, WAITING
from records.db import Database
from records.tables import Canary, DeliveryReceipt
from tests.inbox.county import there

MINUTE = timedelta(minutes=1)


def test_one_machine_sends_it(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        first = canaries.claim(session, "aliyun:main", now)
        again = canaries.claim(session, "aliyun:main", now + 60 * MINUTE)
        other = canaries.claim(session, "kannel:main", now)
        tomorrow = canaries.claim(session, "aliyun:main", now + timedelta(days=1))
    assert first is not None
    assert again is None
    assert other is not None
    assert tomorrow is not None


def test_what_could_not_be_tried_is_tried_again_later(
    sqlite_database: Database, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        canary = there(canaries.claim(session, "wechat:wx1", now))
        canaries.note(session, canary.id, result=CANNOT, code="window_shut", provider_id=None)
        assert canaries.claim(session, "wechat:wx1", now + 29 * MINUTE) is None
        again = there(canaries.claim(session, "wechat:wx1", now + 30 * MINUTE))
        assert (again.id, again.result) == (canary.id, None)
        assert canaries.claim(session, "wechat:wx1", now + 31 * MINUTE) is None


@pytest.mark.parametrize(
    ("provider", "result", "age", "expected"),
    [
        ("aliyun:main", None, 1, WAITING),
        ("aliyun:main", None, 6, BAD),
        ("aliyun:main", "accepted", 29, WAITING),
        ("aliyun:main", "accepted", 31, BAD),
        ("aliyun:main", "unknown", 29, WAITING),
        ("aliyun:main", "unknown", 31, BAD),
        ("aliyun:main", "never", 0, BAD),
        ("aliyun:main", "delivered", 0, GOOD),
        ("wechat:wx1", "accepted", 0, GOOD),
        ("wechat:wx1", "unknown", 0, BAD),
        ("wechat:wx1", CANNOT, 0, CANNOT),
    ],
)
def test_the_verdict(
    now: datetime, provider: str, result: str | None, age: int, expected: str
) -> None:
    canary = Canary(provider=provider, day=now.date(), sent_at=now - age * MINUTE, result=result)
    assert canaries.verdict(canary, now) == expected


def test_a_receipt_says_that_it_arrived(sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.transaction() as session:
        canary = there(canaries.claim(session, "aliyun:main", now))
        canaries.note(session, canary.id, result="accepted", code=None, provider_id="b^0")
        assert canaries.take_receipts(session, now) == 0
        [row] = canaries.of_today(session, now)
        assert canaries.why(row) == canaries.NO_RECEIPT
        for provider in ("tencent:main", "aliyun:main"):
            session.add(
                DeliveryReceipt(
                    provider=provider,
                    provider_id="b^0",
                    delivered=provider == "aliyun:main",
                    code="DELIVERED",
                    received_at=now + MINUTE,
                )
            )
        assert canaries.take_receipts(session, now) == 1
        assert canaries.take_receipts(session, now) == 0
        [row] = canaries.of_today(session, now)
    assert (row.arrived_at, canaries.verdict(row, now + 60 * MINUTE)) == (now + MINUTE, GOOD)


def test_a_receipt_says_that_it_did_not(sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.transaction() as session:
        canary = there(canaries.claim(session, "aliyun:main", now))
        canaries.note(session, canary.id, result="unknown", code="ReadTimeout", provider_id=None)
        session.add(
            DeliveryReceipt(
                provider="aliyun:main",
                provider_id=canary.id,
                delivered=False,
                code="UNDELIVERED",
                received_at=now,
            )
        )
        assert canaries.take_receipts(session, now) == 1
        [row] = canaries.of_today(session, now)
    assert (canaries.verdict(row, now), canaries.why(row)) == (BAD, "UNDELIVERED")
