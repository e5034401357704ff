"""An identity elsewhere is bound once with a code, and never signs anybody in by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from records import arriving, devices, identities, practitioners
from records.arriving import Departure
from records.db import Database
from records.identities import CODES_PER_HOUR, LENGTH, SIGNS, WECHAT, WECOM, Subject
from records.identity import new_id
from records.tables import (
    AuditEvent,
    ExternalIdentity,
    Facility,
    IdentityCode,
    IdentityVisit,
    Practitioner,
    TrustedDevice,
)
from records.vault import Vault

LI = Subject(WECOM, "corp", "LiJianGuo")


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.transaction() as session:
        yield session


@pytest.fixture
def doctors(session: Session, now: datetime) -> list[str]:
    place = Facility(id=new_id(), kind="village_clinic", name="村", path="v/")
    session.add(place)
    session.flush()
    made = []
    for login in ("a", "b"):
        one = Practitioner(
            facility_id=place.id,
            role="village_doctor",
            login=login,
            password_hash="x",
            created_at=now,
        )
        session.add(one)
        made.append(one.id)
    session.flush()
    return made


def code_of(session: Session, vault: Vault, doctor: str, now: datetime) -> str:
    code = identities.issue_code(session, vault, doctor, now)
    assert code is not None
    return code


def test_a_code_leads_to_its_maker_once(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    code = code_of(session, vault, doctors[0], now)
    assert len(code) == LENGTH
    assert set(code) <= set(SIGNS)
    typed = f" {code[:4].lower()}-{code[4:]}"
    assert identities.redeem(session, vault, typed, now) == doctors[0]
    assert identities.redeem(session, vault, code, now) is None


def test_a_code_is_good_for_ten_minutes_and_only_the_last_one_counts(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    first = code_of(session, vault, doctors[0], now)
    second = code_of(session, vault, doctors[0], now)
    assert identities.redeem(session, vault, first, now) is None
    late = now + timedelta(minutes=10)
    assert identities.redeem(session, vault, second, late) is None


def test_the_code_itself_is_stored_nowhere(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    code = code_of(session, vault, doctors[0], now)
    row = session.exec(select(IdentityCode)).one()
    assert code not in repr(row)


def test_codes_are_made_a_few_times_an_hour(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    made = [identities.issue_code(session, vault, doctors[0], now) for _ in range(8)]
    assert [one is not None for one in made] == [True] * CODES_PER_HOUR + [False] * 2
    assert identities.issue_code(session, vault, doctors[1], now)
    assert identities.issue_code(session, vault, doctors[0], now + timedelta(hours=1))


def test_a_bound_member_is_known_however_the_platform_writes_the_id(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    assert identities.bind(session, vault, doctors[0], LI, now)
    small = Subject(WECOM, "corp", "lijianguo")
    assert identities.practitioner_of(session, vault, small) == doctors[0]
    assert identities.name_at(session, vault, doctors[0], WECOM) == "LiJianGuo"
    for other in (Subject(WECOM, "else", "LiJianGuo"), Subject(WECHAT, "corp", "LiJianGuo")):
        assert identities.practitioner_of(session, vault, other) is None
    openid = Subject(WECHAT, "wx", "oAbc")
    assert identities.bind(session, vault, doctors[0], openid, now)
    assert identities.practitioner_of(session, vault, Subject(WECHAT, "wx", "oabc")) is None
    assert [one.provider for one in identities.bound_to(session, doctors[0])] == [WECHAT, WECOM]


def test_one_member_is_one_account(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    assert identities.bind(session, vault, doctors[0], LI, now)
    assert identities.bind(session, vault, doctors[0], LI, now)
    assert not identities.bind(session, vault, doctors[1], LI, now)
    assert identities.unbind(session, doctors[0], WECOM, now, actor="operator")
    assert not identities.unbind(session, doctors[0], WECOM, now)
    assert identities.bind(session, vault, doctors[1], LI, now)
    actions = [one.action for one in session.exec(select(AuditEvent)).all()]
    assert actions == ["identity.bound", "identity.unbound", "identity.bound"]


def test_a_new_member_takes_the_place_of_the_old(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    other = Subject(WECOM, "corp", "li2")
    assert identities.bind(session, vault, doctors[0], LI, now)
    assert identities.bind(session, vault, doctors[0], other, now)
    assert identities.practitioner_of(session, vault, LI) is None
    assert identities.name_at(session, vault, doctors[0], WECOM) == "li2"
    assert len(session.exec(select(ExternalIdentity)).all()) == 2


def test_a_closed_account_is_behind_no_member(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    identities.bind(session, vault, doctors[0], LI, now)
    practitioners.disable(session, doctors[0], now)
    assert identities.practitioner_of(session, vault, LI) is None
    assert identities.holder(session, vault, LI) == doctors[0]


def test_the_subject_is_sealed(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    identities.bind(session, vault, doctors[0], LI, now)
    row = session.exec(select(ExternalIdentity)).one()
    assert b"LiJianGuo" not in (row.subject_sealed or b"")


def leave(session: Session, vault: Vault, now: datetime, address: str = "1.2.3.4") -> Departure:
    left = arriving.depart(session, vault, WECOM, "/cases", address, now)
    assert left is not None
    return left


def test_a_state_comes_back_once_and_only_with_its_cookie(
    session: Session, vault: Vault, now: datetime
) -> None:
    mine, other = leave(session, vault, now), leave(session, vault, now)
    for wrong in (
        Departure(mine.state, other.cookie),
        Departure(other.state, mine.cookie),
        Departure("x", mine.cookie),
        Departure(mine.state, ""),
    ):
        assert arriving.come_back(session, vault, WECOM, wrong, now) is None
    assert arriving.come_back(session, vault, WECHAT, mine, now) is None
    assert arriving.come_back(session, vault, WECOM, mine, now)
    assert arriving.come_back(session, vault, WECOM, mine, now) is None


def test_a_state_is_good_for_ten_minutes(session: Session, vault: Vault, now: datetime) -> None:
    left = leave(session, vault, now)
    late = now + timedelta(minutes=10)
    assert arriving.come_back(session, vault, WECOM, left, late) is None
    leave(session, vault, late)
    assert len(session.exec(select(IdentityVisit)).all()) == 1


def test_one_address_begins_only_so_many_journeys(
    session: Session, vault: Vault, now: datetime
) -> None:
    for _ in range(arriving.PER_ADDRESS):
        leave(session, vault, now)
    assert arriving.depart(session, vault, WECOM, "/", "1.2.3.4", now) is None
    assert leave(session, vault, now, "5.6.7.8").state


def test_who_arrived_is_known_by_the_cookie_until_it_ends(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    left = leave(session, vault, now)
    visit = arriving.come_back(session, vault, WECOM, left, now)
    assert visit
    assert arriving.arrived(session, vault, left.cookie, now, loopback=True) is None
    arriving.recognise(session, vault, visit, LI)
    found = arriving.arrived(session, vault, left.cookie, now, loopback=True)
    assert found
    assert (found.subject, found.back, found.credentials) == (LI, "/cases", None)
    identities.bind(session, vault, doctors[0], LI, now)
    found = arriving.arrived(session, vault, left.cookie, now, loopback=True)
    assert found
    assert found.credentials
    assert (found.login, found.credentials.practitioner_id) == ("a", doctors[0])
    assert arriving.arrived(session, vault, None, now, loopback=True) is None
    assert arriving.end(session, visit, now)
    assert not arriving.end(session, visit, now)
    assert arriving.arrived(session, vault, left.cookie, now, loopback=True) is None


def test_a_journey_allows_five_guesses(session: Session, vault: Vault, now: datetime) -> None:
    left = leave(session, vault, now)
    visit = arriving.come_back(session, vault, WECOM, left, now)
    assert visit
    assert [arriving.may_guess(session, visit) for _ in range(7)] == [True] * 5 + [False] * 2


def test_a_trusted_browser_gets_a_new_cookie_every_time(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    first = devices.trust(session, vault, doctors[0], now)
    second = devices.recognise(session, vault, first, doctors[0], now)
    assert second
    assert second != first
    assert devices.recognise(session, vault, second, doctors[1], now) is None
    third = devices.recognise(session, vault, second, doctors[0], now + timedelta(days=29))
    assert third
    assert devices.recognise(session, vault, third, doctors[0], now + timedelta(days=30)) is None


def test_a_copied_cookie_ends_the_trust(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    stolen = devices.trust(session, vault, doctors[0], now)
    used = devices.recognise(session, vault, stolen, doctors[0], now)
    assert devices.recognise(session, vault, stolen, doctors[0], now) is None
    assert devices.recognise(session, vault, used, doctors[0], now) is None
    assert session.exec(select(TrustedDevice)).all() == []


@pytest.mark.parametrize("forged", [None, "", "x", "x.y", ".", "token."])
def test_a_cookie_that_was_never_made_is_not_looked_for(
    session: Session, vault: Vault, doctors: list[str], now: datetime, forged: str | None
) -> None:
    devices.trust(session, vault, doctors[0], now)
    assert devices.recognise(session, vault, forged, doctors[0], now) is None


def test_a_new_password_signing_out_or_closing_ends_the_trust(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    def trusted() -> int:
        return len(session.exec(select(TrustedDevice)).all())

    cookie = devices.trust(session, vault, doctors[0], now)
    devices.forget_one(session, vault, cookie)
    devices.forget_one(session, vault, "nothing")
    assert trusted() == 0
    for end in (
        lambda: practitioners.set_password(session, doctors[0], "y"),
        lambda: practitioners.disable(session, doctors[0], now),
        lambda: practitioners.end_sessions(session, doctors[0]),
    ):
        devices.trust(session, vault, doctors[0], now)
        assert trusted() == 1
        end()
        assert trusted() == 0


def test_what_ran_out_is_swept(
    session: Session, vault: Vault, doctors: list[str], now: datetime
) -> None:
    code_of(session, vault, doctors[0], now)
    leave(session, vault, now)
    devices.trust(session, vault, doctors[0], now)
    assert arriving.sweep(session, now) == 0
    assert arriving.sweep(session, now + timedelta(minutes=10)) == 2
    assert arriving.sweep(session, now + timedelta(days=30)) == 1


def test_of_two_that_come_at_once_one_wins(database: Database, vault: Vault, now: datetime) -> None:
    with database.transaction() as session:
        place = Facility(id=new_id(), kind="village_clinic", name="村", path="v/")
        session.add(place)
        session.flush()
        who = Practitioner(
            facility_id=place.id,
            role="village_doctor",
            login="a",
            password_hash="x",
            created_at=now,
        )
        session.add(who)
        session.flush()
        doctor = who.id
        code = code_of(session, vault, doctor, now)
        left = leave(session, vault, now)
        cookie = devices.trust(session, vault, doctor, now)

    def redeem(session: Session) -> bool:
        return identities.redeem(session, vault, code, now) is not None

    def come_back(session: Session) -> bool:
        return arriving.come_back(session, vault, WECOM, left, now) is not None

    def bind(session: Session) -> bool:
        return identities.bind(session, vault, doctor, LI, now)

    def recognise(session: Session) -> bool:
        return devices.recognise(session, vault, cookie, doctor, now) is not None

    def at_once(work: Callable[[Session], bool]) -> list[bool]:
        def one(_: int) -> bool:
            with database.transaction() as session:
                return work(session)

        with ThreadPoolExecutor(4) as threads:
            return sorted(threads.map(one, range(4)))

    assert at_once(redeem) == [False, False, False, True]
    assert at_once(come_back) == [False, False, False, True]
    assert at_once(bind) == [True] * 4
    assert sum(at_once(recognise)) <= 1
    with database.reading() as session:
        assert len(session.exec(select(ExternalIdentity)).all()) == 1
