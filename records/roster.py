"""Absences and shifts as they are set, and what setting one does to alarms that are ringing now.

Who goes away must not take a ringing alarm along: an alarm that only they were rung for moves on
at once. Who comes back is rung at once for what had nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, not_, or_, select, update

from care.escalation import ladder
from care.level import Level
from records import audit, duty
from records.db import changed
from records.escalations import NOT_RUNG, OPEN
from records.outbound import CHANNEL_CLOSED, EXPIRED, NEVER, NOTICE
from records.reader import Reader
from records.tables import (
    Absence,
    DutyShift,
    Escalation,
    EscalationEvent,
    Facility,
    OutboundMessage,
    Practitioner,
)

REASONS = ("leave", "ill", "market", "training")
LONGEST_ABSENCE = timedelta(days=366)
LONGEST_SHIFT = timedelta(days=8)
_NOBODY = "nobody_on_duty"
_NOT_SENT = (NEVER, EXPIRED, CHANNEL_CLOSED)


class RosterError(ValueError):
    """What was asked for cannot stand in the roster. `reason` is a word of the page."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Leave:
    """Days off that somebody asks for, both included."""

    first_day: date
    last_day: date
    reason: str = "leave"
    deputy_id: str | None = None


def go_away(session: Session, reader: Reader, leave: Leave, now: datetime) -> Absence:
    """Note the reader's own absence, and let alarms that ring only for absent people move on.

    Raises:
        RosterError: the days or the deputy cannot be.
    """
    _check(session, reader, leave, now)
    row = Absence(
        practitioner_id=reader.practitioner_id,
        first_day=leave.first_day,
        last_day=leave.last_day,
        reason=leave.reason if leave.reason in REASONS else "leave",
        deputy_id=leave.deputy_id,
        set_by=reader.practitioner_id,
        set_at=now,
    )
    session.add(row)
    session.flush()
    ring_now(session, stranded(session, now), now)
    _note(session, reader, "absence.set", row.id, now, reason=row.reason)
    return row


def come_back(session: Session, reader: Reader, absence_id: str, now: datetime) -> bool:
    """End or take back an absence of one's own; alarms that had nobody are rung at once."""
    statement = (
        update(Absence)
        .where(col(Absence.id) == absence_id)
        .where(col(Absence.practitioner_id) == reader.practitioner_id)
        .where(col(Absence.cancelled_at).is_(None))
        .values(cancelled_at=now)
        .execution_options(synchronize_session=False)
    )
    if changed(session, statement) != 1:
        return False
    ring_now(session, unrung(session, reader), now)
    _note(session, reader, "absence.cancelled", absence_id, now)
    return True


def set_shift(
    session: Session,
    reader: Reader,
    practitioner_id: str,
    begins_at: datetime,
    ends_at: datetime,
    now: datetime,
) -> DutyShift:
    """Put a colleague of the reader's own facility on duty.

    Raises:
        RosterError: the times or the colleague cannot be.
    """
    if not begins_at < ends_at or ends_at <= now or ends_at - begins_at > LONGEST_SHIFT:
        raise RosterError(reason="shift_times")
    colleague = session.get(Practitioner, practitioner_id)
    if colleague is None or colleague.facility_id != reader.facility_id:
        raise RosterError(reason="not_a_colleague")
    row = DutyShift(
        facility_id=reader.facility_id,
        practitioner_id=practitioner_id,
        begins_at=begins_at,
        ends_at=ends_at,
        set_by=reader.practitioner_id,
        set_at=now,
    )
    session.add(row)
    session.flush()
    _note(session, reader, "shift.set", row.id, now, practitioner=practitioner_id)
    return row


def drop_shift(session: Session, reader: Reader, shift_id: str, now: datetime) -> bool:
    """Take a shift of the reader's own facility off the roster."""
    row = session.get(DutyShift, shift_id)
    if row is None or row.facility_id != reader.facility_id:
        return False
    session.delete(row)
    _note(session, reader, "shift.dropped", shift_id, now)
    return True


def stranded(session: Session, now: datetime) -> list[str]:
    """Ringing alarms whose last rung people have all gone away since."""
    asked = {"today": duty.today(now), "now": now}
    return list(session.execute(_stranded(), asked).scalars().all())


def unheard(session: Session, now: datetime) -> list[str]:
    """Ringing alarms whose last notices all failed, on their first way up.

    Later an alarm whose every bell is broken goes on by its minutes, not by the second.
    """
    rows = session.execute(_unheard(), {"now": now}).all()
    return [row for row, level, step in rows if _may_climb(level, step)]


