"""Stops what was planned for a person, and brings it back. Guarded moves, inside one transaction.

What is a reply or a safety text goes on, except to the dead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select, update

from records.db import changed
from records.escalations import CLOSED, NOT_RUNG, record
from records.escalations import OPEN as ALARM_OPEN
from records.follow_ups import CANCELLED, OPEN, PLANNED, SILENT, plan
from records.outbound import EXPIRED, NEVER, QUEUED, REMINDER, STARTED_BY_US
from records.tables import Enrolment, Escalation, EscalationEvent, FollowUp, OutboundMessage, Task
from records.tasks import CALL, REVIEW

_UNDER_WAY = (PLANNED, OPEN, SILENT)

# Why a reminder was not sent any more, and how the cause of one begins.
ANSWERED = "answered"
FOLLOW_UP_KEY = "follow-up:"


@dataclass(frozen=True, slots=True)
class Stopped:
    """What ended with a change: follow-ups with their due date, enrolments, tasks, cases, by id."""

    follow_ups: Mapping[str, date] = field(default_factory=dict)
    enrolments: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "follow_ups": {row: day.isoformat() for row, day in self.follow_ups.items()},
            "enrolments": list(self.enrolments),
            "tasks": list(self.tasks),
            "cases": list(self.cases),
        }

    @staticmethod
    def of(kept: Mapping[str, Any]) -> Stopped:
        """What a change had stopped, as its row keeps it."""
        days = {row: date.fromisoformat(day) for row, day in kept.get("follow_ups", {}).items()}
        names = ("enrolments", "tasks", "cases")
        return Stopped(days, *(tuple(kept.get(name, [])) for name in names))


def stop_messages(
    session: Session,
    whose: ColumnElement[bool],
    reason: str,
    now: datetime,
    *,
    all_of_them: bool,
    state: str = NEVER,
) -> int:
    """Settle queued messages for good. Those to practitioners always go on."""
    statement = (
        update(OutboundMessage)
        .where(whose)
        .where(col(OutboundMessage.practitioner_id).is_(None))
        .where(col(OutboundMessage.state) == QUEUED)
        .values(state=state, reason=reason, settled_at=now)
        .execution_options(synchronize_session=False)
    )
    if not all_of_them:
        statement = statement.where(col(OutboundMessage.purpose).in_(STARTED_BY_US))
    return changed(session, statement)


def withdraw_reminders(session: Session, person_id: str, now: datetime) -> int:
    """What was to remind somebody who has answered meanwhile, once nothing else is asked of them."""
    asked = (
        select(FollowUp.id)
        .where(FollowUp.person_id == person_id)
        .where(FollowUp.state == OPEN)
        .exists()
    )
    reminders = and_(
        col(OutboundMessage.person_id) == person_id,
        col(OutboundMessage.purpose) == REMINDER,
        col(OutboundMessage.send_key).startswith(FOLLOW_UP_KEY),
        ~asked,
    )
    return stop_messages(session, reminders, ANSWERED, now, all_of_them=False, state=EXPIRED)


def cancel_follow_ups(session: Session, person_id: str, now: datetime) -> dict[str, date]:
    """End everything planned, open or silent. Returns the rows with their due dates."""
    rows = _under_way(session, person_id)
    for row in rows:
        row.state, row.closed_at, row.next_step_at = CANCELLED, now, None
        session.add(row)
    session.flush()
    return {row.id: row.due_on for row in rows}


def put_off_follow_ups(
    session: Session, person_id: str, until: date, now: datetime
) -> dict[str, date]:
    """Plan again for `until` whatever falls due before it; one plan ahead per programme."""
    moved: dict[str, date] = {}
    planned: set[str] = set()
    for row in _under_way(session, person_id):
        if row.programme in planned:
            moved[row.id] = row.due_on
            row.state, row.closed_at = CANCELLED, now
        elif row.due_on < until or row.state != PLANNED:
            moved[row.id] = row.due_on
            _plan_again(session, row, max(row.due_on, until))
        planned.add(row.programme)
        session.add(row)
        session.flush()
    return moved


def bring_follow_ups_back(session: Session, days: Mapping[str, date]) -> None:
    """Plan again what was cancelled or put off, each for its day; one ahead per programme."""
    rows = session.exec(
        select(FollowUp)
        .where(col(FollowUp.id).in_(list(days)))
        .where(col(FollowUp.state).in_((CANCELLED, PLANNED)))
        .order_by(col(FollowUp.due_on), col(FollowUp.id))
        .with_for_update()
    ).all()
    ahead: set[str] = set()
    for row in sorted(rows, key=lambda one: (days[one.id], one.id)):
        if row.programme in ahead:
            continue
        ahead.add(row.programme)
        _plan_again(session, row, days[row.id])
        session.add(row)
        session.flush()


def plan_what_lacks(session: Session, person_id: str, today: date) -> None:
    """Everyone under management has a next follow-up in each programme."""
    programmes = session.exec(
        select(Enrolment.programme)
        .where(Enrolment.person_id == person_id)
        .where(col(Enrolment.ended_on).is_(None))
    ).all()
    have = {row.programme for row in _under_way(session, person_id)}
    for programme in set(programmes) - have:
        plan(session, person_id, programme, today)


def close_tasks(
    session: Session, person_id: str, outcome: str, *, by: str, now: datetime, every_call: bool
) -> tuple[str, ...]:
    """Close what we had asked the doctor to do for the plan's sake; with every call, that too.

    What she wrote and nobody read stays open: it is never dropped.
    """
    ours = or_(
        col(Task.follow_up_id).is_not(None),
        Task.reason == "silent",
        col(Task.outbound_message_id).in_(
            select(OutboundMessage.id).where(col(OutboundMessage.purpose).in_(STARTED_BY_US))
        ),
    )
    if every_call:
        ours = col(Task.kind).in_((CALL, REVIEW))
    chosen = and_(Task.person_id == person_id, col(Task.closed_at).is_(None), ours)
    ids = tuple(session.exec(select(Task.id).where(chosen).with_for_update()).all())
    if ids:
        session.execute(
            update(Task)
            .where(col(Task.id).in_(ids))
            .values(closed_at=now, closed_by=by, outcome=outcome)
            .execution_options(synchronize_session=False)
        )
    return ids


def reopen_tasks(session: Session, ids: Iterable[str], outcome: str) -> None:
    """Open again what was closed by a change that was a slip."""
    session.execute(
        update(Task)
        .where(col(Task.id).in_(list(ids)))
        .where(col(Task.outcome) == outcome)
        .values(closed_at=None, closed_by=None, outcome=None)
        .execution_options(synchronize_session=False)
    )


def close_cases(
    session: Session, person_id: str, outcome: str, by: str, now: datetime
) -> tuple[str, ...]:
    """End the alarms about somebody who died. Who writes from that phone later rings anew."""
    kind, _, practitioner = by.partition(":")
    rows = session.exec(
        select(Escalation)
        .where(Escalation.person_id == person_id)
        .where(Escalation.state != CLOSED)
        .with_for_update()
    ).all()
    for row in rows:
        row.state, row.outcome, row.next_escalation_at = CLOSED, outcome, None
        row.closed_at, row.closed_by = now, practitioner or kind
        session.add(row)
        session.add(
            EscalationEvent(
                escalation_id=row.id,
                kind="closed",
                at=now,
                step=row.step,
                practitioner_id=practitioner or None,
                reasons=[outcome],
            )
        )
    session.flush()
    return tuple(row.id for row in rows)


def reopen_cases(session: Session, ids: Iterable[str], now: datetime) -> None:
    """The death was a slip: whoever is next is rung again at once."""
    rows = session.exec(
        select(Escalation)
        .where(col(Escalation.id).in_(list(ids)))
        .where(Escalation.state == CLOSED)
        .with_for_update()
    ).all()
    for row in rows:
        row.state, row.step, row.next_escalation_at = ALARM_OPEN, NOT_RUNG, now
        row.acknowledged_at = row.acknowledged_by = None
        row.closed_at = row.closed_by = row.outcome = None
        session.add(row)
        record(session, row, "reopened", now)


def end_enrolments(session: Session, person_id: str, on: date, reason: str) -> tuple[str, ...]:
    rows = session.exec(
        select(Enrolment)
        .where(Enrolment.person_id == person_id)
        .where(col(Enrolment.ended_on).is_(None))
        .with_for_update()
    ).all()
    for row in rows:
        row.ended_on, row.ended_reason = on, reason
        session.add(row)
    session.flush()
    return tuple(row.id for row in rows)


def resume_enrolments(session: Session, ids: Iterable[str]) -> None:
    session.execute(
        update(Enrolment)
        .where(col(Enrolment.id).in_(list(ids)))
        .values(ended_on=None, ended_reason=None)
        .execution_options(synchronize_session=False)
    )


def _under_way(session: Session, person_id: str) -> list[FollowUp]:
    return list(
        session.exec(
            select(FollowUp)
            .where(FollowUp.person_id == person_id)
            .where(col(FollowUp.state).in_(_UNDER_WAY))
            .order_by(col(FollowUp.due_on), col(FollowUp.id))
            .with_for_update()
        ).all()
    )


def _plan_again(session: Session, row: FollowUp, due_on: date) -> None:
    """What was answered stays; a day that another row of the programme has taken is passed over."""
    others = session.exec(
        select(FollowUp)
        .where(FollowUp.person_id == row.person_id)
        .where(FollowUp.programme == row.programme)
        .where(FollowUp.id != row.id)
    ).all()
    taken = {one.due_on for one in others}
    while due_on in taken:
        due_on += timedelta(days=1)
    row.state, row.due_on = PLANNED, due_on
    row.opened_at = row.closed_at = row.next_step_at = None
    row.reminders_sent = 0
