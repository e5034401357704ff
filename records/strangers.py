"""People who wrote before anybody knew them: kept until somebody says who they are.

Nothing is dropped for want of a patient. When a stranger turns out to be somebody of the register,
everything that was kept goes over to her in the same transaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, SQLModel, col, select, update

from records import audit
from records.db import changed
from records.links import SELF, tie, untie
from records.people import UNIDENTIFIED
from records.tables import (
    Consent,
    ContactPoint,
    Escalation,
    FollowUp,
    OutboundMessage,
    Person,
    PersonContact,
    StoredReading,
    Task,
    Turn,
)
from records.tasks import open_task
from records.vault import Vault

IDENTIFY = "identify"
MERGED, DISMISSED = "merged", "dismissed"
CLOSED = "closed"
# What a person's rows are kept in, besides the follow-ups and the links, which may collide.
_BELONGINGS: tuple[type[SQLModel], ...] = (
    StoredReading,
    Escalation,
    Task,
    Turn,
    OutboundMessage,
    Consent,
)


def want_identified(session: Session, person: Person, contact_point_id: str, now: datetime) -> None:
    """Put an unidentified person into the queue, once."""
    open_task(
        session,
        task_key=task_key(person.id),
        kind=IDENTIFY,
        reason="stranger",
        person_id=person.id,
        contact_point_id=contact_point_id,
        facility_id=person.facility_id,
        now=now,
    )


def task_key(person_id: str) -> str:
    """One stranger, one task."""
    return f"{IDENTIFY}:{person_id}"


def introduce(
    session: Session,
    vault: Vault,
    person_id: str,
    *,
    name: str | None,
    facility_id: str | None,
) -> None:
    """Keep what a stranger said of himself: the village's doctor sees him from now on."""
    person = session.get_one(Person, person_id)
    if person.status != UNIDENTIFIED:
        return
    if name:
        person.name_sealed = vault.seal(name, "persons.name", person.id)
    if facility_id:
        person.facility_id = facility_id
        _to_facility(session, person.id, facility_id)
    session.add(person)
    session.flush()


def adopt(
    session: Session,
    stranger: Person,
    person: Person,
    now: datetime,
    *,
    actor: str,
    relation: str = SELF,
) -> bool:
    """The stranger is this person (or holds the phone of the family): move everything over.

    False when somebody was faster.
    """
    _stand_still(session, stranger.id)
    statement = (
        update(Person)
        .where(col(Person.id) == stranger.id)
        .where(col(Person.status) == UNIDENTIFIED)
        .values(status=MERGED, merged_into=person.id, status_since=now)
        .execution_options(synchronize_session=False)
    )
    if changed(session, statement) != 1:
        return False
    if person.facility_id is not None:
        _to_facility(session, stranger.id, person.facility_id)
    _close_task(session, stranger.id, by=actor, outcome="identified", now=now)
    _move(session, stranger.id, person.id)
    for link in _links(session, stranger.id):
        untie(session, link.id, now)
        tie(session, person.id, link.contact_point_id, now, relation=relation)
    session.expire_all()
    _note(session, actor, "identify", stranger.id, person, now)
    return True


def follow(session: Session, person_id: str) -> None:
    """A turn that thought about a stranger ends: if she was recognised meanwhile, hers it is."""
    person = session.get(Person, person_id, populate_existing=True)
    if person is not None and person.status == MERGED and person.merged_into is not None:
        _move(session, person.id, person.merged_into)


def came_in(
    session: Session,
    stranger: Person,
    person: Person,
    contact_point_id: str,
    now: datetime,
    *,
    own: bool,
) -> None:
    """A stranger's phone was bound: to the stranger under the real name, or to a relative."""
    if own:
        adopt(session, stranger, person, now, actor="agent")
    elif not _holds_anything(session, stranger.id):
        for link in _links(session, stranger.id):
            if link.contact_point_id == contact_point_id:
                untie(session, link.id, now)
        _dismiss(session, stranger.id, "agent", "family", now)


