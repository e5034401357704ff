"""Browsers on which a practitioner gave the password within thirty days: the second factor's memory.

The cookie is a random token with a keyed digest of it, changes with every use, and means nothing
without the identity elsewhere that it stands beside. A cookie that was changed already and comes
back is a copy: that device is trusted no longer.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, or_, select, update

from records.db import changed
from records.practitioners import same
from records.tables import TrustedDevice
from records.vault import Vault

LASTS = timedelta(days=30)
_SIGNED, _KEPT = "device_cookie", "device"


def trust(session: Session, vault: Vault, practitioner_id: str, now: datetime) -> str:
    """Trust this browser after the password was given. Returns the cookie, which is never stored."""
    session.execute(delete(TrustedDevice).where(col(TrustedDevice.expires_at) <= now))
    cookie, index = _fresh(vault)
    session.add(
        TrustedDevice(
            practitioner_id=practitioner_id,
            token_index=index,
            trusted_at=now,
            used_at=now,
            expires_at=now + LASTS,
        )
    )
    session.flush()
    return cookie


def recognise(
    session: Session, vault: Vault, cookie: str | None, practitioner_id: str, now: datetime
) -> str | None:
    """The next cookie of a trusted browser of this practitioner; None: ask for the password."""
    index = _index_of(vault, cookie)
    if index is None:
        return None
    row = session.exec(
        select(TrustedDevice)
        .where(or_(TrustedDevice.token_index == index, TrustedDevice.former_index == index))
        .where(TrustedDevice.practitioner_id == practitioner_id)
        .where(col(TrustedDevice.expires_at) > now)
    ).first()
    if row is None:
        return None
    if row.token_index != index:
        session.execute(delete(TrustedDevice).where(col(TrustedDevice.id) == row.id))
        return None
    cookie, fresh = _fresh(vault)
    statement = (
        update(TrustedDevice)
        .where(col(TrustedDevice.id) == row.id)
        .where(col(TrustedDevice.token_index) == index)
        .values(token_index=fresh, former_index=index, used_at=now)
        .execution_options(synchronize_session=False)
    )
    return cookie if changed(session, statement) == 1 else None


def forget_one(session: Session, vault: Vault, cookie: str | None) -> None:
    """Whoever signs out on a browser is asked for the password there next time."""
    index = _index_of(vault, cookie)
    if index is not None:
        session.execute(delete(TrustedDevice).where(col(TrustedDevice.token_index) == index))


def _fresh(vault: Vault) -> tuple[str, str]:
    token = secrets.token_urlsafe(32)
    return f"{token}.{vault.index(token, _SIGNED)}", vault.index(token, _KEPT)


def _index_of(vault: Vault, cookie: str | None) -> str | None:
    """Under which index a cookie is kept; None for one that we never made."""
    token, _, digest = (cookie or "").partition(".")
    if not token or not same(digest, vault.index(token, _SIGNED)):
        return None
    return vault.index(token, _KEPT)
