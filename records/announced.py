"""Words that a template announced: they wait until their reader opens the chat, and go once."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select, update

from records.db import changed
from records.outbound import QUEUED
from records.tables import OutboundMessage

# Ends the send key of such words: the message that announced them has the rest of it.
SUFFIX = ":words"


def words_key(send_key: str) -> str:
    """The send key of the full words of a message that went as a template."""
    return f"{send_key}{SUFFIX}"


def announcer(session: Session, message: OutboundMessage) -> str | None:
    """The id of the message that announced these words; None for any other message."""
    if not message.send_key.endswith(SUFFIX):
        return None
    return session.exec(
        select(OutboundMessage.id).where(
            OutboundMessage.send_key == message.send_key.removesuffix(SUFFIX)
        )
    ).first()


def release(session: Session, contact_point_id: str, now: datetime) -> int:
    """The chat was opened: the words that waited for it go now. Returns how many there were.

    The contact point is locked by whoever calls. A row that somebody holds is passed over: they look
    at the window under the same lock, after us.
    """
    waiting = (
        select(OutboundMessage.id)
        .where(OutboundMessage.contact_point_id == contact_point_id)
        .where(OutboundMessage.state == QUEUED)
        .where(col(OutboundMessage.next_attempt_at) > now)
        .where(col(OutboundMessage.send_key).endswith(SUFFIX))
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(OutboundMessage)
        .where(col(OutboundMessage.id).in_(waiting))
        .values(next_attempt_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement)
