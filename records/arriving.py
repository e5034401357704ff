"""A browser's journey through a platform's authorize page: one state, one cookie, ten minutes.

The state comes back once and only to the browser it was made for; who the platform says it is then
waits here, sealed, for the code that binds or for the second factor.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from records import identities, practitioners, throttle
from records.db import changed
from records.identities import Subject
from records.practitioners import Credentials
from records.tables import IdentityCode, IdentityVisit, Practitioner, TrustedDevice
from records.vault import Vault

LASTS = timedelta(minutes=10)
MOST_TRIES = 5
PER_ADDRESS, _WINDOW = 60, timedelta(minutes=15)
_SUBJECT = "identity_visits.subject"


@dataclass(frozen=True, slots=True)
class Departure:
    """What goes along: `state` through the platform, `cookie` in the browser. Neither is stored."""

    state: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A browser that came back. `credentials`: of the account the subject is bound to, if any.

    `claimed`: it is not bound yet, but the code of that account was entered.
    """

    visit_id: str
    provider: str
    back: str
    subject: Subject
    credentials: Credentials | None = None
    login: str = ""
    name: str = ""
    claimed: bool = False


def depart(
    session: Session, vault: Vault, provider: str, back: str, address: str, now: datetime
) -> Departure | None:
    """Begin a journey. None when too many began from this address."""
    began = throttle.count(session, _address_key(vault, address), _WINDOW, now)
    if began > PER_ADDRESS:
        return None
    session.execute(delete(IdentityVisit).where(col(IdentityVisit.expires_at) <= now))
    # WeChat takes letters and digits only.
    leaving = Departure(secrets.token_hex(20), secrets.token_urlsafe(32))
    session.add(
        IdentityVisit(
            provider=provider,
            state_index=vault.index(leaving.state, "visit_state"),
            browser_index=vault.index(leaving.cookie, "visit_browser"),
            back=back,
            begun_at=now,
            expires_at=now + LASTS,
        )
    )
    session.flush()
    return leaving


def come_back(
    session: Session, vault: Vault, provider: str, departure: Departure, now: datetime
) -> str | None:
    """The journey that this state belongs to; it is used up by that. None: lost, late or forged."""
    statement = (
        update(IdentityVisit)
        .where(col(IdentityVisit.state_index) == vault.index(departure.state, "visit_state"))
        .where(col(IdentityVisit.browser_index) == vault.index(departure.cookie, "visit_browser"))
        .where(col(IdentityVisit.provider) == provider)
        .where(col(IdentityVisit.returned_at).is_(None))
        .where(col(IdentityVisit.expires_at) > now)
        .values(returned_at=now)
        .returning(col(IdentityVisit.id))
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).scalar_one_or_none()


def recognise(session: Session, vault: Vault, visit_id: str, subject: Subject) -> None:
    """Write down who the platform says it is."""
    row = session.get_one(IdentityVisit, visit_id)
    name = f"{subject.account}\n{subject.name}"
    row.subject_sealed = vault.seal(name, _SUBJECT, row.id)
    row.subject_index = subject.index(vault)
    session.add(row)
    session.flush()


def arrived(
    session: Session, vault: Vault, cookie: str | None, now: datetime, *, loopback: bool
) -> Arrived | None:
    """The journey behind a browser's cookie, once its platform has said who it is."""
    if not cookie:
        return None
    row = session.exec(
        select(IdentityVisit)
        .where(IdentityVisit.browser_index == vault.index(cookie, "visit_browser"))
        .where(col(IdentityVisit.subject_index).is_not(None))
        .where(col(IdentityVisit.ended_at).is_(None))
        .where(col(IdentityVisit.expires_at) > now)
    ).first()
    if row is None:
        return None
    account, _, name = vault.open(row.subject_sealed, _SUBJECT, row.id).partition("\n")
    subject = Subject(row.provider, account, name)
    bound = identities.holder(session, vault, subject)
    holder = bound or row.claimed_by
    if holder is None:
        return Arrived(row.id, row.provider, row.back, subject)
    who = session.get_one(Practitioner, holder)
    return Arrived(
        row.id,
        row.provider,
        row.back,
        subject,
        credentials=practitioners.credentials(session, who.login, loopback=loopback),
        login=who.login,
        name=practitioners.name_of(vault, who.id, who.name_sealed),
        claimed=bound is None,
    )


def claim(session: Session, visit_id: str, practitioner_id: str) -> None:
    """Whose code was entered on this journey. Nothing is bound before the password is given, too."""
    row = session.get_one(IdentityVisit, visit_id)
    row.claimed_by = practitioner_id
    session.add(row)
    session.flush()


def may_guess(session: Session, visit_id: str) -> bool:
    """Count a try of a code on this journey; False after the last one."""
    statement = (
        update(IdentityVisit)
        .where(col(IdentityVisit.id) == visit_id)
        .where(col(IdentityVisit.tries) < MOST_TRIES)
        .values(tries=col(IdentityVisit.tries) + 1)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def end(session: Session, visit_id: str, now: datetime) -> bool:
    """The journey led to a session. False when it was over already."""
    statement = (
        update(IdentityVisit)
        .where(col(IdentityVisit.id) == visit_id)
        .where(col(IdentityVisit.ended_at).is_(None))
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def sweep(session: Session, now: datetime) -> int:
    """Delete what nobody can use any more: journeys, codes and trusted browsers that ran out."""
    gone = (
        delete(IdentityVisit).where(col(IdentityVisit.expires_at) <= now),
        delete(IdentityCode).where(col(IdentityCode.expires_at) <= now),
        delete(TrustedDevice).where(col(TrustedDevice.expires_at) <= now),
    )
    return sum(changed(session, one) for one in gone)


def form_token(vault: Vault, cookie: str) -> str:
    """What a form on this journey must bring along."""
    return vault.index(cookie, "visit_form")


def _address_key(vault: Vault, address: str) -> str:
    return f"identity:address:{vault.index(address, 'throttle')}"
