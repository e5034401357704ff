"""Tokens with which another program reads the figures of one facility: nothing else, and not for ever.

A token is told once and never stored: the table holds its SHA-256. 256 random bits need no slow hash.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from records import throttle
from records.db import changed
from records.tables import ApiToken, Facility

LONGEST = timedelta(days=366)
REQUESTS_WINDOW = timedelta(minutes=1)
REQUESTS_PER_TOKEN = 60
REFUSALS_PER_ADDRESS = 30
_PREFIX = "sfr_"


class TokenError(ValueError):
    """The token cannot be made. `reason`: name or days."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who holds a token that counts: which one, and the part of the tree it opens."""

    token_id: str
    facility_id: str
    facility_path: str

    @property
    def actor(self) -> str:
        """The name used in the audit trail."""
        return f"token:{self.token_id}"


def add(
    session: Session, *, name: str, facility_id: str, lasts: timedelta, by: str, now: datetime
) -> tuple[ApiToken, str]:
    """Make a token; the text is told this once.

    Raises:
        TokenError: without a name, or longer than a year.
    """
    if not name.strip():
        raise TokenError("name")  # noqa: EM101 - a code
    if not timedelta(0) < lasts <= LONGEST:
        raise TokenError("days")  # noqa: EM101 - a code
    text = f"{_PREFIX}{secrets.token_urlsafe(32)}"
    row = ApiToken(
        name=name.strip(),
        facility_id=facility_id,
        token_hash=_digest(text),
        created_at=now,
        created_by=by,
        expires_at=now + lasts,
    )
    session.add(row)
    session.flush()
    return row, text


def known(session: Session) -> list[tuple[ApiToken, str]]:
    """All tokens with the names of their facilities, the newest first."""
    rows = session.exec(
        select(ApiToken, Facility.name)
        .join(Facility, col(Facility.id) == col(ApiToken.facility_id))
        .order_by(col(ApiToken.created_at).desc(), col(ApiToken.id))
    ).all()
    return [(token, name) for token, name in rows]


def revoke(session: Session, token_id: str, now: datetime) -> bool:
    """End a token at once. False when there is none, or it was ended before."""
    statement = (
        update(ApiToken)
        .where(col(ApiToken.id) == token_id)
        .where(col(ApiToken.revoked_at).is_(None))
        .values(revoked_at=now)
    )
    return changed(session, statement) == 1


def bearer(session: Session, text: str, now: datetime) -> Bearer | None:
    """Who holds this token; None when nobody, or no longer.

    Found by its hash: how long that takes says nothing about the token itself.
    """
    row = session.exec(
        select(ApiToken, Facility.path)
        .join(Facility, col(Facility.id) == col(ApiToken.facility_id))
        .where(ApiToken.token_hash == _digest(text))
        .where(col(ApiToken.revoked_at).is_(None))
        .where(col(ApiToken.expires_at) > now)
    ).first()
    if row is None:
        return None
    token, path = row
    if not secrets.compare_digest(token.token_hash, _digest(text)):
        return None
    return Bearer(token.id, token.facility_id, path)


def may_ask(session: Session, holder: Bearer, now: datetime) -> bool:
    """Count a request; False when there were too many in this minute."""
    session.execute(
        update(ApiToken).where(col(ApiToken.id) == holder.token_id).values(last_used_at=now)
    )
    return (
        throttle.count(session, f"api:token:{holder.token_id}", REQUESTS_WINDOW, now)
        <= REQUESTS_PER_TOKEN
    )


def may_be_refused(session: Session, address: str, now: datetime) -> bool:
    """Count a request without a right token; False when an address has had too many."""
    return (
        throttle.count(session, f"api:address:{_digest(address)}", REQUESTS_WINDOW, now)
        <= REFUSALS_PER_ADDRESS
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
