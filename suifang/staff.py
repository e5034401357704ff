"""Accounts, for the operator at the terminal: open, give a new password, close."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, col, or_, select

from records import audit, bells, belonging, duty, identities, practitioners
from records.phone_numbers import e164
from records.practitioners import Account, LoginTakenError, PasswordError
from records.tables import Facility, Practitioner
from suifang.completeness import call_problems
from suifang.errors import ConfigurationError
from suifang.installation import Installation

T = TypeVar("T")
_ACTOR = "operator"
ROLE_NAMES = {
    "village_doctor": "村医",
    "family_doctor": "家庭医生",
    "township_doctor": "卫生院医生",
    "county_duty": "县值班医生",
    "curator": "知识审核",
    "bureau_officer": "卫健局",
    "operator": "管理员",
}


def add_account(installation: Installation, account: Account, now: datetime) -> None:
    """Open an account. `account.facility_id` may be the facility's name."""
    if account.role not in duty.ROLES:
        names = ", ".join(f"{role}（{ROLE_NAMES[role]}）" for role in duty.ROLES)
        msg = f"There is no role {account.role}; choose one of {names}."
        raise ConfigurationError(msg)

    def write(session: Session) -> None:
        place = facility_called(session, account.facility_id)
        known = Account(**{**account.__dict__, "facility_id": place.id})
        made = practitioners.create(session, installation.vault, known, now)
        _note(session, "account.opened", made, now)
        # Only now is there somebody to ring for who belongs nowhere.
        belonging.settle_default(session, now)

    _plainly(lambda: _write(installation, write))


def list_accounts(installation: Installation) -> list[tuple[str, str, str, str, str]]:
    """Login, name, role, facility and state of every account, by facility and login."""
    with installation.database.reading() as session:
        rows = session.exec(
            select(Practitioner, Facility)
            .join(Facility, col(Facility.id) == col(Practitioner.facility_id))
            .order_by(col(Facility.path), col(Practitioner.login))
        ).all()
    return [
        (
            one.login,
            practitioners.name_of(installation.vault, one.id, one.name_sealed),
            ROLE_NAMES.get(one.role, one.role),
            place.name,
            "已停用" if one.disabled_at else "在用",
        )
        for one, place in rows
    ]


def role_of(text: str) -> str:
    """The role that a word means: its code, or what it is called in Chinese."""
    return next((role for role, name in ROLE_NAMES.items() if text in {role, name}), text)


def reset_password(installation: Installation, login: str, password: str, now: datetime) -> None:
    """Give an account a new password; its open sessions end."""

    def write(session: Session) -> None:
        found = _account(session, login)
        practitioners.check_password(password, found.login)
        practitioners.set_password(session, found.id, practitioners.hash_password(password))
        practitioners.forget_tries(session, found.login)
        _note(session, "account.password_reset", found, now)

    _plainly(lambda: _write(installation, write))


def disable_account(installation: Installation, login: str, now: datetime) -> None:
    """Close an account at once; its sessions end and nobody rings it any more."""

    def write(session: Session) -> None:
        found = _account(session, login)
        practitioners.disable(session, found.id, now)
        _note(session, "account.disabled", found, now)

    _write(installation, write)


def set_notices(installation: Installation, login: str, url: str, now: datetime) -> str:
    """Ring somebody at an address of their own. Returns the secret that signs what we post."""
    problems = call_problems(installation.settings, "The webhook", url)
    if problems:
        raise ConfigurationError(problems)

    def write(session: Session) -> str:
        found = _account(session, login)
        bell = bells.set_webhook(session, installation.vault, found.id, url, now)
        _note(session, "account.notices_set", found, now)
        return bell.secret

    return _write(installation, write)


def stop_notices(installation: Installation, login: str, now: datetime, *, common: bool) -> None:
    """Ring somebody nowhere, or with `common` where everybody is rung."""

    def write(session: Session) -> None:
        found = _account(session, login)
        if common:
            bells.forget(session, found.id)
        elif not bells.silence(session, found.id, now):
            # Nothing to switch off yet: a row that says so.
            bells.set_webhook(session, installation.vault, found.id, "", now)
            bells.silence(session, found.id, now)
        _note(session, "account.notices_common" if common else "account.notices_off", found, now)

    _write(installation, write)


def set_number(installation: Installation, login: str, number: str, now: datetime) -> str:
    """Ring somebody by SMS at this phone; the operator vouches for it. Returns it in one form."""
    known = e164(number)
    if known is None:
        msg = f"{number} is no mobile phone number."
        raise ConfigurationError(msg)
    if not installation.settings.sms_route:
        msg = "Nobody carries SMS yet: set SUIFANG_SMS_ROUTE first."
        raise ConfigurationError(msg)

    def write(session: Session) -> None:
        found = _account(session, login)
        bells.set_number(session, installation.vault, found.id, known, now)
        _note(session, "account.notices_set", found, now)

    _write(installation, write)
    return known


def drop_number(installation: Installation, login: str, now: datetime) -> None:
    """Ring somebody by SMS no more."""

    def write(session: Session) -> None:
        found = _account(session, login)
        if bells.drop_number(session, found.id):
            _note(session, "notices.number_dropped", found, now)

    _write(installation, write)


def unbind_identity(installation: Installation, login: str, provider: str, now: datetime) -> None:
    """End what ties an account to a platform; no browser of it is trusted or signed in any more."""
    if provider not in identities.PROVIDERS:
        msg = f"There is no {provider}; choose one of {', '.join(identities.PROVIDERS)}."
        raise ConfigurationError(msg)

    def write(session: Session) -> bool:
        found = _account(session, login)
        practitioners.end_sessions(session, found.id)
        return identities.unbind(session, found.id, provider, now, actor=_ACTOR)

    if not _write(installation, write):
        msg = f"{login} is not bound to {provider}."
        raise ConfigurationError(msg)


def _write(installation: Installation, work: Callable[[Session], T]) -> T:
    with installation.database.transaction() as session:
        return work(session)


def _plainly(work: Callable[[], None]) -> None:
    """What the operator can mend is told in a sentence."""
    try:
        work()
    except LoginTakenError as error:
        msg = "This login is taken; choose another one."
        raise ConfigurationError(msg) from error
    except PasswordError as error:
        raise ConfigurationError(str(error)) from error


def facility_called(session: Session, name_or_id: str) -> Facility:
    """The one facility of this name or id.

    Raises:
        ConfigurationError: there is none, or several.
    """
    found = session.exec(
        select(Facility).where(or_(Facility.id == name_or_id, Facility.name == name_or_id))
    ).all()
    if len(found) != 1:
        names = ", ".join(sorted(session.exec(select(Facility.name)).all())) or "none yet"
        msg = f"No single facility is called {name_or_id}. There are: {names}."
        raise ConfigurationError(msg)
    return found[0]


def _account(session: Session, login: str) -> Practitioner:
    normal = practitioners.normal_login(login)
    found = session.exec(select(Practitioner).where(Practitioner.login == normal)).first()
    if found is None:
        msg = f"There is no account {login}."
        raise ConfigurationError(msg)
    return found


def _note(session: Session, action: str, account: Practitioner, now: datetime) -> None:
    audit.note(
        session,
        actor=_ACTOR,
        action=action,
        subject="practitioner",
        subject_id=account.id,
        facility_id=account.facility_id,
        now=now,
    )
