"""Photos and voice messages: wanted, then stored sealed, or given up where everybody can see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select, update

from records.db import changed
from records.tables import Media
from records.vault import Vault

CONTENT = "media.content"
WANTED, STORED, FAILED = "wanted", "stored", "failed"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was fetched."""

    content: bytes
    content_type: str


def content_of(vault: Vault, media: Media) -> bytes | None:
    """The file itself, or None while it is not stored."""
    if media.content_sealed is None:
        return None
    return vault.open_bytes(media.content_sealed, CONTENT, media.id)


def claim(session: Session, now: datetime, lease: timedelta) -> Media | None:
    """Take one wanted file that is due. The lease is its next attempt: a crash just tries again."""
    due = (
        select(Media.id)
        .where(Media.state == WANTED)
        .where(col(Media.next_attempt_at) <= now)
        .order_by(col(Media.next_attempt_at))
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return session.execute(
        update(Media)
        .where(col(Media.id) == due)
        .where(col(Media.state) == WANTED)
        .where(col(Media.next_attempt_at) <= now)
        .values(next_attempt_at=now + lease, attempts=col(Media.attempts) + 1)
        .returning(Media)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one_or_none()


def store(session: Session, vault: Vault, media_id: str, file: File, now: datetime) -> bool:
    """Keep a fetched file. False when another worker was faster."""
    sealed = vault.seal_bytes(file.content, CONTENT, media_id)
    return _move(
        session,
        media_id,
        state=STORED,
        content_sealed=sealed,
        content_type=file.content_type,
        stored_at=now,
        next_attempt_at=None,
        heard_state=WANTED,
        heard_next_at=now,
    )


def retry(session: Session, media_id: str, reason: str, at: datetime) -> bool:
    """Try again later."""
    return _move(session, media_id, reason=reason, next_attempt_at=at)


def give_up(session: Session, media_id: str, reason: str) -> bool:
    """The file will not come. False when it came after all."""
    return _move(session, media_id, state=FAILED, reason=reason, next_attempt_at=None)


def _move(session: Session, media_id: str, **values: Any) -> bool:
    statement = (
        update(Media)
        .where(col(Media.id) == media_id)
        .where(col(Media.state) == WANTED)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1
