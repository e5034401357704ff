"""Receipts: twice, late, out of order, too early, for nobody; and what they do to a message."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import select

from channels.port import Result, SendOutcome
from channels.receipts import take_receipt
from records.db import Database
from records.outbound import Receipt
from records.plain import plain
from records.tables import ContactPoint, DeliveryReceipt
from records.vault import Vault
from tests.channels.post_office import UNKNOWN, PostOffice, accepted

ALIYUN = "aliyun:main"
DUE = "followup.open_neutral"


@pytest.fixture
def post(sqlite_database: Database, vault: Vault, now: datetime) -> PostOffice:
    made = PostOffice(sqlite_database, vault, now)
    made.aliyun.answers = [accepted("B1")]
    return made


def receipt(*, delivered: bool = True, provider_id: str = "B1", **changes: object) -> Receipt:
    code = "DELIVERED" if delivered else "REJECTED"
    values = {"provider": ALIYUN, **changes}
    return Receipt(provider_id, delivered, code, **values)  # type: ignore[arg-type]


def take(post: PostOffice, given: Receipt, after: timedelta = timedelta(minutes=1)) -> bool:
    with post.db.transaction() as session:
        return take_receipt(session, given, post.now + after)


async def sent(post: PostOffice, purpose: str = "reminder") -> None:
    post.queue(purpose, contact_point_id=post.phone_id, text_key=DUE)
    await post.deliver()


async def test_a_receipt_closes_its_message_and_a_second_copy_changes_nothing(
    post: PostOffice,
) -> None:
    await sent(post)
    assert take(post, receipt())
    assert not take(post, receipt(), timedelta(hours=5))
    assert (post.row().state, post.tries()[0].result) == ("delivered", "delivered")
    assert post.row().settled_at == post.now + timedelta(minutes=1)


async def test_a_refusal_puts_the_person_on_the_call_list_once(post: PostOffice) -> None:
    await sent(post)
    assert take(post, receipt(delivered=False))
    assert not take(post, receipt(delivered=False))
    assert (post.row().state, post.row().reason) == ("channel_closed", "REJECTED")
    assert post.tasks() == ["undelivered:REJECTED"]


async def test_in_the_wrong_order_what_has_arrived_has_arrived(post: PostOffice) -> None:
    await sent(post)
    take(post, receipt(delivered=False))
    assert take(post, receipt())
    assert not take(post, receipt(delivered=False))
    assert post.row().state == "delivered"


async def test_a_receipt_for_nobody_is_kept_and_harmless(post: PostOffice) -> None:
    await sent(post)
    assert not take(post, receipt(provider_id="nobody"))
    assert not take(post, receipt(provider="tencent:main"))
    assert post.row().state == "accepted"


async def test_a_receipt_that_overtakes_its_own_send_is_found(post: PostOffice) -> None:
    def early() -> None:
        assert not take(post, receipt())

    post.aliyun.during = early
    await sent(post)
    assert post.row().state == "delivered"
    with post.db.reading() as session:
        kept = session.exec(select(DeliveryReceipt)).one()
        assert kept.attempt_id == post.tries()[0].id


async def test_one_that_was_written_in_the_same_moment_is_found_by_the_next_look(
    post: PostOffice,
) -> None:
    await sent(post)
    with post.db.transaction() as session:
        # Neither of two transactions of the same moment sees what the other one writes.
        session.add(
            DeliveryReceipt(
                provider=ALIYUN,
                provider_id="B1",
                delivered=True,
                received_at=post.now,
            )
        )
    await post.deliver(timedelta(seconds=5))
    assert post.row().state == "delivered"


async def test_an_echo_of_our_word_settles_what_nobody_knew(post: PostOffice) -> None:
    post.aliyun.answers = [UNKNOWN]
    await sent(post)
    assert post.row().state == "unknown"
    echo = receipt(provider_id="B9", attempt_id=post.tries()[0].id)
    assert take(post, echo)
    assert post.row().state == "delivered"


async def test_an_echo_that_comes_while_the_call_hangs_is_not_lost(post: PostOffice) -> None:
    post.aliyun.answers = [UNKNOWN]

    def early() -> None:
        take(post, receipt(provider_id="B9", attempt_id=post.tries()[0].id))

    post.aliyun.during = early
    await sent(post)
    assert post.row().state == "delivered"


async def test_a_safety_text_that_has_arrived_is_not_said_again(post: PostOffice) -> None:
    post.aliyun.answers = [UNKNOWN]
    post.queue("safety", contact_point_id=post.phone_id, text_key="safety.general_emergency")
    await post.deliver()
    assert post.row().state == "queued"
    take(post, receipt(provider_id="B9", attempt_id=post.tries()[0].id))
    assert post.row().state == "delivered"
    await post.deliver(timedelta(minutes=1))
    assert len(post.aliyun.sent) == 1


async def test_a_late_yes_to_the_first_try_ends_the_second_ones_doubt(post: PostOffice) -> None:
    post.aliyun.answers = [UNKNOWN]
    post.tencent.answers = [UNKNOWN]
    post.wechat.templates = ()
    message = post.queue(
        "safety", contact_point_id=post.phone_id, text_key="safety.general_emergency"
    )
    post.shut()
    await post.deliver()
    first = post.tries()[0]

    def late() -> None:
        take(post, receipt(provider_id="B9", attempt_id=first.id))

    post.tencent.during = late
    await post.deliver(timedelta(seconds=30))
    assert post.row(message).state == "delivered"


async def test_a_number_that_takes_nothing_more_is_stopped(post: PostOffice) -> None:
    await sent(post)
    take(post, receipt(delivered=False, stops=True))
    with post.db.reading() as session:
        contact = session.get_one(ContactPoint, post.phone_id)
        assert contact.stopped_at == post.now + timedelta(minutes=1)


async def test_a_stop_by_receipt_locks_in_the_order_of_a_conclusion(post: PostOffice) -> None:
    written: list[str] = []

    def note(*given: object) -> None:
        verb, table, *_ = (*str(given[2]).split(), "")
        if verb == "UPDATE" and table in ("delivery_attempts", "contact_points"):
            written.append(table)

    post.aliyun.free_text = True
    event.listen(post.db.engine, "before_cursor_execute", note)
    try:
        await sent(post)
        concluded = list(dict.fromkeys(written))
        written.clear()
        take(post, receipt(delivered=False, stops=True))
    finally:
        event.remove(post.db.engine, "before_cursor_execute", note)
    assert list(dict.fromkeys(written)) == concluded == ["delivery_attempts", "contact_points"]


@pytest.mark.parametrize("odd", ["B\x001", "B\ud8001", "B" * 9000])
async def test_whatever_a_provider_calls_it_can_be_written_down_and_found_again(
    database: Database, vault: Vault, now: datetime, odd: str
) -> None:
    post = PostOffice(database, vault, now)
    post.aliyun.answers = [SendOutcome(Result.ACCEPTED, odd, odd, provider_id=odd)]
    await sent(post)
    assert post.row().state == "accepted"
    assert take(post, receipt(provider_id=odd))
    assert post.row().state == "delivered"


def test_a_plain_code_stays_as_it_is() -> None:
    assert SendOutcome(Result.NEVER, "isv.X-1", "号码").code == "isv.X-1"
    assert Receipt("SM0123", True, "成功").code == "成功"
    assert plain("号\ud800码\x00") == "号?码"