def dismiss(session: Session, stranger: Person, now: datetime, *, actor: str) -> bool:
    """Nobody of ours: an advertiser, somebody from elsewhere. An alarm would still be raised."""
    if not _dismiss(session, stranger.id, actor, "not_ours", now):
        return False
    _note(session, actor, "dismiss", stranger.id, stranger, now)
    return True


def _dismiss(session: Session, person_id: str, by: str, outcome: str, now: datetime) -> bool:
    statement = (
        update(Person)
        .where(col(Person.id) == person_id)
        .where(col(Person.status) == UNIDENTIFIED)
        .values(status=DISMISSED, status_since=now)
    )
    if changed(session, statement) != 1:
        return False
    _close_task(session, person_id, by=by, outcome=outcome, now=now)
    return True


def _close_task(session: Session, person_id: str, *, by: str, outcome: str, now: datetime) -> None:
    session.execute(
        update(Task)
        .where(col(Task.task_key) == task_key(person_id))
        .where(col(Task.closed_at).is_(None))
        .values(closed_at=now, closed_by=by.removeprefix("practitioner:"), outcome=outcome)
        .execution_options(synchronize_session=False)
    )


def _to_facility(session: Session, person_id: str, facility_id: str) -> None:
    """What is open is seen and rung where the person belongs."""
    session.execute(
        update(Task)
        .where(col(Task.person_id) == person_id)
        .where(col(Task.closed_at).is_(None))
        .values(facility_id=facility_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Escalation)
        .where(col(Escalation.person_id) == person_id)
        .where(col(Escalation.state) != CLOSED)
        .values(facility_id=facility_id)
        .execution_options(synchronize_session=False)
    )


def _stand_still(session: Session, person_id: str) -> None:
    """Nobody accepts a message or ends a turn of these conversations while things are moved."""
    phones = select(PersonContact.contact_point_id).where(PersonContact.person_id == person_id)
    session.exec(
        select(ContactPoint.id)
        .where(col(ContactPoint.id).in_(phones))
        .with_for_update(key_share=True)
    ).all()


def _move(session: Session, stranger_id: str, person_id: str) -> None:
    session.flush()
    for table in _BELONGINGS:
        session.execute(
            update(table)
            .where(col(table.person_id) == stranger_id)  # type: ignore[attr-defined]
            .values(person_id=person_id)
            .execution_options(synchronize_session=False)
        )
    _move_follow_ups(session, stranger_id, person_id)


def _move_follow_ups(session: Session, stranger_id: str, person_id: str) -> None:
    taken = {
        (row.programme, row.due_on)
        for row in session.exec(select(FollowUp).where(FollowUp.person_id == person_id)).all()
    }
    for row in session.exec(select(FollowUp).where(FollowUp.person_id == stranger_id)).all():
        if (row.programme, row.due_on) not in taken:
            row.person_id = person_id
            session.add(row)
    session.flush()


def _links(session: Session, person_id: str) -> list[PersonContact]:
    return list(
        session.exec(
            select(PersonContact)
            .where(PersonContact.person_id == person_id)
            .where(col(PersonContact.unlinked_at).is_(None))
        ).all()
    )


def _holds_anything(session: Session, person_id: str) -> bool:
    reading = select(StoredReading.id).where(StoredReading.person_id == person_id)
    alarm = select(Escalation.id).where(Escalation.person_id == person_id)
    return session.exec(reading).first() is not None or session.exec(alarm).first() is not None


def _note(
    session: Session, actor: str, action: str, stranger_id: str, person: Person, now: datetime
) -> None:
    audit.note(
        session,
        actor=actor,
        action=action,
        subject="stranger",
        subject_id=stranger_id,
        person_id=person.id,
        facility_id=person.facility_id,
        now=now,
    )
