"""When a practitioner last looked at a person. What the person wrote since is unread for them."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, update

from records.db import changed
from records.insertion import insert_once
from records.tables import LastLook


def look(session: Session, practitioner_id: str, person_id: str, now: datetime) -> None:
    """Remember that this practitioner has just seen everything of this person."""
    statement = (
        update(LastLook)
        .where(col(LastLook.practitioner_id) == practitioner_id)
        .where(col(LastLook.person_id) == person_id)
        .values(at=now)
        .execution_options(synchronize_session=False)
    )
    if changed(session, statement) == 0:
        row = LastLook(practitioner_id=practitioner_id, person_id=person_id, at=now)
        insert_once(session, row)
