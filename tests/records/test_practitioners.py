"""Accounts, browser sessions, and the brake on guessing."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlmodel import select

from records import practitioners
from records.db import Database
from records.practitioners import Account, LoginTakenError, PasswordError, Visitor
from records.tables import Practitioner, SignIn, Throttle
from tests.inbox.county import PASSWORD, County, there


def test_the_right_password_matches_and_a_wrong_one_does_not(county: County) -> None:
    known = practitioners.credentials(county.session, " Doctor_A ", loopback=True)
    assert practitioners.password_matches(known, PASSWORD)
    assert not practitioners.password_matches(known, PASSWORD + "x")


def test_an_unknown_login_is_hashed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    real = practitioners._HASHER.verify

    class Watched:
        hash = practitioners._HASHER.hash

        def verify(self, stored: str, given: str) -> bool:
            compared.append(stored)
            return real(stored, given)

    monkeypatch.setattr(practitioners, "_HASHER", Watched())
    assert not practitioners.password_matches(None, "whatever it is")
    assert compared[0].startswith("$argon2id$")


def test_a_damaged_hash_matches_nothing() -> None:
    known = practitioners.Credentials("x", "not a hash", usable=True)
    assert not practitioners.password_matches(known, PASSWORD)


@pytest.mark.parametrize(
    ("password", "reason"),
    [("short", "too_short"), ("x" * 201, "too_long"), ("Doctor_Zhang", "is_login")],
)
def test_a_weak_password_is_refused_with_its_reason(
    county: County, password: str, reason: str
) -> None:
    account = Account("doctor_zhang", password, "张", "village_doctor", county.places["a"].id)
    with pytest.raises(PasswordError) as refused:
        practitioners.create(county.session, county.vault, account, county.now)
    assert refused.value.reason == reason


def test_a_login_is_given_once_whatever_its_case(county: County) -> None:
    account = Account("DOCTOR_A", PASSWORD, "张", "village_doctor", county.places["a"].id)
    with pytest.raises(LoginTakenError):
        practitioners.create(county.session, county.vault, account, county.now)


def test_names_and_numbers_are_sealed(county: County) -> None:
    account = Account("z", PASSWORD, "周敏", "village_doctor", county.places["a"].id, "13912345678")
    row = practitioners.create(county.session, county.vault, account, county.now)
    assert "周敏".encode() not in there(row.name_sealed)
    assert practitioners.name_of(county.vault, row.id, row.name_sealed) == "周敏"
    assert row.phone_index == county.vault.index("13912345678", "phone")


def test_a_demo_account_is_refused_off_loopback(county: County) -> None:
    county.practitioner("demo", "a", "village_doctor", "演示", demo=True)
    here = practitioners.credentials(county.session, "demo", loopback=True)
    there = practitioners.credentials(county.session, "demo", loopback=False)
    assert practitioners.password_matches(here, PASSWORD)
    assert not practitioners.password_matches(there, PASSWORD)


def test_a_demo_session_ends_when_the_server_leaves_loopback(county: County) -> None:
    reader = county.practitioner("demo", "a", "village_doctor", "演示", demo=True)
    ticket = practitioners.sign_in(county.session, reader.practitioner_id, county.now)
    look = (county.session, county.vault, ticket.cookie, county.now)
    assert practitioners.visitor(*look, loopback=True)
    assert practitioners.visitor(*look, loopback=False) is None


def enter(county: County, login: str = "doctor_a") -> practitioners.Ticket:
    reader = county.readers[login]
    return practitioners.sign_in(county.session, reader.practitioner_id, county.now)


def who(county: County, cookie: str | None, later: timedelta = timedelta(0)) -> Visitor | None:
    return practitioners.visitor(
        county.session, county.vault, cookie, county.now + later, loopback=False
    )


def test_a_session_knows_the_reader_and_stores_only_a_digest(county: County) -> None:
    ticket = enter(county)
    visitor = there(who(county, ticket.cookie))
    assert visitor.reader == county.readers["doctor_a"]
    assert (visitor.name, visitor.facility_name) == ("李建国", "东沟村")
    row = county.session.exec(select(SignIn)).one()
    assert row.id == hashlib.sha256(ticket.cookie.encode()).hexdigest()
    assert ticket.cookie not in str(row.model_dump())


@pytest.mark.parametrize("cookie", [None, "", "made up"])
def test_another_cookie_is_nobody(county: County, cookie: str | None) -> None:
    enter(county)
    assert who(county, cookie) is None


def test_a_session_slides_while_it_is_used_and_ends_when_it_is_not(county: County) -> None:
    ticket = enter(county)
    visitor = there(who(county, ticket.cookie, timedelta(hours=11)))
    assert visitor.wants_renewal
    practitioners.renew(county.session, visitor.session_id, county.now + timedelta(hours=11))
    assert who(county, ticket.cookie, timedelta(hours=22))
    assert who(county, ticket.cookie, timedelta(hours=24)) is None


def test_a_session_never_outlives_a_week(county: County) -> None:
    ticket = enter(county)
    session_id = there(who(county, ticket.cookie)).session_id
    practitioners.renew(county.session, session_id, county.now + timedelta(days=6, hours=20))
    assert who(county, ticket.cookie, timedelta(days=7)) is None


def test_a_fresh_session_is_not_written_on_every_page(county: County) -> None:
    ticket = enter(county)
    assert not there(who(county, ticket.cookie, timedelta(minutes=4))).wants_renewal


def test_renewing_a_session_that_is_gone_does_nothing(county: County) -> None:
    practitioners.renew(county.session, "gone", county.now)
    assert county.session.exec(select(SignIn)).all() == []


def test_signing_out_ends_the_session(county: County) -> None:
    ticket = enter(county)
    practitioners.sign_out(county.session, there(who(county, ticket.cookie)).session_id)
    assert who(county, ticket.cookie) is None


def test_a_disabled_account_is_out_at_once_and_cannot_come_back(county: County) -> None:
    ticket = enter(county)
    row = county.readers["doctor_a"].practitioner_id
    assert practitioners.disable(county.session, row, county.now)
    assert not practitioners.disable(county.session, row, county.now)
    assert who(county, ticket.cookie) is None
    known = practitioners.credentials(county.session, "doctor_a", loopback=True)
    assert not practitioners.password_matches(known, PASSWORD)


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(county: County) -> None:
    here, elsewhere = enter(county), enter(county)
    keep = there(who(county, here.cookie)).session_id
    row = county.readers["doctor_a"].practitioner_id
    practitioners.set_password(
        county.session, row, practitioners.hash_password("another long secret"), keep=keep
    )
    assert who(county, here.cookie)
    assert who(county, elsewhere.cookie) is None
    known = practitioners.credentials(county.session, "doctor_a", loopback=True)
    assert practitioners.password_matches(known, "another long secret")


def test_a_hash_of_older_settings_is_made_anew(county: County) -> None:
    row = county.session.get_one(Practitioner, county.readers["doctor_a"].practitioner_id)
    row.password_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    county.session.add(row)
    county.session.flush()
    ticket = enter(county)
    known = practitioners.credentials(county.session, "doctor_a", loopback=True)
    assert practitioners.password_matches(known, PASSWORD)
    assert practitioners.needs_rehash(there(known))
    practitioners.rehash(county.session, row.id, practitioners.hash_password(PASSWORD))
    known = practitioners.credentials(county.session, "doctor_a", loopback=True)
    assert not practitioners.needs_rehash(there(known))
    assert who(county, ticket.cookie)


def test_expired_sessions_are_swept_by_the_next_sign_in(county: County) -> None:
    enter(county)
    later = county.now + timedelta(days=1)
    practitioners.sign_in(county.session, county.readers["doctor_b"].practitioner_id, later)
    assert len(county.session.exec(select(SignIn)).all()) == 1


def test_too_many_tries_of_one_login_are_refused_until_the_window_ends(county: County) -> None:
    tries = [
        practitioners.may_try(county.session, "doctor_a", f"10.0.0.{n}", county.now)
        for n in range(practitioners.TRIES_PER_LOGIN + 1)
    ]
    assert tries == [True] * practitioners.TRIES_PER_LOGIN + [False]
    later = county.now + practitioners.TRIES_WINDOW
    assert practitioners.may_try(county.session, "doctor_a", "10.0.0.1", later)


def test_too_many_tries_from_one_address_are_refused(county: County) -> None:
    tries = [
        practitioners.may_try(county.session, f"login{n}", "10.0.0.1", county.now)
        for n in range(practitioners.TRIES_PER_ADDRESS + 1)
    ]
    assert tries == [True] * practitioners.TRIES_PER_ADDRESS + [False]


def test_a_right_password_clears_the_login_and_gives_the_address_its_try_back(
    county: County,
) -> None:
    for _ in range(3):
        practitioners.may_try(county.session, "doctor_a", "10.0.0.1", county.now)
    practitioners.forgive(county.session, "doctor_a", "10.0.0.1")
    rows = county.session.exec(select(Throttle)).all()
    assert [row.count for row in rows] == [2]


def test_neither_logins_nor_addresses_stand_in_the_throttle(county: County) -> None:
    practitioners.may_try(county.session, "doctor_a", "10.0.0.1", county.now)
    keys = " ".join(row.key for row in county.session.exec(select(Throttle)).all())
    assert "doctor_a" not in keys
    assert "10.0.0.1" not in keys


def test_tries_at_the_same_instant_are_all_counted(database: Database, now: datetime) -> None:
    def attempt(_: int) -> bool:
        with database.transaction() as session:
            return practitioners.may_try(session, "doctor_a", "10.0.0.1", now)

    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(attempt, range(24)))
    assert sum(allowed) == practitioners.TRIES_PER_LOGIN


@pytest.mark.parametrize(
    ("given", "same"), [("abc", True), ("abd", False), (None, False), ("", False)]
)
def test_tokens_are_compared_whole(given: str | None, same: bool) -> None:
    assert practitioners.same(given, "abc") is same
