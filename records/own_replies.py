"""Ready-made replies that doctors write themselves, for themselves or for their whole facility."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Update
from sqlmodel import Session, and_, col, or_, select, true, update

from records import audit
from records.caseload import readable
from records.db import changed
from records.identity import new_id
from records.reader import Reader
from records.tables import OwnReply
from records.vault import Vault

PLACE = "own_replies.words"
LONGEST = 300
MOST = 40


@dataclass(frozen=True, slots=True)
class Ready:
    """One ready-made reply. `mine`: this reader wrote it and may change it."""

    id: str
    words: str
    shared: bool
    mine: bool


def own_replies(session: Session, vault: Vault, reader: Reader) -> tuple[Ready, ...]:
    """The reader's own, then those that colleagues share."""
    rows = session.exec(
        select(OwnReply)
        .where(col(OwnReply.retired_at).is_(None))
        .where(
            or_(
                col(OwnReply.practitioner_id) == reader.practitioner_id,
                and_(
                    col(OwnReply.facility_id) == reader.facility_id,
                    col(OwnReply.shared).is_(true()),
                ),
            )
        )
        .order_by(col(OwnReply.made_at), col(OwnReply.id))
    ).all()
    found = [
        Ready(row.id, words, row.shared, row.practitioner_id == reader.practitioner_id)
        for row in rows
        if (words := readable(vault, row.words_sealed, PLACE, row.id))
    ]
    return tuple(sorted(found, key=lambda one: not one.mine))


def add(
    session: Session, vault: Vault, reader: Reader, words: str, now: datetime, *, shared: bool
) -> str | None:
    """Keep one more; the same words twice are one reply. None when there are too many already."""
    known = own_replies(session, vault, reader)
    same = next((one.id for one in known if one.mine and one.words == words), None)
    if same is not None:
        return same
    if sum(one.mine for one in known) >= MOST:
        return None
    row = new_id()
    session.add(
        OwnReply(
            id=row,
            practitioner_id=reader.practitioner_id,
            facility_id=reader.facility_id,
            shared=shared,
            words_sealed=vault.seal(words, PLACE, row),
            made_at=now,
        )
    )
    session.flush()
    _note(session, reader, "reply.added", row, now)
    return row


def change(
    session: Session,
    vault: Vault,
    reader: Reader,
    reply_id: str,
    words: str,
    now: datetime,
    *,
    shared: bool,
) -> bool:
    """Reword one's own. False when it is not the reader's."""
    statement = _mine(reader, reply_id).values(
        words_sealed=vault.seal(words, PLACE, reply_id), shared=shared
    )
    if changed(session, statement) != 1:
        return False
    _note(session, reader, "reply.changed", reply_id, now)
    return True


def retire(session: Session, reader: Reader, reply_id: str, now: datetime) -> bool:
    """Take one's own out of use. False when it is not the reader's."""
    if changed(session, _mine(reader, reply_id).values(retired_at=now)) != 1:
        return False
    _note(session, reader, "reply.retired", reply_id, now)
    return True


def _mine(reader: Reader, reply_id: str) -> Update:
    return (
        update(OwnReply)
        .where(col(OwnReply.id) == reply_id)
        .where(col(OwnReply.practitioner_id) == reader.practitioner_id)
        .where(col(OwnReply.retired_at).is_(None))
        .execution_options(synchronize_session=False)
    )


def _note(session: Session, reader: Reader, action: str, reply_id: str, now: datetime) -> None:
    audit.note(
        session,
        actor=reader.actor,
        action=action,
        subject="reply",
        subject_id=reply_id,
        facility_id=reader.facility_id,
        now=now,
    )
