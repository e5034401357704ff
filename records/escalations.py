"""Escalations: opened by rules, bundled per person, rung up a ladder by a clock in the row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from sqlmodel import Session, col, select, update

from care.level import Level
from records.db import changed
from records.tables import Escalation, EscalationEvent

NOT_RUNG = -1
OPEN, ACKNOWLEDGED, CLOSED = "open", "acknowledged", "closed"
_CODE_LENGTH = 4
OUTCOMES = ("reached", "referred", "called_120", "unreachable", "false_reading")


@dataclass(frozen=True, slots=True)
class Alarm:
    """What raising an alarm did: a new escalation, or an existing one that became more urgent."""

    escalation: Escalation
    opened: bool
    raised: bool


class _Cause(TypedDict):
    reasons: tuple[str, ...]
    inbound_message_id: str | None
    turn_id: str | None


def raise_alarm(
    session: Session,
    *,
    person_id: str,
    contact_point_id: str | None,
    facility_id: str | None,
    level: Level,
    reasons: tuple[str, ...],
    now: datetime,
    rings_at: datetime | None,
    inbound_message_id: str | None = None,
    turn_id: str | None = None,
) -> Alarm:
    """Open an escalation, or bundle into the person's one that is not closed.

    A more urgent repeat raises the level and starts the clock again, even when somebody had
    acknowledged the lesser one. `rings_at` is when the first step is rung: now, unless it may wait.
    The same message or turn never adds a second event.
    """
    cause = _Cause(reasons=reasons, inbound_message_id=inbound_message_id, turn_id=turn_id)
    row = _not_closed(session, person_id)
    if row is None:
        row = Escalation(
            person_id=person_id,
            contact_point_id=contact_point_id,
            facility_id=facility_id,
            level=level,
            reasons=list(reasons),
            opened_at=now,
            next_escalation_at=rings_at,
        )
        session.add(row)
        session.flush()
        record(session, row, "opened", now, **cause)
        return Alarm(row, opened=True, raised=False)
    raised = level > Level(row.level)
    if raised:
        row.level = level
        row.state, row.step = OPEN, NOT_RUNG
        row.acknowledged_at = row.acknowledged_by = None
        row.next_escalation_at = _sooner(row.next_escalation_at, rings_at)
    row.facility_id = row.facility_id or facility_id
    row.reasons = [*row.reasons, *(r for r in reasons if r not in row.reasons)]
    session.add(row)
    if not _known(session, row.id, inbound_message_id):
        kind = "raised" if raised else "repeated"
        record(session, row, kind, now, **cause)
    return Alarm(row, opened=False, raised=raised)


def stands(session: Session, person_id: str) -> bool:
    """Whether something of this person is open."""
    found = session.exec(
        select(Escalation.id)
        .where(Escalation.person_id == person_id)
        .where(Escalation.state != CLOSED)
    ).first()
    return found is not None


def record(
    session: Session,
    escalation: Escalation,
    kind: str,
    now: datetime,
    *,
    reasons: tuple[str, ...] = (),
    inbound_message_id: str | None = None,
    turn_id: str | None = None,
    step: int | None = None,
) -> None:
    """Add an event to an escalation, at the step where it stands or at the one named."""
    session.add(
        EscalationEvent(
            escalation_id=escalation.id,
            kind=kind,
            at=now,
            step=escalation.step if step is None else step,
            reasons=list(reasons),
            inbound_message_id=inbound_message_id,
            turn_id=turn_id,
        )
    )
    session.flush()


def remark(session: Session, person_id: str, kind: str, by: str, now: datetime) -> None:
    """Write what a doctor did about the conversation into the open case, if there is one."""
    row = _not_closed(session, person_id)
    if row is not None:
        session.add(
            EscalationEvent(
                escalation_id=row.id, kind=kind, at=now, step=row.step, practitioner_id=by
            )
        )
        session.flush()


def due(session: Session, now: datetime, limit: int = 100) -> list[Escalation]:
    """Open escalations whose clock has run out, the oldest first."""
    query = (
        select(Escalation)
        .where(Escalation.state == OPEN)
        .where(col(Escalation.next_escalation_at) <= now)
        .order_by(col(Escalation.next_escalation_at))
        .limit(limit)
    )
    return list(session.exec(query.with_for_update(skip_locked=True)).all())


def advance(
    session: Session, escalation: Escalation, *, step: int, rings_at: datetime | None
) -> bool:
    """Move to the next step of the ladder, unless somebody acknowledged or moved it meanwhile."""
    statement = (
        update(Escalation)
        .where(col(Escalation.id) == escalation.id)
        .where(col(Escalation.state) == OPEN)
        .where(col(Escalation.step) == escalation.step)
        .values(step=step, next_escalation_at=rings_at)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def acknowledged(session: Session, before: datetime, limit: int = 100) -> list[Escalation]:
    """Escalations somebody took before this moment and has not closed."""
    query = (
        select(Escalation)
        .where(Escalation.state == ACKNOWLEDGED)
        .where(col(Escalation.acknowledged_at) <= before)
        .order_by(col(Escalation.acknowledged_at))
        .limit(limit)
    )
    return list(session.exec(query).all())


def last_event_at(session: Session, escalation_id: str) -> datetime:
    """When anything last happened in an escalation."""
    return session.exec(
        select(EscalationEvent.at)
        .where(EscalationEvent.escalation_id == escalation_id)
        .order_by(col(EscalationEvent.at).desc())
        .limit(1)
    ).one()


def reopen(session: Session, escalation: Escalation, now: datetime) -> bool:
    """Ring again for an escalation that was taken and forgotten; False when it was closed."""
    statement = (
        update(Escalation)
        .where(col(Escalation.id) == escalation.id)
        .where(col(Escalation.state) == ACKNOWLEDGED)
        .values(
            state=OPEN,
            step=NOT_RUNG,
            next_escalation_at=now,
            acknowledged_at=None,
            acknowledged_by=None,
        )
        .execution_options(synchronize_session=False)
    )
    if changed(session, statement) != 1:
        return False
    session.refresh(escalation)
    record(session, escalation, "reopened", now)
    return True


def code_of(escalation_id: str) -> str:
    """The short number that staff use for an alarm: its last digits, not guessable as a name."""
    return str(int(escalation_id.replace("-", "")[-8:], 16) % 10**_CODE_LENGTH).zfill(_CODE_LENGTH)


def _sooner(before: datetime | None, now: datetime | None) -> datetime | None:
    """What became worse never rings later than it would have rung."""
    known = [at for at in (before, now) if at is not None]
    return min(known, default=None)


def _not_closed(session: Session, person_id: str) -> Escalation | None:
    return session.exec(
        select(Escalation)
        .where(Escalation.person_id == person_id)
        .where(Escalation.state != CLOSED)
        .order_by(col(Escalation.opened_at))
        .with_for_update()
    ).first()


def _known(session: Session, escalation_id: str, inbound_message_id: str | None) -> bool:
    if inbound_message_id is None:
        return False
    found = session.exec(
        select(EscalationEvent.id)
        .where(EscalationEvent.escalation_id == escalation_id)
        .where(EscalationEvent.inbound_message_id == inbound_message_id)
    ).first()
    return found is not None
