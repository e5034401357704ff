"""The open tasks as a doctor works them off: whom to phone, which message to read, one tap to close."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, func, select, true

from care.cadence import call_again
from records import audit
from records.calls import NO_ANSWER, NO_REASON, Because, because
from records.caseload import LIST_LIMIT, called, readable
from records.casework import Acted
from records.media import STORED
from records.messages import BODY
from records.people import china_date
from records.reader import Reader
from records.tables import Facility, InboundMessage, Media, Person, Practitioner, Task
from records.tasks import REVIEW, close_task, open_task
from records.vault import Vault

LATER, WRONG_NUMBER = "later", "wrong_number"
CALL_LATER = "call_later"
TASK_OUTCOMES = ("done", "reached", LATER, NO_ANSWER, WRONG_NUMBER)


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
    follow_up_id: str | None = None
    because: Because = NO_REASON


def open_tasks(
    session: Session,
    vault: Vault,
    reader: Reader,
    limit: int = LIST_LIMIT,
    *,
    village: str | None = None,
    now: datetime | None = None,
) -> tuple[Job, ...]:
    """Tasks nobody closed, the most overdue first.

    With `now`, each says why the person should be phoned, and calls come by urgency: who was not
    well controlled, then who is longest overdue. A call put off to another day waits for it.
    """
    rows = session.execute(
        select(Task, Person, Facility.name, InboundMessage)
        .join(Person, col(Person.id) == col(Task.person_id))
        .outerjoin(Facility, col(Facility.id) == col(Person.facility_id))
        .outerjoin(InboundMessage, col(InboundMessage.id) == col(Task.inbound_message_id))
        .where(col(Task.closed_at).is_(None))
        .where(reader.people())
        .where(true() if village is None else col(Person.facility_id) == village)
        .order_by(func.coalesce(col(Task.due_on), func.date(col(Task.opened_at))), col(Task.id))
        .limit(limit)
    ).all()
    messages = [message.id for *_, message in rows if message is not None]
    photos = _stored_media(session, messages)
    reasons = because(session, [person.id for _, person, *_ in rows], now) if now else {}
    jobs = (
        _job(
            vault,
            task,
            person,
            village=place,
            message=message,
            media=photos.get(message.id, ()) if message else (),
            why=reasons.get(person.id, NO_REASON),
        )
        for task, person, place, message in rows
    )
    return tuple(sorted(jobs, key=lambda job: job.because.urgency, reverse=True))


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
    if outcome in (LATER, NO_ANSWER):
        reached = outcome == LATER
        reason = CALL_LATER if reached else task.reason
        due_on = call_again(china_date(now), reached=reached)
        _again(session, task, task.kind, reason, due_on, now)
    elif outcome == WRONG_NUMBER:
        _again(session, task, REVIEW, WRONG_NUMBER, china_date(now), now)
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


def person_of(session: Session, reader: Reader, task_id: str) -> str | None:
    """Whom a task is about; None outside the catchment."""
    return session.exec(
        select(Task.person_id)
        .join(Person, col(Person.id) == col(Task.person_id))
        .where(Task.id == task_id)
        .where(reader.people())
    ).first()


def _again(
    session: Session, task: Task, kind: str, reason: str, due_on: date, now: datetime
) -> None:
    """The same matter on another day, or another way: nobody falls off the list by not answering."""
    open_task(
        session,
        task_key=f"again:{task.id}",
        kind=kind,
        reason=reason,
        person_id=task.person_id,
        contact_point_id=task.contact_point_id,
        facility_id=task.facility_id,
        inbound_message_id=task.inbound_message_id,
        outbound_message_id=task.outbound_message_id,
        follow_up_id=task.follow_up_id,
        due_on=due_on,
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
    why: Because,
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
        follow_up_id=task.follow_up_id,
        because=why,
    )
