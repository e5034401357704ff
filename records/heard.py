"""What a machine made of a photo or a voice message, sealed beside the file it came from.

wanted → done, or failed after the last try. A claim is a lease: a process that dies loses nothing.
`heard_next_at` of a file that is no longer wanted says when that was settled.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ScalarSelect
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, or_, select, update

from care.level import Level
from language.by_ear import as_it_sounds
from language.judgement import highest, judge
from language.reader import read
from records import media
from records.conversations import DONE as ANSWERED
from records.conversations import HANDED_OVER, WAITING
from records.db import changed
from records.tables import ContactPoint, InboundMessage, Media
from records.vault import Vault

OUTCOME = "media.heard"
WANTED, DONE, FAILED = "wanted", "done", "failed"
# Whoever installs a sense later is not answered about what was sent last year.
_FRESH = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class File:
    """A file to listen to or to look at, opened; `tries` counts this one."""

    media_id: str
    kind: str
    content: bytes
    content_type: str
    tries: int


def claim(
    session: Session, vault: Vault, kinds: Collection[str], now: datetime, lease: timedelta
) -> File | None:
    """Take the file of these kinds that has been due longest; not where the platform gave words.

    A sender's first waiting file comes before another's second, however early that one was sent.
    """
    wordless = (
        select(InboundMessage.id)
        .where(InboundMessage.id == Media.inbound_message_id)
        .where(col(InboundMessage.body_sealed).is_(None))
        .correlate(Media)
        .exists()
    )
    due = (
        select(Media.id)
        .where(Media.heard_state == WANTED)
        .where(col(Media.heard_next_at) <= now)
        .where(col(Media.stored_at) > now - _FRESH)
        .where(col(Media.kind).in_(kinds))
        .where(wordless)
        .order_by(_ahead(now), col(Media.heard_next_at), col(Media.id))
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = session.execute(
        update(Media)
        .where(col(Media.id) == due)
        .where(col(Media.heard_next_at) <= now)
        .values(heard_next_at=now + lease, heard_attempts=col(Media.heard_attempts) + 1)
        .returning(Media)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one_or_none()
    if row is None:
        return None
    content = media.content_of(vault, row) or b""
    return File(row.id, row.kind, content, row.content_type or "", row.heard_attempts)


def keep(
    session: Session, vault: Vault, media_id: str, made: Mapping[str, Any], now: datetime
) -> bool:
    """Keep what was made of a file and let its conversation go on. False: somebody was faster."""
    sealed = vault.seal(json.dumps(made, ensure_ascii=False), OUTCOME, media_id)
    if not _move(session, media_id, heard_state=DONE, heard_sealed=sealed, heard_next_at=now):
        return False
    words = str(made.get("text", ""))
    again = [ANSWERED] if words else []
    if dangerous(words):
        again.append(HANDED_OVER)
    _wake(session, media_id, now, again)
    return True


def retry(session: Session, media_id: str, at: datetime) -> bool:
    """Try again later."""
    return _move(session, media_id, heard_next_at=at)


def give_up(session: Session, media_id: str, now: datetime) -> bool:
    """Nothing could be made of it; its message goes to the turn as it is."""
    if not _move(session, media_id, heard_state=FAILED, heard_next_at=now):
        return False
    _wake(session, media_id, now, ())
    return True


def dangerous(words: str) -> bool:
    """Whether somebody must act on these words, by what they say or by how they sound."""
    return any(highest(judge(read(said))) >= Level.URGENT for said in {words, as_it_sounds(words)})


def made_of(
    session: Session, vault: Vault, message_ids: Sequence[str]
) -> dict[str, dict[str, Any] | None]:
    """By message, what was made of its file; None while it is fetched or waits to be heard."""
    rows = session.exec(
        select(Media)
        .where(col(Media.inbound_message_id).in_(message_ids))
        .order_by(col(Media.stored_at))
    ).all()
    return {row.inbound_message_id: _made(vault, row) for row in rows}


def opened(vault: Vault, media_id: str, sealed: bytes | None) -> dict[str, Any]:
    """What stands in a sealed outcome; empty when there is none."""
    if sealed is None:
        return {}
    made: dict[str, Any] = json.loads(vault.open(sealed, OUTCOME, media_id))
    return made


def _made(vault: Vault, row: Media) -> dict[str, Any] | None:
    if media.WANTED in {row.state, row.heard_state}:
        return None
    return opened(vault, row.id, row.heard_sealed)


def _move(session: Session, media_id: str, **values: Any) -> bool:
    statement = (
        update(Media)
        .where(col(Media.id) == media_id)
        .where(col(Media.heard_state) == WANTED)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def _ahead(now: datetime) -> ScalarSelect[int]:
    """How many files of the same sender came before this one, and still waited when it was stored."""
    other, own, theirs = aliased(Media), aliased(InboundMessage), aliased(InboundMessage)
    earlier = or_(
        col(other.stored_at) < col(Media.stored_at),
        and_(col(other.stored_at) == col(Media.stored_at), col(other.id) < col(Media.id)),
    )
    waited = or_(col(other.heard_state) == WANTED, col(other.heard_next_at) >= col(Media.stored_at))
    return (
        select(func.count(col(other.id)))
        .join(theirs, col(theirs.id) == col(other.inbound_message_id))
        .join(own, col(own.contact_point_id) == col(theirs.contact_point_id))
        .where(col(own.id) == col(Media.inbound_message_id))
        .where(col(other.stored_at) > now - _FRESH)
        .where(earlier, waited)
        .correlate(Media)
        .scalar_subquery()
    )


def _wake(session: Session, media_id: str, now: datetime, again: Collection[str]) -> None:
    """The conversation is due, if its message waits. In these states of `again` it waits once more.

    The conversation is locked before the message is read: a turn that saves at this moment either
    sees the words, or its answer is seen here.
    """
    row = session.get_one(Media, media_id)
    message = session.get_one(InboundMessage, row.inbound_message_id)
    contact = session.get_one(ContactPoint, message.contact_point_id, with_for_update=True)
    session.refresh(contact)
    session.refresh(message)
    if message.state in again:
        message.state = WAITING
        session.add(message)
    if message.state != WAITING:
        return
    contact.wake_at = now
    contact.waiting_since = contact.waiting_since or now
    session.add(contact)
    session.flush()
