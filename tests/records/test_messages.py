"""Accepting what came in: once, in order, with the window and the wake-up that follow from it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, func, select

from records import media, messages, windows
from records.db import Database
from records.messages import Accepted, Address, Arrival, MediaRef
from records.tables import ContactPoint, InboundMessage, Media
from records.vault import Vault
from records.windows import Room, Window

SETTLE = timedelta(seconds=4)
TWO_DAYS = Window(timedelta(hours=48), 5)
A_MINUTE = Window(timedelta(minutes=1), 3)


def an_arrival(now: datetime, external_id: str = "m1", **changes: object) -> Arrival:
    arrival = Arrival(
        channel="wechat",
        account="gh",
        address="openid-1",
        external_id=external_id,
        kind="text",
        sent_at=now,
        text="血压 150/90",
        window=TWO_DAYS,
    )
    return replace(arrival, **changes)  # type: ignore[arg-type]


def accept(database: Database, vault: Vault, arrival: Arrival, now: datetime) -> Accepted:
    with database.transaction() as session:
        return messages.accept(session, vault, arrival, now, wake_at=now + SETTLE)


def the_contact(database: Database) -> ContactPoint:
    with database.reading() as session:
        return session.exec(select(ContactPoint)).one()


def count(session: Session, table: type[InboundMessage] | type[ContactPoint]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def test_a_message_becomes_a_sealed_row_and_its_conversation_is_due(
    database: Database, vault: Vault, now: datetime
) -> None:
    accepted = accept(database, vault, an_arrival(now), now)
    assert accepted.new
    with database.reading() as session:
        row = session.get_one(InboundMessage, accepted.message_id)
        assert row.state == "waiting"
        assert row.body_sealed is not None
        assert "血压".encode() not in row.body_sealed
        assert messages.text_of(vault, row) == "血压 150/90"
        assert messages.passive_of(vault, row) is None
    contact = the_contact(database)
    assert contact.wake_at == now + SETTLE
    assert contact.waiting_since == now
    assert messages.address_of(vault, contact) == "openid-1"
    assert "openid-1" not in (contact.address_index, str(contact.address_sealed))


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("0001-01-01T00:00:00+08:00", None),
        ("9999-12-31T23:59:59-08:00", None),
        ("1969-12-31T00:00:00+00:00", None),
        ("2026-11-20T08:00:00+08:00", "2026-11-20T08:00:00+08:00"),
    ],
)
def test_a_time_that_cannot_be_costs_no_message(
    database: Database, vault: Vault, now: datetime, told: str, kept: str | None
) -> None:
    arrival = an_arrival(now, sent_at=datetime.fromisoformat(told))
    accepted = accept(database, vault, arrival, now)
    with database.reading() as session:
        row = session.get_one(InboundMessage, accepted.message_id)
        assert row.sent_at == (datetime.fromisoformat(kept) if kept else now)


def test_a_repeat_changes_nothing_and_gets_the_same_passive_reply(
    database: Database, vault: Vault, now: datetime
) -> None:
    first = accept(database, vault, an_arrival(now), now)
    with database.transaction() as session:
        messages.answer_passively(session, vault, first.message_id, "马上打120")
    again = accept(database, vault, an_arrival(now), now + timedelta(seconds=5))
    assert again == Accepted(
        first.message_id, first.contact_point_id, new=False, passive="马上打120"
    )
    assert the_contact(database).wake_at == now + SETTLE
    with database.reading() as session:
        assert count(session, InboundMessage) == 1


def test_the_same_first_message_at_the_same_instant_makes_one_contact_and_one_row(
    database: Database, vault: Vault, now: datetime
) -> None:
    """courier #285: two first messages at once made an orphan contact."""
    start, results = threading.Barrier(6), []

    def deliver(external_id: str) -> None:
        start.wait()
        results.append(accept(database, vault, an_arrival(now, external_id), now))

    threads = [threading.Thread(target=deliver, args=(f"m{n % 2}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(accepted.new for accepted in results) == 2
    assert len({accepted.contact_point_id for accepted in results}) == 1
    with database.reading() as session:
        assert count(session, ContactPoint) == 1
        assert count(session, InboundMessage) == 2


def test_the_same_openid_on_another_account_is_another_conversation(
    database: Database, vault: Vault, now: datetime
) -> None:
    accept(database, vault, an_arrival(now), now)
    other = accept(database, vault, an_arrival(now, account="gh2"), now)
    assert other.new
    with database.reading() as session:
        assert count(session, ContactPoint) == 2


def test_pieces_put_the_turn_off_but_not_for_ever(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    due = []
    for seconds in range(0, 14, 3):
        at = now + timedelta(seconds=seconds)
        accept(sqlite_database, vault, an_arrival(now, f"m{seconds}"), at)
        due.append((the_contact(sqlite_database).wake_at or now) - now)
    assert due == [timedelta(seconds=s) for s in (4, 7, 10, 13, 15)]


def test_a_turn_that_is_due_is_not_put_off(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    accept(sqlite_database, vault, an_arrival(now), now)
    with sqlite_database.transaction() as session:
        session.exec(select(ContactPoint)).one().wake_at = now
    accept(sqlite_database, vault, an_arrival(now, "m2"), now + timedelta(seconds=1))
    assert the_contact(sqlite_database).wake_at == now


def test_a_new_message_brings_a_turn_forward_that_waits_for_its_next_try(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    accept(sqlite_database, vault, an_arrival(now), now)
    with sqlite_database.transaction() as session:
        session.exec(select(ContactPoint)).one().wake_at = now + timedelta(minutes=5)
    later = now + timedelta(minutes=1)
    accept(sqlite_database, vault, an_arrival(now, "m2"), later)
    assert the_contact(sqlite_database).wake_at == later


def test_what_needs_no_answer_wakes_nobody(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    event = an_arrival(
        now, kind="event", text="", event={"event": "VIEW"}, waits=False, window=None
    )
    accepted = accept(sqlite_database, vault, event, now)
    contact = the_contact(sqlite_database)
    assert contact.wake_at is None
    assert contact.last_inbound_at is None
    with sqlite_database.reading() as session:
        row = session.get_one(InboundMessage, accepted.message_id)
        assert (row.state, row.body_sealed, row.event) == ("done", None, {"event": "VIEW"})


def test_a_message_renews_the_window(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    accept(sqlite_database, vault, an_arrival(now), now)
    with sqlite_database.transaction() as session:
        session.exec(select(ContactPoint)).one().window_left = 1
    later = now + timedelta(hours=1)
    accept(sqlite_database, vault, an_arrival(now, "m2"), later)
    contact = the_contact(sqlite_database)
    assert (contact.window_until, contact.window_left) == (later + TWO_DAYS.lasts, 5)


@pytest.mark.parametrize(
    ("left", "lasts", "sends"),
    [
        pytest.param(4, TWO_DAYS.lasts, 4, id="the longer window has more: it counts"),
        pytest.param(2, A_MINUTE.lasts, 3, id="the tap's has more for its minute"),
        pytest.param(0, A_MINUTE.lasts, 3, id="the longer window is used up: the tap opens one"),
    ],
)
def test_windows_are_not_added_up_and_the_larger_one_counts(
    sqlite_database: Database,
    vault: Vault,
    now: datetime,
    left: int,
    lasts: timedelta,
    sends: int,
) -> None:
    accept(sqlite_database, vault, an_arrival(now), now)
    with sqlite_database.transaction() as session:
        session.exec(select(ContactPoint)).one().window_left = left
    tap = an_arrival(now, "e1", kind="event", event={"event": "CLICK"}, window=A_MINUTE)
    accept(sqlite_database, vault, tap, now)
    contact = the_contact(sqlite_database)
    assert windows.room(contact, now) == Room(sends, now + lasts)
    assert windows.room(contact, now + A_MINUTE.lasts).left == left
    assert windows.room(contact, now + TWO_DAYS.lasts) == Room()


def test_leaving_shuts_the_window_and_coming_back_is_noticed(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    accept(sqlite_database, vault, an_arrival(now), now)
    leave = an_arrival(now, "e1", kind="event", text="", window=None, waits=False, follows=False)
    accept(sqlite_database, vault, leave, now)
    gone = the_contact(sqlite_database)
    assert (gone.unfollowed_at, gone.window_until, gone.window_left) == (now, None, 0)
    accept(sqlite_database, vault, an_arrival(now, "m2"), now)
    assert the_contact(sqlite_database).unfollowed_at is None


def test_following_is_written_down(sqlite_database: Database, vault: Vault, now: datetime) -> None:
    follow = an_arrival(now, "e1", kind="event", text="", window=A_MINUTE, follows=True)
    accept(sqlite_database, vault, follow, now)
    assert the_contact(sqlite_database).followed_at == now


def test_a_receipt_is_no_sign_of_life(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    leave = an_arrival(now, "e1", kind="event", text="", window=None, waits=False, follows=False)
    accept(sqlite_database, vault, leave, now)
    receipt = an_arrival(
        now,
        messages.receipt_id("77"),
        kind="event",
        text="",
        event={"event": "TEMPLATESENDJOBFINISH", "delivered": False, "status": "failed"},
        window=None,
        waits=False,
    )
    accept(sqlite_database, vault, receipt, now)
    assert the_contact(sqlite_database).unfollowed_at == now


def a_photo(database: Database, vault: Vault, now: datetime) -> Media:
    photo = an_arrival(now, kind="image", text="", media=(MediaRef("media-1", "image"),))
    accept(database, vault, photo, now)
    with database.reading() as session:
        return session.exec(select(Media)).one()


def test_a_photo_is_wanted_claimed_once_and_kept_sealed(
    database: Database, vault: Vault, now: datetime
) -> None:
    wanted = a_photo(database, vault, now)
    assert media.content_of(vault, wanted) is None
    lease = timedelta(minutes=1)
    with database.transaction() as session:
        claimed = media.claim(session, now, lease)
    with database.transaction() as session:
        assert media.claim(session, now, lease) is None
    assert claimed is not None
    assert (claimed.external_id, claimed.attempts) == ("media-1", 1)
    with database.transaction() as session:
        assert media.store(session, vault, claimed.id, media.File(b"\xff\xd8", "image/jpeg"), now)
    with database.reading() as session:
        kept = session.exec(select(Media)).one()
        assert kept.state == "stored"
        assert kept.content_sealed != b"\xff\xd8"
        assert media.content_of(vault, kept) == b"\xff\xd8"


def test_a_photo_whose_worker_died_is_wanted_again(
    database: Database, vault: Vault, now: datetime
) -> None:
    a_photo(database, vault, now)
    lease = timedelta(minutes=1)
    with database.transaction() as session:
        media.claim(session, now, lease)
    with database.transaction() as session:
        again = media.claim(session, now + lease, lease)
    assert again is not None
    assert again.attempts == 2


def test_a_stored_photo_cannot_be_given_up(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    wanted = a_photo(sqlite_database, vault, now)
    with sqlite_database.transaction() as session:
        assert media.store(session, vault, wanted.id, media.File(b"x", "image/png"), now)
        assert not media.give_up(session, wanted.id, "too_late")
        assert not media.retry(session, wanted.id, "again", now)


def test_a_contact_point_that_cannot_be_locked_is_an_error(
    sqlite_database: Database, vault: Vault, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "_found", lambda *_: None)
    with sqlite_database.transaction() as session, pytest.raises(LookupError, match="vanished"):
        messages.ensure_contact_point(session, vault, Address("wechat", "gh", "o"), now)


def test_an_urgent_message_is_due_at_once_and_keeps_its_level(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    accept(sqlite_database, vault, an_arrival(now), now)
    later = now + timedelta(seconds=1)
    with sqlite_database.transaction() as session:
        urgent = an_arrival(now, "m2")
        accepted = messages.accept(session, vault, urgent, later, wake_at=later, level="urgent")
    assert the_contact(sqlite_database).wake_at == later
    with sqlite_database.reading() as session:
        assert session.get_one(InboundMessage, accepted.message_id).level == "urgent"
