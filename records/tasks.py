"""Things a person must do for the machine: phone her, read a message, look at a photo."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session, col, select, update

from records.db import changed
from records.identity import new_id
from records.insertion import insert_once
from records.tables import Task

CALL, READ_MESSAGE, LOOK_AT_MEDIA, REVIEW = "call", "read_message", "look_at_media", "review"


def open_task(
    session: Session,
    *,
    task_key: str,
    kind: str,
    reason: str,
    person_id: str,
    contact_point_id: str | None,
    facility_id: str | None,
    now: datetime,
    inbound_message_id: str | None = None,
    outbound_message_id: str | None = None,
    follow_up_id: str | None = None,
    due_on: date | None = None,
) -> bool:
    """Open a task unless this cause already has one. Returns True when it is new."""
    task = Task(
        id=new_id(),
        task_key=task_key,
        kind=kind,
        reason=reason,
        person_id=person_id,
        contact_point_id=contact_point_id,
        facility_id=facility_id,
        inbound_message_id=inbound_message_id,
        outbound_message_id=outbound_message_id,
        follow_up_id=follow_up_id,
        opened_at=now,
        due_on=due_on,
    )
    return insert_once(session, task)


def stands(session: Session, person_id: str, kind: str, reason: str) -> bool:
    """Whether a task of this kind and reason is open for a person."""
    found = session.exec(
        select(Task.id)
        .where(Task.person_id == person_id)
        .where(Task.kind == kind)
        .where(Task.reason == reason)
        .where(col(Task.closed_at).is_(None))
    ).first()
    return found is not None


def close_task(session: Session, task_id: str, *, by: str, outcome: str, now: datetime) -> bool:
    """Close an open task. False when somebody was faster."""
    statement = (
        update(Task)
        .where(col(Task.id) == task_id)
        .where(col(Task.closed_at).is_(None))
        .values(closed_at=now, closed_by=by, outcome=outcome)
    )
    return changed(session, statement) == 1
