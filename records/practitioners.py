"""The accounts of those who sign in, their browser sessions, and the brake on guessing.

Passwords are argon2id hashes. A hash costs time and memory on purpose, so it is never computed
inside a transaction: read the credentials, compare, then write.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Session, col, delete, select, true, update

from records import duty, throttle
from records.db import changed
from records.identity import new_id
from records.reader import Reader
from records.tables import Facility, Practitioner, SignIn, Throttle, TrustedDevice
from records.vault import Vault

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
_REFUSALS = {
    "too_short": f"The password needs at least {SHORTEST_PASSWORD} characters.",
    "too_long": f"The password may have at most {LONGEST_PASSWORD} characters.",
    "is_login": "The password must not be the login.",
}
SESSION = timedelta(hours=12)
LONGEST_SESSION = timedelta(days=7)
_RENEW_AFTER = timedelta(minutes=5)

TRIES_WINDOW = timedelta(minutes=15)
TRIES_PER_LOGIN = 10
TRIES_PER_ADDRESS = 30

# 19 MiB and two at a time: eight sign-ins at once must not eat a 2 GB machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE = BoundedSemaphore(2)


class PasswordError(ValueError):
    """The password cannot be used. `reason`: too_short, too_long or is_login."""

    def __init__(self, reason: str) -> None:
        super().__init__(_REFUSALS[reason])
        self.reason = reason


class LoginTakenError(ValueError):
    """Somebody has this login already."""


@dataclass(frozen=True)
class Account:
    """What is needed to create an account."""

    login: str
    password: str
    name: str
    role: str
    facility_id: str
    phone: str | None = None
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in is compared with."""

    practitioner_id: str
    password_hash: str
    usable: bool


@dataclass(frozen=True, slots=True)
class Ticket:
    """A new browser session. The cookie is told once and never stored."""

    cookie: str
    csrf_token: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody signed in: the reader, and what the pages need to know of the session."""

    reader: Reader
    name: str
    login: str
    facility_name: str
    csrf_token: str
    session_id: str
    wants_renewal: bool


def create(session: Session, vault: Vault, account: Account, now: datetime) -> Practitioner:
    """Create an account.

    Raises:
        PasswordError: too short, too long, or the login itself.
        LoginTakenError: the login is in use.
    """
    check_password(account.password, account.login)
    login = normal_login(account.login)
    if session.exec(select(Practitioner.id).where(Practitioner.login == login)).first():
        raise LoginTakenError(login)
    row = new_id()
    practitioner = Practitioner(
        id=row,
        facility_id=account.facility_id,
        role=account.role,
        login=login,
        name_sealed=vault.seal(account.name, "practitioners.name", row),
        password_hash=hash_password(account.password),
        demo=account.demo,
        created_at=now,
    )
    if account.phone:
        practitioner.phone_sealed = vault.seal(account.phone, "practitioners.phone", row)
        practitioner.phone_index = vault.index(account.phone, "phone")
    session.add(practitioner)
    session.flush()
    return practitioner


def check_password(password: str, login: str) -> None:
    """Refuse a password that is not worth hashing.

    Raises:
        PasswordError: with the reason.
    """
    reason = None
    if len(password) < SHORTEST_PASSWORD:
        reason = "too_short"
    elif len(password) > LONGEST_PASSWORD:
        reason = "too_long"
    elif password.casefold() == login.casefold():
        reason = "is_login"
    if reason:
        raise PasswordError(reason)


def hash_password(password: str) -> str:
    with _AT_ONCE:
        return _HASHER.hash(password)


def normal_login(login: str) -> str:
    return login.strip().casefold()


def name_of(vault: Vault, practitioner_id: str, name_sealed: bytes | None) -> str:
    """A practitioner's name."""
    return vault.open(name_sealed, "practitioners.name", practitioner_id)


def credentials(session: Session, login: str, *, loopback: bool) -> Credentials | None:
    """What to compare a sign-in with; None for an unknown login.

    A disabled account, or a demo account on a server others can reach, is not usable.
    """
    row = session.exec(
        select(Practitioner).where(Practitioner.login == normal_login(login))
    ).first()
    if row is None:
        return None
    usable = row.disabled_at is None and (loopback or not row.demo)
    return Credentials(row.id, row.password_hash, usable)


def password_matches(known: Credentials | None, password: str) -> bool:
    """Compare. An unknown login costs as much time as a wrong password."""
    stored = known.password_hash if known else _nobody()
    # Hashing a megabyte of "password" is somebody else's denial of service.
    given = password[: LONGEST_PASSWORD + 1]
    with _AT_ONCE:
        try:
            _HASHER.verify(stored, given)
        except (VerificationError, InvalidHashError):
            return False
    return known is not None and known.usable


def needs_rehash(known: Credentials) -> bool:
    """True when the stored hash was made with weaker settings than today's."""
    return _HASHER.check_needs_rehash(known.password_hash)


def set_password(
    session: Session, practitioner_id: str, password_hash: str, *, keep: str | None = None
) -> None:
    """Store a new hash and end every other browser session; `keep` is the session id that stays."""
    rehash(session, practitioner_id, password_hash)
    end_sessions(session, practitioner_id, keep=keep)


def end_sessions(session: Session, practitioner_id: str, *, keep: str | None = None) -> None:
    """End every browser session but `keep`, and trust no browser any more: one may be in other hands."""
    _trust_none(session, practitioner_id)
    session.execute(
        delete(SignIn)
        .where(col(SignIn.practitioner_id) == practitioner_id)
        .where(col(SignIn.id) != (keep or ""))
    )


