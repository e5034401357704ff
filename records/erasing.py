"""Erasure on request: what identifies a person and what was said goes; what was measured stays, nameless.

The law obliges to keep medical records for years, so values, coded forms and dates stay for the
counts, under a number that leads to nobody. The audit trail stays: it never held more than ids.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import LargeBinary, Table
from sqlmodel import Session, col, delete, or_, select, text, update

from records import asked, audit, conversations, people, tasks
from records.belongings import Belongings, belongings
from records.escalations import CLOSED
from records.follow_ups import CANCELLED, OPEN, PLANNED
from records.lessons import TALK
from records.media import FAILED
from records.people import china_date
from records.reader import ERASED, MERGED
from records.tables import (
    BindingCode,
    Consent,
    ContactPoint,
    Enrolment,
    Escalation,
    FollowUp,
    ImportRow,
    InboundMessage,
    KeptDraft,
    Media,
    OutboundMessage,
    Person,
    PersonContact,
    StoredReading,
    Subscription,
    Task,
    metadata,
)
from records.vault import Vault

_PERSONS = "persons.id"
_QUEUED = ("queued", "sending")


class EraseError(ValueError):
    """Not now. `code`: open_case (an alarm is not closed) or gone."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def erase(
    session: Session, vault: Vault, person_id: str, *, actor: str, now: datetime
) -> Belongings:
    """Erase a person in the caller's transaction.

    Raises:
        EraseError: an alarm is open, so that somebody may have to reach her; or there is nobody.
    """
    _hold_phones(session, person_id)
    person = session.exec(
        select(Person).where(Person.id == person_id).with_for_update()
    ).one_or_none()
    if person is None or person.status in {MERGED, ERASED}:
        raise EraseError("gone")  # noqa: EM101 - a code
    alarm = select(Escalation.id).where(Escalation.person_id == person_id)
    if session.exec(alarm.where(Escalation.state != CLOSED)).first():
        raise EraseError("open_case")  # noqa: EM101 - a code
    if session.get_bind().dialect.name == "sqlite":
        # What is deleted is overwritten in the file, not only forgotten.
        session.execute(text("PRAGMA secure_delete=ON"))
    found = belongings(session, person_id)
    asked.forget(session, vault, found.inbound)
    _words(session, found)
    _phones(session, found, now)
    _messages(session, found)
    _imported(session, found)
    _stop(session, found, now)
    _identity(session, found, now)
    session.execute(delete(KeptDraft).where(_on_her_pages(found)))
    audit.note(
        session,
        actor=actor,
        action="person.erased",
        subject="person",
        subject_id=person_id,
        person_id=person_id,
        facility_id=person.facility_id,
        now=now,
        detail={"messages": len(found.inbound) + len(found.outbound)},
    )
    session.flush()
    session.expire_all()
    return found


def _words(session: Session, found: Belongings) -> None:
    """Every sealed column of every row that names the person, whatever tables there are."""
    for table in metadata.sorted_tables:
        sealed = {one.name: None for one in table.columns if isinstance(one.type, LargeBinary)}
        for column in _naming(table):
            if sealed:
                session.execute(
                    update(table).where(table.c[column].in_(found.records)).values(sealed)
                )
    session.execute(
        update(StoredReading)
        .where(col(StoredReading.person_id).in_(found.records))
        .values(original=None)
    )
    # Notes hang on the escalation, not on the person.
    events = metadata.tables["escalation_events"]
    hers = select(Escalation.id).where(col(Escalation.person_id).in_(found.records))
    session.execute(update(events).where(events.c.escalation_id.in_(hers)).values(note_sealed=None))


def _hold_phones(session: Session, person_id: str) -> None:
    """Lock her phones in the order in which a turn does: first the phone, then the person.

    A turn that is being saved is waited for and erased too; any other is lost by `_phones`.
    """
    found = belongings(session, person_id)
    session.exec(
        select(ContactPoint.id)
        .where(col(ContactPoint.id).in_((*found.own_contacts, *found.shared_contacts)))
        .order_by(col(ContactPoint.id))
        .with_for_update()
    ).all()


def _phones(session: Session, found: Belongings, now: datetime) -> None:
    """A phone that was hers alone is forgotten; from a shared one only she goes."""
    for contact_id in found.own_contacts:
        session.execute(
            update(ContactPoint)
            .where(col(ContactPoint.id) == contact_id)
            .values(
                address_sealed=None,
                address_index=f"erased:{contact_id}",
                stopped_at=now,
                wake_at=None,
                window_until=None,
                window_left=0,
                brief_until=None,
                brief_left=0,
                awaiting={},
            )
        )
    session.execute(
        delete(Subscription).where(col(Subscription.contact_point_id).in_(found.own_contacts))
    )
    # A phone she left long ago is no matter of hers.
    linked = session.exec(
        select(PersonContact.contact_point_id)
        .where(col(PersonContact.person_id).in_(found.records))
        .where(col(PersonContact.unlinked_at).is_(None))
        .distinct()
    ).all()
    session.execute(
        update(PersonContact)
        .where(col(PersonContact.person_id).in_(found.records))
        .where(col(PersonContact.unlinked_at).is_(None))
        .values(unlinked_at=now)
    )
    session.expire_all()
    for contact_id in sorted({*found.own_contacts, *linked}):
        _interrupt(session, session.get_one(ContactPoint, contact_id), now)


