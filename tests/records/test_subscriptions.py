"""The ledger of what people agreed to: a yes is one message, and order and repeats change nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import subscriptions as ledger
from records.db import Database
from records.subscriptions import LONG_TERM, NO_LEAVE, ONE_TIME, Choice, Leave, standing
from records.tables import ContactPoint, Subscription

TEMPLATE = "tpl-due"


@pytest.fixture
def contact(database: Database, now: datetime) -> str:
    with database.transaction() as session:
        row = ContactPoint(channel="wechat", account="gh", address_index="a", created_at=now)
        session.add(row)
        session.flush()
        return row.id


def note(
    db: Database, contact: str, mark: str, at: datetime, key: str = "", kind: str = ONE_TIME
) -> None:
    with db.transaction() as session:
        ledger.note(session, contact, [Choice(TEMPLATE, kind, mark)], at, key or at.isoformat())


def leave(db: Database, contact: str) -> Leave:
    with db.reading() as session:
        return ledger.leave_for(session, contact, TEMPLATE)


def spend(db: Database, contact: str, at: datetime, kind: str = ONE_TIME) -> None:
    with db.transaction() as session:
        ledger.spend(session, contact, TEMPLATE, kind, at)


def test_nobody_who_was_not_asked_has_agreed(database: Database, contact: str) -> None:
    assert leave(database, contact) == NO_LEAVE
    assert not NO_LEAVE.may_send(ONE_TIME)
    assert not NO_LEAVE.may_send(LONG_TERM)


def test_each_yes_is_one_message(database: Database, contact: str, now: datetime) -> None:
    for hours in (0, 1):
        note(database, contact, ledger.YES, now + timedelta(hours=hours))
    assert leave(database, contact).credits == 2
    for hours in (2, 3):
        assert leave(database, contact).may_send(ONE_TIME)
        spend(database, contact, now + timedelta(hours=hours))
    assert not leave(database, contact).may_send(ONE_TIME)
    spend(database, contact, now + timedelta(hours=4))
    assert leave(database, contact).credits == 0


def test_a_long_term_yes_holds_until_it_is_taken_back(
    database: Database, contact: str, now: datetime
) -> None:
    note(database, contact, ledger.YES, now, kind=LONG_TERM)
    for hours in range(1, 4):
        spend(database, contact, now + timedelta(hours=hours), LONG_TERM)
        assert leave(database, contact).may_send(LONG_TERM)
    note(database, contact, ledger.FORBIDDEN, now + timedelta(hours=5), kind=LONG_TERM)
    assert not leave(database, contact).may_send(LONG_TERM)


def test_a_no_to_one_more_takes_nothing_back(
    database: Database, contact: str, now: datetime
) -> None:
    note(database, contact, ledger.YES, now)
    note(database, contact, ledger.NO, now + timedelta(hours=1))
    assert leave(database, contact).may_send(ONE_TIME)
    spend(database, contact, now + timedelta(hours=2))
    note(database, contact, ledger.NO, now + timedelta(hours=3))
    assert leave(database, contact) == Leave("rejected", 0)


def test_switched_off_in_the_phone_nothing_is_left(
    database: Database, contact: str, now: datetime
) -> None:
    note(database, contact, ledger.YES, now)
    note(database, contact, ledger.FORBIDDEN, now + timedelta(hours=1))
    assert leave(database, contact) == Leave("rejected", 0)
    note(database, contact, ledger.ALLOWED, now + timedelta(hours=2))
    assert leave(database, contact) == Leave("accepted", 0)
    assert not leave(database, contact).may_send(ONE_TIME)


def test_the_platform_is_right_when_it_says_that_nothing_is_left(
    database: Database, contact: str, now: datetime
) -> None:
    for number in range(3):
        note(database, contact, ledger.YES, now, key=str(number))
    with database.transaction() as session:
        ledger.exhaust(session, contact, TEMPLATE, ONE_TIME, now + timedelta(hours=1))
    assert leave(database, contact).credits == 0
    note(database, contact, ledger.YES, now + timedelta(hours=2))
    assert leave(database, contact).credits == 1


def test_the_same_event_counts_once(database: Database, contact: str, now: datetime) -> None:
    for _ in range(3):
        note(database, contact, ledger.YES, now, key="event:1")
    assert leave(database, contact).credits == 1


def test_a_late_no_does_not_undo_a_later_yes(
    database: Database, contact: str, now: datetime
) -> None:
    note(database, contact, ledger.YES, now)
    note(database, contact, ledger.YES, now + timedelta(hours=2))
    note(database, contact, ledger.FORBIDDEN, now + timedelta(hours=1))
    assert leave(database, contact) == Leave("accepted", 1)


def test_two_templates_are_two_ledgers(database: Database, contact: str, now: datetime) -> None:
    asked = [Choice("a", ONE_TIME, ledger.YES), Choice("b", LONG_TERM, ledger.NO)]
    with database.transaction() as session:
        ledger.note(session, contact, asked, now, "event:1")
    with database.reading() as session:
        rows = {row.template_id: row for row in ledger.all_of(session, [contact])}
    assert (rows["a"].state, rows["a"].credits, rows["a"].kind) == ("accepted", 1, ONE_TIME)
    assert (rows["b"].state, rows["b"].kind) == ("rejected", LONG_TERM)


def test_a_long_ledger_is_carried_forward(database: Database, contact: str, now: datetime) -> None:
    for number in range(150):
        note(database, contact, ledger.YES, now + timedelta(minutes=number), key=str(number))
        if number % 2:
            spend(database, contact, now + timedelta(minutes=number, seconds=30))
    assert leave(database, contact) == Leave("accepted", 75)
    with database.reading() as session:
        (row,) = ledger.all_of(session, [contact])
        assert isinstance(row, Subscription)
        assert len(row.marks) <= 60


WHAT = st.sampled_from(
    [ledger.YES, ledger.NO, ledger.ALLOWED, ledger.FORBIDDEN, ledger.BARRED, ledger.SPENT]
)
MARKS = st.lists(st.tuples(st.integers(0, 9), WHAT), max_size=12)


@given(MARKS, st.randoms(use_true_random=False), st.sampled_from([ONE_TIME, LONG_TERM]))
def test_order_and_repeats_change_nothing(
    happened: list[tuple[int, str]], dice: object, kind: str
) -> None:
    marks = [[f"2026-11-2{at}T00:00:00", what, str(n)] for n, (at, what) in enumerate(happened)]
    shuffled = list(marks)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert standing(shuffled, kind) == standing(marks, kind)
    assert standing(marks, kind).credits >= 0


@given(MARKS)
def test_nothing_may_be_sent_after_a_switch_off_without_a_new_yes(
    happened: list[tuple[int, str]],
) -> None:
    marks = [[f"2026-11-2{at}T00:00:00", what, str(n)] for n, (at, what) in enumerate(happened)]
    off = ["2026-11-29T23:00:00", ledger.FORBIDDEN, "z"]
    for kind in (ONE_TIME, LONG_TERM):
        assert not standing([*marks, off], kind).may_send(kind)