def rehash(session: Session, practitioner_id: str, password_hash: str) -> None:
    """The same password under today's settings: sessions stay."""
    session.execute(
        update(Practitioner)
        .where(col(Practitioner.id) == practitioner_id)
        .values(password_hash=password_hash)
    )


def disable(session: Session, practitioner_id: str, now: datetime) -> bool:
    """Close an account and end its sessions at once. False when it was closed already."""
    statement = (
        update(Practitioner)
        .where(col(Practitioner.id) == practitioner_id)
        .where(col(Practitioner.disabled_at).is_(None))
        .values(disabled_at=now)
    )
    session.execute(delete(SignIn).where(col(SignIn.practitioner_id) == practitioner_id))
    _trust_none(session, practitioner_id)
    return changed(session, statement) == 1


def sign_in(session: Session, practitioner_id: str, now: datetime) -> Ticket:
    """Open a browser session. Sessions that ran out are swept on the way."""
    session.execute(delete(SignIn).where(col(SignIn.expires_at) <= now))
    ticket = Ticket(cookie=secrets.token_urlsafe(32), csrf_token=secrets.token_urlsafe(32))
    session.add(
        SignIn(
            id=_digest(ticket.cookie),
            practitioner_id=practitioner_id,
            csrf_token=ticket.csrf_token,
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION,
        )
    )
    session.flush()
    return ticket


def visitor(
    session: Session, vault: Vault, cookie: str | None, now: datetime, *, loopback: bool
) -> Visitor | None:
    """Who holds this cookie; None when nobody, no longer, or not on this server."""
    if not cookie:
        return None
    demo_allowed = true() if loopback else col(Practitioner.demo).is_(False)
    found = session.exec(
        select(SignIn, Practitioner, Facility)
        .join(Practitioner, col(Practitioner.id) == col(SignIn.practitioner_id))
        .join(Facility, col(Facility.id) == col(Practitioner.facility_id))
        .where(SignIn.id == _digest(cookie))
        .where(col(SignIn.expires_at) > now)
        .where(col(Practitioner.disabled_at).is_(None))
        .where(demo_allowed)
    ).first()
    if found is None:
        return None
    row, practitioner, facility = found
    return Visitor(
        reader=_reader(session, practitioner, facility, now),
        name=name_of(vault, practitioner.id, practitioner.name_sealed),
        login=practitioner.login,
        facility_name=facility.name,
        csrf_token=row.csrf_token,
        session_id=row.id,
        wants_renewal=now - row.last_seen_at >= _RENEW_AFTER,
    )


def reader_of(session: Session, practitioner_id: str, now: datetime) -> Reader | None:
    """The reader behind a practitioner who may act; None for an account that is closed."""
    found = session.exec(
        select(Practitioner, Facility)
        .join(Facility, col(Facility.id) == col(Practitioner.facility_id))
        .where(Practitioner.id == practitioner_id)
        .where(col(Practitioner.disabled_at).is_(None))
    ).first()
    return _reader(session, *found, now) if found else None


def _reader(
    session: Session, practitioner: Practitioner, facility: Facility, now: datetime
) -> Reader:
    stands_in_at = duty.stands_in_at(session, practitioner.id, now)
    return Reader(practitioner.id, practitioner.role, facility.id, facility.path, stands_in_at)


def renew(session: Session, session_id: str, now: datetime) -> None:
    """Slide the end of a session that is in use, up to a week from its beginning."""
    row = session.get(SignIn, session_id)
    if row is None:
        return
    row.last_seen_at = now
    row.expires_at = min(now + SESSION, row.created_at + LONGEST_SESSION)
    session.add(row)


def sign_out(session: Session, session_id: str) -> None:
    session.execute(delete(SignIn).where(col(SignIn.id) == session_id))


def may_try(session: Session, login: str, address: str, now: datetime) -> bool:
    """Count a try of signing in, per login and per address; False when there were too many.

    Counted before the password is looked at, so that a hundred tries at once are a hundred tries.
    """
    by_login = throttle.count(session, _login_key(login), TRIES_WINDOW, now)
    by_address = throttle.count(session, _address_key(address), TRIES_WINDOW, now)
    return by_login <= TRIES_PER_LOGIN and by_address <= TRIES_PER_ADDRESS


def forget_tries(session: Session, login: str) -> None:
    """Whoever was given a new password need not wait for the wrong tries before it."""
    session.execute(delete(Throttle).where(col(Throttle.key) == _login_key(login)))


def forgive(session: Session, login: str, address: str) -> None:
    """A right password clears its login, and gives the shared address its try back."""
    session.execute(delete(Throttle).where(col(Throttle.key) == _login_key(login)))
    session.execute(
        update(Throttle)
        .where(col(Throttle.key) == _address_key(address))
        .where(col(Throttle.count) > 0)
        .values(count=col(Throttle.count) - 1)
    )


def same(given: str | None, expected: str) -> bool:
    """Compare two tokens in constant time."""
    return hmac.compare_digest((given or "").encode(), expected.encode())


def _trust_none(session: Session, practitioner_id: str) -> None:
    session.execute(
        delete(TrustedDevice).where(col(TrustedDevice.practitioner_id) == practitioner_id)
    )


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def _login_key(login: str) -> str:
    return f"sign_in:login:{_digest(normal_login(login))}"


def _address_key(address: str) -> str:
    return f"sign_in:address:{_digest(address)}"