def _interrupt(session: Session, contact: ContactPoint, now: datetime) -> None:
    """Whatever turn a worker is in loses its claim; nothing that waits is answered by a machine.

    On a shared phone nobody knows any more who wrote it, and it must not count as the word of who
    is left: a doctor reads it.
    """
    contact.claim_token = contact.claimed_until = contact.waiting_since = None
    contact.awaiting = {name: value for name, value in contact.awaiting.items() if name != TALK}
    session.add(contact)
    left, unread = people.behind(session, contact.id), conversations.waiting(session, contact.id)
    for message in unread if left else ():
        tasks.open_task(
            session,
            task_key=f"{tasks.READ_MESSAGE}:{message.id}",
            kind=tasks.READ_MESSAGE,
            reason="turn_failed",
            person_id=left[0].person.id,
            contact_point_id=contact.id,
            facility_id=left[0].person.facility_id,
            inbound_message_id=message.id,
            now=now,
        )
    to = conversations.HANDED_OVER if left else conversations.DONE
    conversations.settle(session, [message.id for message in unread], None, to)


def _messages(session: Session, found: Belongings) -> None:
    inbound, outbound = list(found.inbound), list(found.outbound)
    session.execute(
        update(InboundMessage)
        .where(col(InboundMessage.id).in_(inbound))
        .values(body_sealed=None, passive_sealed=None, event={})
    )
    session.execute(
        update(Media)
        .where(col(Media.inbound_message_id).in_(inbound))
        .values(content_sealed=None, state=FAILED, reason=ERASED, next_attempt_at=None)
        .values(heard_sealed=None, heard_state=None, heard_next_at=None)
    )
    sent = update(OutboundMessage).where(col(OutboundMessage.id).in_(outbound))
    session.execute(sent.values(body_sealed=None, picture_sealed=None, template={}))
    session.execute(
        sent.where(col(OutboundMessage.state).in_(_QUEUED)).values(state="never", reason=ERASED)
    )


def _imported(session: Session, found: Belongings) -> None:
    """A register that named her must not lead to her any more."""
    session.execute(
        update(ImportRow)
        .where(col(ImportRow.person_id).in_(found.records))
        .values(cells_sealed=None, key_index=None, written={})
    )


def _stop(session: Session, found: Belongings, now: datetime) -> None:
    today: date = china_date(now)
    hers: dict[str, Any] = {"synchronize_session": False}
    for statement in (
        update(FollowUp)
        .where(col(FollowUp.person_id).in_(found.records))
        .where(col(FollowUp.state).in_((PLANNED, OPEN)))
        .values(state=CANCELLED, next_step_at=None, closed_at=now),
        update(Enrolment)
        .where(col(Enrolment.person_id).in_(found.records))
        .where(col(Enrolment.ended_on).is_(None))
        .values(ended_on=today, ended_reason=ERASED),
        update(Task)
        .where(col(Task.person_id).in_(found.records))
        .where(col(Task.closed_at).is_(None))
        .values(closed_at=now, outcome=ERASED),
        update(Consent)
        .where(col(Consent.person_id).in_(found.records))
        .where(col(Consent.revoked_at).is_(None))
        .values(revoked_at=now),
        update(BindingCode)
        .where(col(BindingCode.person_id).in_(found.records))
        .where(col(BindingCode.used_at).is_(None))
        .values(cancelled_at=now),
    ):
        session.execute(statement.execution_options(**hers))


def _identity(session: Session, found: Belongings, now: datetime) -> None:
    """What is left is a sex, a year and an area: enough to count, too little to find anybody."""
    for record in found.records:
        person = session.get_one(Person, record)
        session.refresh(person)
        person.phone_index = person.identity_number_index = None
        person.born_on = person.born_on.replace(month=1, day=1) if person.born_on else None
        person.height_cm, person.drugs, person.ailments = None, [], []
        person.status, person.status_since, person.away_until = ERASED, now, None
        session.add(person)


def _naming(table: Table) -> list[str]:
    """The columns of a table that name a person."""
    if table.name == "persons":
        return ["id"]
    return [
        column.name
        for column in table.columns
        if any(key.target_fullname == _PERSONS for key in column.foreign_keys)
    ]


def _on_her_pages(found: Belongings) -> Any:
    return or_(*(col(KeptDraft.path).contains(record, autoescape=True) for record in found.records))
