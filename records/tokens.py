"""Access tokens of providers: one row per account, refreshed by whoever holds the lease.

Two processes that find the token stale make one call: the second waits for the first one's row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select, update

from records.db import changed
from records.identity import new_id
from records.insertion import insert_once
from records.tables import AccessToken
from records.vault import Vault

TOKEN = "access_tokens.token"  # noqa: S105 - the name of a column


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to ask the provider for a new token of one account."""

    account: str
    token: str


def current(session: Session, vault: Vault, account: str, now: datetime) -> str | None:
    """The account's token while it is good, else None."""
    row = session.exec(
        select(AccessToken)
        .where(AccessToken.account == account)
        .execution_options(populate_existing=True)
    ).first()
    if row is None or row.expires_at is None or row.expires_at <= now:
        return None
    return vault.open(row.token_sealed, TOKEN, account) or None


def lease_refresh(session: Session, account: str, now: datetime, lasts: timedelta) -> Lease | None:
    """Become the one who refreshes. None while somebody else is at it."""
    lease = Lease(account, new_id())
    insert_once(session, AccessToken(account=account))
    statement = (
        update(AccessToken)
        .where(col(AccessToken.account) == account)
        .where(or_(col(AccessToken.claimed_until).is_(None), col(AccessToken.claimed_until) < now))
        .values(claim_token=lease.token, claimed_until=now + lasts)
        .execution_options(synchronize_session=False)
    )
    return lease if changed(session, statement) == 1 else None


def store(session: Session, vault: Vault, lease: Lease, token: str, expires_at: datetime) -> bool:
    """Keep a fresh token and give the lease back. False when the lease was lost meanwhile."""
    sealed = vault.seal(token, TOKEN, lease.account)
    return _move(session, lease, token_sealed=sealed, expires_at=expires_at)


def release(session: Session, lease: Lease) -> bool:
    """Give the lease back without a token: the provider refused or did not answer."""
    return _move(session, lease)


def _move(session: Session, lease: Lease, **values: object) -> bool:
    statement = (
        update(AccessToken)
        .where(col(AccessToken.account) == lease.account)
        .where(col(AccessToken.claim_token) == lease.token)
        .values(claim_token=None, claimed_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1
