"""What a doctor does about a case: take it, answer the patient, close it with an outcome.

Every change is a guarded update: of two doctors who press at once one wins, and the other is told
who it was. What lies outside the reader's catchment is None, as if it did not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select, update

from care.cadence import referral_check
from records import audit, follow_ups, tasks
from records.caseload import Heading, called, heading
from records.db import changed
from records.escalations import ACKNOWLEDGED, CLOSED, OPEN, OUTCOMES
from records.identity import new_id
from records.people import china_date
from records.reader import Reader
from records.tables import Enrolment, Escalation, EscalationEvent, Practitioner
from records.vault import Vault
from records.writing import Words, speak

REFERRED = "referred"


@dataclass(frozen=True, slots=True)
class Acted:
    """What pressing a button did. When somebody was faster: `done` is False and `by` says who."""

    done: bool
    person_id: str
    by: str | None = None
    state: str = ""


def acknowledge(
    session: Session, vault: Vault, reader: Reader, escalation_id: str, now: datetime
) -> Acted | None:
    """Take a case: the clock stops. Taking one's own case again changes nothing."""
    found = heading(session, vault, reader, escalation_id)
    if found is None:
        return None
    if _take(session, reader, found, now):
        return Acted(done=True, person_id=found.person_id, state=ACKNOWLEDGED)
    return _too_late(session, vault, reader, escalation_id)


def reply(
    session: Session,
    vault: Vault,
    reader: Reader,
    escalation_id: str,
    *,
    text: str,
    once: str,
    now: datetime,
) -> Acted | None:
    """Queue the doctor's words to the patient, and take the case if nobody has.

    `once` comes from the form: the same form sent twice is one message.
    """
    found = heading(session, vault, reader, escalation_id)
    if found is None:
        return None
    if found.contact_point_id is None:
        return Acted(done=False, person_id=found.person_id, state="no_address")
    words = Words(text, once, found.person_id, found.contact_point_id, escalation_id)
    message = speak(session, vault, reader, words, now)
    if message is not None:
        _record(session, vault, reader, found, kind="replied", now=now)
        _note(session, reader, "reply", found, now)
        _take(session, reader, found, now)
    return Acted(done=True, person_id=found.person_id, state=found.state)


def close(
    session: Session,
    vault: Vault,
    reader: Reader,
    escalation_id: str,
    *,
    outcome: str,
    remark: str,
    now: datetime,
) -> Acted | None:
    """Close a case with its outcome.

    Raises:
        ValueError: the outcome is not one of the five.
    """
    if outcome not in OUTCOMES:
        raise ValueError(outcome)
    found = heading(session, vault, reader, escalation_id)
    if found is None:
        return None
    statement = (
        update(Escalation)
        .where(col(Escalation.id) == escalation_id)
        .where(col(Escalation.state) != CLOSED)
        .values(
            state=CLOSED,
            closed_at=now,
            closed_by=reader.practitioner_id,
            outcome=outcome,
            next_escalation_at=None,
            acknowledged_at=func.coalesce(col(Escalation.acknowledged_at), now),
            acknowledged_by=func.coalesce(col(Escalation.acknowledged_by), reader.practitioner_id),
        )
        .execution_options(synchronize_session=False)
    )
    if changed(session, statement) != 1:
        return _too_late(session, vault, reader, escalation_id)
    if outcome == REFERRED:
        _plan_check(session, found, now)
    _record(
        session, vault, reader, found, kind="closed", now=now, reasons=(outcome,), remark=remark
    )
    _note(session, reader, "close", found, now, outcome=outcome)
    return Acted(done=True, person_id=found.person_id, state=CLOSED)


def _take(session: Session, reader: Reader, found: Heading, now: datetime) -> bool:
    statement = (
        update(Escalation)
        .where(col(Escalation.id) == found.id)
        .where(col(Escalation.state) == OPEN)
        .values(
            state=ACKNOWLEDGED,
            acknowledged_at=now,
            acknowledged_by=reader.practitioner_id,
            next_escalation_at=None,
        )
        .execution_options(synchronize_session=False)
    )
    if changed(session, statement) != 1:
        return False
    session.add(
        EscalationEvent(
            escalation_id=found.id,
            kind="acknowledged",
            at=now,
            step=found.step,
            practitioner_id=reader.practitioner_id,
        )
    )
    _note(session, reader, "acknowledge", found, now)
    return True


def _plan_check(session: Session, found: Heading, now: datetime) -> None:
    """Two weeks after a referral somebody asks whether the person arrived.

    Under management it is a follow-up that asks by itself; anybody else is phoned by a doctor.
    """
    due = referral_check(china_date(now))
    running = session.exec(
        select(Enrolment.programme)
        .where(col(Enrolment.person_id) == found.person_id)
        .where(col(Enrolment.ended_on).is_(None))
    ).all()
    for programme in running:
        follow_ups.plan(session, found.person_id, programme, due.on, due.purpose)
    if not running:
        tasks.open_task(
            session,
            task_key=f"referral:{found.id}",
            kind=tasks.CALL,
            reason=due.purpose,
            person_id=found.person_id,
            contact_point_id=found.contact_point_id,
            facility_id=found.facility_id,
            due_on=due.on,
            now=now,
        )


def _too_late(session: Session, vault: Vault, reader: Reader, escalation_id: str) -> Acted | None:
    """Somebody was faster, perhaps this very reader in another window."""
    session.expire_all()
    row = heading(session, vault, reader, escalation_id)
    if row is None:
        return None
    mine = row.state == ACKNOWLEDGED and row.acknowledged_by_id == reader.practitioner_id
    by = row.acknowledged_by
    if row.state == CLOSED:
        by = called(vault, session.get(Practitioner, row.closed_by)) if row.closed_by else None
    return Acted(done=mine, person_id=row.person_id, by=by, state=row.state)


def _record(
    session: Session,
    vault: Vault,
    reader: Reader,
    found: Heading,
    *,
    kind: str,
    now: datetime,
    reasons: tuple[str, ...] = (),
    remark: str = "",
) -> None:
    row = new_id()
    sealed = vault.seal(remark, "escalation_events.note", row) if remark else None
    session.add(
        EscalationEvent(
            id=row,
            escalation_id=found.id,
            kind=kind,
            at=now,
            step=found.step,
            practitioner_id=reader.practitioner_id,
            reasons=list(reasons),
            note_sealed=sealed,
        )
    )
    session.flush()


def _note(
    session: Session, reader: Reader, action: str, found: Heading, now: datetime, **detail: str
) -> None:
    audit.note(
        session,
        actor=reader.actor,
        action=action,
        subject="escalation",
        subject_id=found.id,
        person_id=found.person_id,
        facility_id=found.facility_id,
        now=now,
        detail=dict(detail),
    )
