"""Who a practitioner is elsewhere: a WeCom member, a WeChat openid. Bound once with a code.

An identity elsewhere never signs anybody in by itself: it says whose password, or whose trusted
device, is looked at. The code is made by somebody who signed in with the password, lives ten
minutes, and only its index is kept.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from records import audit, throttle
from records.db import changed
from records.identity import new_id
from records.insertion import insert_once
from records.tables import ExternalIdentity, IdentityCode, Practitioner
from records.vault import Vault

WECOM, WECHAT = "wecom", "wechat"
PROVIDERS = (WECOM, WECHAT)

LENGTH = 8
LASTS = timedelta(minutes=10)
# No 0, O, 1, I or L: the code is copied from one screen to another by hand.
SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODES_PER_HOUR = 6

_SUBJECT = "external_identities.subject"
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody as a platform names them: the member or openid, at one corporation or account."""

    provider: str
    account: str
    name: str

    def index(self, vault: Vault) -> str:
        """Ids of members are the same in capital and in small letters."""
        name = self.name.casefold() if self.provider == WECOM else self.name
        return vault.index(f"{self.provider}:{self.account}:{name}", "external")


@dataclass(frozen=True, slots=True)
class Bound:
    """One identity of a practitioner, for the account's page."""

    provider: str
    bound_at: datetime


def issue_code(session: Session, vault: Vault, practitioner_id: str, now: datetime) -> str | None:
    """A code that binds whoever enters it within ten minutes; one before it is good no more.

    None when there were too many in the last hour.
    """
    key = f"identity_code:{practitioner_id}"
    if throttle.count(session, key, _HOUR, now) > CODES_PER_HOUR:
        return None
    session.execute(
        delete(IdentityCode)
        .where(col(IdentityCode.practitioner_id) == practitioner_id)
        .where(col(IdentityCode.used_at).is_(None))
    )
    code = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
    row = IdentityCode(
        practitioner_id=practitioner_id,
        code_index=_code_index(vault, code),
        issued_at=now,
        expires_at=now + LASTS,
    )
    session.add(row)
    _note(session, practitioner_id, "identity.code", now)
    session.flush()
    return code


def redeem(session: Session, vault: Vault, code: str, now: datetime) -> str | None:
    """The practitioner who made this code; it is used up by that. None for one that is not good."""
    found = session.exec(
        select(IdentityCode).where(IdentityCode.code_index == _code_index(vault, code))
    ).first()
    if found is None:
        return None
    statement = (
        update(IdentityCode)
        .where(col(IdentityCode.id) == found.id)
        .where(col(IdentityCode.used_at).is_(None))
        .where(col(IdentityCode.expires_at) > now)
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    return found.practitioner_id if changed(session, statement) == 1 else None


def bind(
    session: Session, vault: Vault, practitioner_id: str, subject: Subject, now: datetime
) -> bool:
    """Bind a subject to a practitioner, in place of the one of this platform before it.

    False when the subject is somebody else's already: one subject is one account.
    """
    index = subject.index(vault)
    # Two bindings of one practitioner at once: the second sees what the first one did.
    session.exec(
        select(Practitioner.id).where(Practitioner.id == practitioner_id).with_for_update()
    ).first()
    if (mine := _holder(session, index)) is not None:
        return mine == practitioner_id
    _end(session, practitioner_id, subject.provider, now)
    row = new_id()
    bound = ExternalIdentity(
        id=row,
        practitioner_id=practitioner_id,
        provider=subject.provider,
        subject_sealed=vault.seal(subject.name, _SUBJECT, row),
        subject_index=index,
        bound_at=now,
        bound_key=index,
    )
    if not insert_once(session, bound):
        return _holder(session, index) == practitioner_id
    _note(session, practitioner_id, "identity.bound", now, provider=subject.provider)
    return True


def unbind(
    session: Session, practitioner_id: str, provider: str, now: datetime, *, actor: str = ""
) -> bool:
    """End the identity of one platform. False when there was none."""
    if not _end(session, practitioner_id, provider, now):
        return False
    _note(session, practitioner_id, "identity.unbound", now, actor=actor, provider=provider)
    return True


def bound_to(session: Session, practitioner_id: str) -> list[Bound]:
    """The identities of a practitioner that are bound now."""
    rows = session.exec(
        select(ExternalIdentity)
        .where(ExternalIdentity.practitioner_id == practitioner_id)
        .where(col(ExternalIdentity.ended_at).is_(None))
        .order_by(col(ExternalIdentity.provider))
    ).all()
    return [Bound(row.provider, row.bound_at) for row in rows]


def holder(session: Session, vault: Vault, subject: Subject) -> str | None:
    """The practitioner a subject is bound to, closed account or not."""
    return _holder(session, subject.index(vault))


def practitioner_of(session: Session, vault: Vault, subject: Subject) -> str | None:
    """The practitioner behind a subject, unless the account is closed."""
    return session.exec(
        select(ExternalIdentity.practitioner_id)
        .join(Practitioner, col(Practitioner.id) == col(ExternalIdentity.practitioner_id))
        .where(ExternalIdentity.bound_key == subject.index(vault))
        .where(col(Practitioner.disabled_at).is_(None))
    ).first()


def name_at(session: Session, vault: Vault, practitioner_id: str, provider: str) -> str | None:
    """How a platform names this practitioner; None when nothing is bound."""
    row = session.exec(
        select(ExternalIdentity)
        .where(ExternalIdentity.practitioner_id == practitioner_id)
        .where(ExternalIdentity.provider == provider)
        .where(col(ExternalIdentity.ended_at).is_(None))
        .order_by(col(ExternalIdentity.bound_at).desc())
    ).first()
    return vault.open(row.subject_sealed, _SUBJECT, row.id) if row is not None else None


def _holder(session: Session, index: str) -> str | None:
    return session.exec(
        select(ExternalIdentity.practitioner_id).where(ExternalIdentity.bound_key == index)
    ).first()


def _end(session: Session, practitioner_id: str, provider: str, now: datetime) -> bool:
    statement = (
        update(ExternalIdentity)
        .where(col(ExternalIdentity.practitioner_id) == practitioner_id)
        .where(col(ExternalIdentity.provider) == provider)
        .where(col(ExternalIdentity.ended_at).is_(None))
        .values(ended_at=now, bound_key=None)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) > 0


def _code_index(vault: Vault, code: str) -> str:
    """Capital or small, with spaces or dashes: people copy as they like."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return vault.index(plain, "identity_code")


def _note(
    session: Session,
    practitioner_id: str,
    action: str,
    now: datetime,
    *,
    actor: str = "",
    **detail: str,
) -> None:
    audit.note(
        session,
        actor=actor or f"practitioner:{practitioner_id}",
        action=action,
        subject="practitioner",
        subject_id=practitioner_id,
        now=now,
        detail=dict(detail),
    )
