"""Accounts from the terminal: asked for, checked, told in sentences, written down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlmodel import Session, select

from records import bells, devices, duty, identities, practitioners
from records.tables import AuditEvent, Facility, Practitioner, SignIn, TrustedDevice
from suifang import clock
from suifang.errors import EXIT_CONFIGURATION, ConfigurationError
from suifang.installation import Installation
from suifang.staff import add_account
from tests.suifang.conftest import Command

SECRET = "a long enough secret"
ANSWERS = f"李建国\nvillage_doctor\n东沟村\n{SECRET}\n{SECRET}\n"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practitioners, "_HASHER", PasswordHasher(1, 8, 1))


@pytest.fixture
def session(installation: Installation) -> Iterator[Session]:
    with installation.database.transaction() as session:
        session.add(Facility(id="f", kind="village_clinic", name="东沟村", path="f/"))
        session.add(Facility(id="g", kind="village_clinic", name="西坡村", path="g/"))
    with installation.database.reading() as session:
        yield session


def may_enter(session: Session, login: str, password: str) -> bool:
    session.rollback()
    known = practitioners.credentials(session, login, loopback=False)
    return practitioners.password_matches(known, password)


def test_an_account_is_asked_for_and_may_sign_in(suifang: Command, session: Session) -> None:
    opened = suifang("staff", "add", "Li", typed=ANSWERS)
    assert opened.code == 0
    assert "Li may sign in now." in opened.err
    assert SECRET not in opened.out + opened.err
    assert may_enter(session, "li", SECRET)
    noted = session.exec(select(AuditEvent)).one()
    assert (noted.action, noted.actor, noted.facility_id) == ("account.opened", "operator", "f")


def test_the_two_passwords_must_be_alike(suifang: Command, session: Session) -> None:
    typed = ANSWERS.replace(f"{SECRET}\n{SECRET}", f"{SECRET}\nother\n{SECRET}\n{SECRET}")
    opened = suifang("staff", "add", "li", typed=typed)
    assert "do not match" in opened.out + opened.err
    assert may_enter(session, "li", SECRET)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ((SECRET, "short"), "✗ The password needs at least 10 characters."),
        ((SECRET, "doctor-li-1"), "✗ The password must not be the login."),
        (("东沟村", "南湾村"), "✗ No single facility is called 南湾村. There are: 东沟村, 西坡村."),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    suifang: Command, session: Session, change: tuple[str, str], sentence: str
) -> None:
    refused = suifang("staff", "add", "doctor-li-1", typed=ANSWERS.replace(*change))
    assert refused.code == EXIT_CONFIGURATION
    assert refused.err.endswith(sentence)
    assert not may_enter(session, "doctor-li-1", SECRET)
    assert session.exec(select(AuditEvent)).all() == []


def test_a_login_is_given_once(suifang: Command, session: Session) -> None:
    suifang("staff", "add", "li", typed=ANSWERS)
    again = suifang("staff", "add", "LI", typed=ANSWERS)
    assert again.code == EXIT_CONFIGURATION
    assert again.err.endswith("✗ This login is taken; choose another one.")


def test_before_there_are_facilities_none_is_named(
    suifang: Command, installation: Installation
) -> None:
    refused = suifang("staff", "add", "li", typed=ANSWERS)
    assert refused.err.endswith("There are: none yet.")


def test_a_new_password_replaces_the_old_and_ends_the_sessions(
    suifang: Command, installation: Installation, session: Session
) -> None:
    suifang("staff", "add", "li", typed=ANSWERS)
    session.rollback()
    known = practitioners.credentials(session, "li", loopback=False)
    assert known is not None
    now = clock.now()
    with installation.database.transaction() as writing:
        ticket = practitioners.sign_in(writing, known.practitioner_id, now)
    renewed = suifang("staff", "reset", "li", typed="another long one\nanother long one\n")
    assert renewed.err.endswith("li has a new password.")
    assert may_enter(session, "li", "another long one")
    assert not may_enter(session, "li", SECRET)
    visitor = practitioners.visitor(session, installation.vault, ticket.cookie, now, loopback=False)
    assert visitor is None


def test_a_closed_account_is_out_at_once(suifang: Command, session: Session) -> None:
    suifang("staff", "add", "li", typed=ANSWERS)
    assert suifang("staff", "disable", "li").err == "li can no longer sign in."
    assert not may_enter(session, "li", SECRET)
    actions = session.exec(select(AuditEvent.action)).all()
    assert sorted(actions) == ["account.disabled", "account.opened"]


@pytest.mark.parametrize(
    ("words", "typed"),
    [(("reset", "nobody"), f"{SECRET}\n{SECRET}\n"), (("disable", "nobody"), "")],
)
def test_an_account_that_is_not_there_is_named(
    suifang: Command, session: Session, words: tuple[str, ...], typed: str
) -> None:
    refused = suifang("staff", *words, typed=typed)
    assert refused.code == EXIT_CONFIGURATION
    assert refused.err.endswith("✗ There is no account nobody.")


def test_a_new_password_is_checked_like_the_first(suifang: Command, session: Session) -> None:
    suifang("staff", "add", "li", typed=ANSWERS)
    refused = suifang("staff", "reset", "li", typed="short\nshort\n")
    assert refused.code == EXIT_CONFIGURATION
    assert refused.err.endswith("✗ The password needs at least 10 characters.")
    assert may_enter(session, "li", SECRET)


def test_a_role_that_does_not_exist_is_refused_with_those_that_do(
    installation: Installation,
) -> None:
    account = practitioners.Account("somebody", SECRET, "某人", "vilage_doctor", "f")
    with pytest.raises(ConfigurationError, match="village_doctor"):
        add_account(installation, account, clock.now())


def rung_at(installation: Installation, session: Session) -> bells.Bell | None:
    session.rollback()
    who = session.exec(select(Practitioner.id)).one()
    return bells.bell_of(session, installation.vault, who)


def test_somebody_is_rung_at_an_address_of_their_own_and_the_secret_is_told_once(
    suifang: Command, installation: Installation, session: Session
) -> None:
    suifang("staff", "add", "li", typed=ANSWERS)
    told = suifang("staff", "notify", "li", "--webhook", "http://127.0.0.1:9/ring")
    bell = rung_at(installation, session)
    assert bell is not None
    assert (told.out.strip(), bell.url) == (bell.secret, "http://127.0.0.1:9/ring")
    suifang("staff", "notify", "li", "--off")
    assert rung_at(installation, session) is None
    assert not duty.somebody_on_duty(session, "f", clock.now())
    suifang("staff", "notify", "li", "--common")
    session.rollback()
    assert duty.somebody_on_duty(session, "f", clock.now())


def test_an_account_that_never_had_an_address_can_be_switched_off(
    suifang: Command, session: Session
) -> None:
    suifang("staff", "add", "li", typed=ANSWERS)
    suifang("staff", "notify", "li", "--off")
    session.rollback()
    assert not duty.somebody_on_duty(session, "f", clock.now())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--webhook", "https://elsewhere.test/ring"), "SUIFANG_ALLOWED_HOSTS"),
        (("--webhook", "ring me"), "full address"),
        (("--sms", "12345"), "no mobile phone number"),
        (("--sms", "13800001111"), "SUIFANG_SMS_ROUTE"),
        ((), "Say one of"),
        (("--off", "--common"), "Say one of"),
    ],
)
def test_where_to_ring_is_checked(
    suifang: Command, session: Session, words: tuple[str, ...], sentence: str
) -> None:
    suifang("staff", "add", "li", typed=ANSWERS)
    refused = suifang("staff", "notify", "li", *words)
    assert refused.code == EXIT_CONFIGURATION
    assert sentence in refused.err


def test_somebody_is_rung_by_sms_until_that_ends(
    suifang: Command,
    installation: Installation,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SUIFANG_SMS_ROUTE", "gammu")
    monkeypatch.setenv("SUIFANG_GAMMU_DIR", str(tmp_path))

    def number() -> str | None:
        session.rollback()
        who = session.exec(select(Practitioner.id)).one()
        return bells.number_of(session, installation.vault, who)

    suifang("staff", "add", "li", typed=ANSWERS)
    told = suifang("staff", "notify", "li", "--sms", "138 0000 1111")
    assert told.err.endswith("li is rung by SMS at +8613800001111.")
    assert number() == "+8613800001111"
    suifang("staff", "notify", "li", "--no-sms")
    assert number() is None
    assert duty.somebody_on_duty(session, "f", clock.now())


def test_an_identity_is_ended_by_the_operator(
    suifang: Command, installation: Installation, session: Session
) -> None:
    suifang("staff", "add", "li", typed=ANSWERS)
    with installation.database.transaction() as writing:
        who = writing.exec(select(Practitioner.id)).one()
        subject = identities.Subject("wecom", "corp", "LiJianGuo")
        identities.bind(writing, installation.vault, who, subject, clock.now())
        devices.trust(writing, installation.vault, who, clock.now())
        practitioners.sign_in(writing, who, clock.now())
    assert "signs in with the password only" in suifang("staff", "unbind", "li", "wecom").err
    session.rollback()
    assert identities.practitioner_of(session, installation.vault, subject) is None
    assert session.exec(select(TrustedDevice)).all() == []
    assert session.exec(select(SignIn)).all() == []
    noted = session.exec(select(AuditEvent).where(AuditEvent.action == "identity.unbound")).one()
    assert (noted.actor, noted.detail) == ("operator", {"provider": "wecom"})


@pytest.mark.parametrize(
    ("provider", "sentence"), [("qq", "There is no qq"), ("wechat", "is not bound to wechat")]
)
def test_what_is_not_bound_cannot_be_ended(
    suifang: Command, session: Session, provider: str, sentence: str
) -> None:
    suifang("staff", "add", "li", typed=ANSWERS)
    refused = suifang("staff", "unbind", "li", provider)
    assert refused.code == EXIT_CONFIGURATION
    assert sentence in refused.err