def unrung(session: Session, reader: Reader) -> list[str]:
    """Open alarms of the reader's catchment that nobody could be rung for at the last try."""
    found = (
        select(Escalation.id)
        .outerjoin(Facility, col(Facility.id) == col(Escalation.facility_id))
        .where(col(Escalation.state) == OPEN)
        .where(or_(reader.catchment(), col(Escalation.facility_id).is_(None)))
        .where(_went_unrung())
    )
    return list(session.exec(found).all())


def ring_now(session: Session, ids: list[str], now: datetime) -> int:
    """Let the clock of these alarms run out now. Never puts a ring off."""
    if not ids:
        return 0
    statement = (
        update(Escalation)
        .where(col(Escalation.id).in_(ids))
        .where(col(Escalation.state) == OPEN)
        .where(col(Escalation.next_escalation_at) > now)
        .values(next_escalation_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement)


# Asked every second: building these anew would cost more than running them.
@lru_cache(maxsize=1)
def _stranded() -> Select[str]:
    last_ring = _last_ring()
    still_there = (
        select(OutboundMessage.id)
        .join(Practitioner, col(Practitioner.id) == col(OutboundMessage.practitioner_id))
        .where(col(OutboundMessage.escalation_id) == col(Escalation.id))
        .where(col(OutboundMessage.created_at) == last_ring)
        .where(duty.rings(Practitioner))
        .correlate(Escalation)
        .exists()
    )
    return (
        sa_select(col(Escalation.id))
        .where(_ringing())
        .where(last_ring.is_not(None))
        .where(not_(still_there))
        # Nobody at all was there at the last try: the clock tries again, not every tick.
        .where(not_(_went_unrung()))
    )


@lru_cache(maxsize=1)
def _unheard() -> Select[str, str, int]:
    notice = aliased(OutboundMessage)
    at_last_ring = (
        select(notice.id)
        .where(col(notice.escalation_id) == col(Escalation.id))
        .where(notice.purpose == NOTICE)
        .where(col(notice.created_at) == _last_ring())
        .correlate(Escalation)
    )
    perhaps = at_last_ring.where(col(notice.state).not_in(_NOT_SENT)).exists()
    return (
        sa_select(col(Escalation.id), col(Escalation.level), col(Escalation.step))
        .where(_ringing())
        .where(at_last_ring.exists())
        .where(not_(perhaps))
        .where(not_(_went_unrung()))
    )


def _ringing() -> ColumnElement[bool]:
    return and_(
        col(Escalation.state) == OPEN,
        col(Escalation.step) > NOT_RUNG,
        col(Escalation.next_escalation_at) > bindparam("now"),
    )


def _last_ring() -> ScalarSelect[datetime]:
    later = aliased(OutboundMessage)
    return (
        select(func.max(later.created_at))
        .where(col(later.escalation_id) == col(Escalation.id))
        .where(later.purpose == NOTICE)
        .where(col(later.practitioner_id).is_not(None))
        .correlate(Escalation)
        .scalar_subquery()
    )


def _may_climb(level: str, step: int) -> bool:
    rungs = ladder(Level(level))
    return rungs is not None and step + 1 < len(rungs.steps)


def _went_unrung() -> ColumnElement[bool]:
    nobody, rung = aliased(EscalationEvent), aliased(EscalationEvent)
    since = (
        select(rung.id)
        .where(col(rung.escalation_id) == col(nobody.escalation_id))
        .where(rung.kind == "rung")
        .where(col(rung.at) >= col(nobody.at))
        .correlate(nobody)
        .exists()
    )
    return (
        select(nobody.id)
        .where(col(nobody.escalation_id) == col(Escalation.id))
        .where(nobody.kind == _NOBODY)
        .where(not_(since))
        .correlate(Escalation)
        .exists()
    )


def _check(session: Session, reader: Reader, leave: Leave, now: datetime) -> None:
    if not duty.today(now) <= leave.last_day or leave.first_day > leave.last_day:
        raise RosterError(reason="days")
    if leave.last_day - leave.first_day > LONGEST_ABSENCE:
        raise RosterError(reason="days")
    if leave.deputy_id is None:
        return
    deputy = session.get(Practitioner, leave.deputy_id)
    known = deputy is not None and deputy.disabled_at is None and deputy.role in duty.RUNG_ROLES
    if not known or leave.deputy_id == reader.practitioner_id:
        raise RosterError(reason="deputy")


def _note(
    session: Session, reader: Reader, action: str, subject_id: str, now: datetime, **detail: str
) -> None:
    audit.note(
        session,
        actor=reader.actor,
        action=action,
        subject=action.partition(".")[0],
        subject_id=subject_id,
        facility_id=reader.facility_id,
        now=now,
        detail=dict(detail),
    )
