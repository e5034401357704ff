"""One refresher per account, on both databases, and tokens that nobody can read in the table."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from records import tokens
from records.db import Database
from records.tables import AccessToken
from records.tokens import Lease
from records.vault import Vault

LASTS = timedelta(seconds=20)


def lease(database: Database, now: datetime, account: str = "a") -> Lease | None:
    with database.transaction() as session:
        return tokens.lease_refresh(session, account, now, LASTS)


def test_one_of_many_becomes_the_refresher(database: Database, now: datetime) -> None:
    start, won = threading.Barrier(6), []

    def ask() -> None:
        start.wait()
        won.append(lease(database, now))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each is not None for each in won) == 1


def test_each_account_has_its_own(database: Database, now: datetime) -> None:
    assert lease(database, now, "a") is not None
    assert lease(database, now, "b") is not None


def test_a_lease_that_ran_out_can_be_taken_and_its_holder_stores_nothing(
    database: Database, vault: Vault, now: datetime
) -> None:
    slow = lease(database, now)
    assert slow is not None
    assert lease(database, now + LASTS) is None
    quick = lease(database, now + LASTS + timedelta(seconds=1))
    assert quick is not None
    expires_at = now + timedelta(hours=2)
    with database.transaction() as session:
        assert not tokens.store(session, vault, slow, "old", expires_at)
        assert tokens.store(session, vault, quick, "fresh", expires_at)
    with database.reading() as session:
        assert tokens.current(session, vault, "a", now) == "fresh"
        assert b"fresh" not in (session.get_one(AccessToken, "a").token_sealed or b"")


def test_a_token_is_good_until_it_expires(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    held = lease(sqlite_database, now)
    assert held is not None
    with sqlite_database.transaction() as session:
        tokens.store(session, vault, held, "t", now + timedelta(minutes=1))
    with sqlite_database.reading() as session:
        assert tokens.current(session, vault, "a", now) == "t"
        assert tokens.current(session, vault, "a", now + timedelta(minutes=1)) is None
        assert tokens.current(session, vault, "nobody", now) is None


def test_giving_the_lease_back_frees_it_and_keeps_the_old_token(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    held = lease(sqlite_database, now)
    assert held is not None
    with sqlite_database.transaction() as session:
        tokens.store(session, vault, held, "t", now + timedelta(hours=1))
    again = lease(sqlite_database, now)
    assert again is not None
    with sqlite_database.transaction() as session:
        assert tokens.release(session, again)
        assert not tokens.release(session, again)
        assert tokens.current(session, vault, "a", now) == "t"
