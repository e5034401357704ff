"""Whether a bare 120 may answer something that was said here: then it is asked about, and rings nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from agent.context import Heard
from agent.hearing import words_of
from language.cries import is_dialled
from records.tables import OutboundMessage

# So long our own words, or a doctor's, may be what a bare number answers.
_LATELY = timedelta(hours=24)


def spoken_to(session: Session, contact_id: str, heard: Sequence[Heard], now: datetime) -> bool:
    """Anything at all was said to this phone lately; looked up for a bare 120 only."""
    if not any(is_dialled(words_of(one)) for one in heard):
        return False
    said = (
        select(OutboundMessage.id)
        .where(OutboundMessage.contact_point_id == contact_id)
        .where(col(OutboundMessage.created_at) > now - _LATELY)
        .limit(1)
    )
    return session.exec(said).first() is not None
