"""Words that a template announced: they wait until their reader opens the chat, and go once."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, update

from records.db import changed
from records.outbound import QUEUED
from records.tables import OutboundMessage

# Ends the send key of such words: the message that announced them has the rest of it.
SUFFIX = ":words"


def words_key(send_key: str) -> str:
    """The send key of the full words of a message that went as a template."""
    return f"{send_key}{SUFFIX}"


def release(session: Session, contact_point_id: str, now: datetime) -> int:
    """The chat was opened: the words that waited for it go now. Returns how many there were."""
    statement = (
        update(OutboundMessage)
        .where(col(OutboundMessage.contact_point_id) == contact_point_id)
        .where(col(OutboundMessage.state) == QUEUED)
        .where(col(OutboundMessage.next_attempt_at) > now)
        .where(col(OutboundMessage.send_key).endswith(SUFFIX))
        .values(next_attempt_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement)
