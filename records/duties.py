"""The open tasks as a doctor works them off: whom to phone, which message to read, one tap to close."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, func, select

from records import audit
from records.caseload import LIST_LIMIT, called, readable
from records.casework import Acted
from records.media import STORED
from records.messages import BODY
from records.people import china_date
from records.reader import Reader
from records.tables import Facility, InboundMessage, Media, Person, Practitioner, Task
from records.tasks import close_task, open_task
from records.vault import Vault

NO_ANSWER = "no_answer"
TASK_OUTCOMES = ("done", "reached", NO_ANSWER, "wrong_number")


@dataclass(frozen=True, slots=True)
class Job:
    """An open task, with what is needed to do it on the spot."""

    id: str
    kind: str
    reason: str
    opened_at: datetime
    due_on: date | None
    person_id: str
    name: str
    village: str | None
    phone: str | None
    inbound_message_id: str | None
    words: str | None
    words_kind: str | None
    said_at: datetime | None
    media: tuple[str, ...]


def open_tasks(
    session: Session, vault: Vault, reader: Reader, limit: int = LIST_LIMIT
) -> tuple[Job, ...]:
    """Tasks nobody closed, the most overdue first."""
    rows = session.execute(
        select(Task, Person, Facility.name, InboundMessage)
        .join(Person, col(Person.id) == col(Task.person_id))
        .outerjoin(Facility, col(Facility.id) == col(Person.facility_id))
        .outerjoin(InboundMessage, col(InboundMessage.id) == col(Task.inbound_message_id))
        .where(col(Task.closed_at).is_(None))
        .where(reader.people())
        .order_by(func.coalesce(col(Task.due_on), func.date(col(Task.opened_at))), col(Task.id))
        .limit(limit)
    ).all()
    messages = [message.id for *_, message in rows if message is not None]
    photos = _stored_media(session, messages)
    return tuple(
        _job(
            vault,
            task,
            person,
            village=village,
            message=message,
            media=photos.get(message.id, ()) if message else (),
        )
        for task, person, village, message in rows
    )


def finish_task(
    session: Session,
    vault: Vault,
    reader: Reader,
    task_id: str,
    *,
    outcome: str,
    now: datetime,
) -> Acted | None:
    """Close a task. When somebody was faster, the answer says who."""
    row = session.execute(
        select(Task, Practitioner)
        .join(Person, col(Person.id) == col(Task.person_id))
        .outerjoin(Practitioner, col(Practitioner.id) == col(Task.closed_by))
        .where(Task.id == task_id)
        .where(reader.people())
    ).first()
    if row is None or outcome not in TASK_OUTCOMES:
        return None
    task, closer = row
    if not close_task(session, task_id, by=reader.practitioner_id, outcome=outcome, now=now):
        return Acted(done=False, person_id=task.person_id, by=called(vault, closer))
    if outcome == NO_ANSWER:
        _call_again(session, task, now)
    audit.note(
        session,
        actor=reader.actor,
        action="close",
        subject="task",
        subject_id=task_id,
        person_id=task.person_id,
        facility_id=task.facility_id,
        now=now,
        detail={"outcome": outcome},
    )
    return Acted(done=True, person_id=task.person_id)


def _call_again(session: Session, task: Task, now: datetime) -> None:
    """Whom nobody reached today is phoned tomorrow: nobody falls off the list by not answering."""
    open_task(
        session,
        task_key=f"again:{task.id}",
        kind=task.kind,
        reason=task.reason,
        person_id=task.person_id,
        contact_point_id=task.contact_point_id,
        facility_id=task.facility_id,
        inbound_message_id=task.inbound_message_id,
        outbound_message_id=task.outbound_message_id,
        follow_up_id=task.follow_up_id,
        due_on=china_date(now) + timedelta(days=1),
        now=now,
    )


def _stored_media(session: Session, message_ids: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    if not message_ids:
        return found
    rows = session.exec(
        select(Media.inbound_message_id, Media.id)
        .where(col(Media.inbound_message_id).in_(message_ids))
        .where(Media.state == STORED)
    ).all()
    for message_id, media_id in rows:
        found[message_id] = (*found.get(message_id, ()), media_id)
    return found


def _job(
    vault: Vault,
    task: Task,
    person: Person,
    *,
    village: str | None,
    message: InboundMessage | None,
    media: tuple[str, ...],
) -> Job:
    return Job(
        id=task.id,
        kind=task.kind,
        reason=task.reason,
        opened_at=task.opened_at,
        due_on=task.due_on,
        person_id=person.id,
        name=readable(vault, person.name_sealed, "persons.name", person.id) or "",
        village=village,
        phone=readable(vault, person.phone_sealed, "persons.phone", person.id) or None,
        inbound_message_id=task.inbound_message_id,
        words=(readable(vault, message.body_sealed, BODY, message.id) or None) if message else None,
        words_kind=message.kind if message else None,
        said_at=message.received_at if message else None,
        media=media,
    )
