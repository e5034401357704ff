"""Follow-ups: planned with a due date, opened by a tick, filled by the conversation, then a draft.

A plan is one row per person, programme and due date, so planning twice plans once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select, update

from care.reading import GlucoseContext, Kind, Reading
from records.db import changed
from records.identity import new_id
from records.insertion import insert_once
from records.tables import FollowUp, Person

PLANNED, OPEN, DRAFT, SIGNED = "planned", "open", "draft", "signed"
SILENT, CANCELLED = "silent", "cancelled"

_OPEN_FOR = (
    select(FollowUp)
    .where(col(FollowUp.person_id).in_(bindparam("persons", expanding=True)))
    .where(col(FollowUp.state) == OPEN)
    .order_by(col(FollowUp.due_on), col(FollowUp.id))
)


def plan(
    session: Session, person_id: str, programme: str, due_on: date, reason: str = "routine"
) -> bool:
    """Plan a follow-up. False when one is planned for that day or earlier already.

    A programme has one plan ahead: an earlier contact takes the place of a later one, and plans its
    own successor when it is done. Otherwise a recheck would start a second chain beside the first.
    """
    ahead = list(
        session.exec(
            select(FollowUp)
            .where(FollowUp.person_id == person_id)
            .where(FollowUp.programme == programme)
            .where(FollowUp.state == PLANNED)
            .with_for_update()
        ).all()
    )
    if any(row.due_on <= due_on for row in ahead):
        return False
    for row in ahead:
        row.state = CANCELLED
        session.add(row)
    again = session.exec(
        select(FollowUp)
        .where(FollowUp.person_id == person_id)
        .where(FollowUp.programme == programme)
        .where(FollowUp.due_on == due_on)
        .where(FollowUp.state == CANCELLED)
    ).first()
    if again is not None:
        again.state, again.reason = PLANNED, reason
        session.add(again)
        return True
    row = FollowUp(
        id=new_id(), person_id=person_id, programme=programme, due_on=due_on, reason=reason
    )
    return insert_once(session, row)


def replan(
    session: Session, person_id: str, programme: str, due_on: date, reason: str = "routine"
) -> bool:
    """The doctor's own date: it takes the place of what the rules had planned.

    Only an earlier check after a referral stays, because somebody must ask whether the person went.
    """
    session.execute(
        update(FollowUp)
        .where(col(FollowUp.person_id) == person_id)
        .where(col(FollowUp.programme) == programme)
        .where(col(FollowUp.state) == PLANNED)
        .where((col(FollowUp.reason) != "referral_check") | (col(FollowUp.due_on) >= due_on))
        .values(state=CANCELLED)
        .execution_options(synchronize_session="fetch")
    )
    return plan(session, person_id, programme, due_on, reason)


def open_for(session: Session, person_ids: list[str]) -> list[FollowUp]:
    """The follow-ups being asked about now, the earliest due first."""
    return list(session.exec(_OPEN_FOR, params={"persons": person_ids}).all())


def due_to_open(session: Session, today: date, limit: int) -> list[FollowUp]:
    """Planned follow-ups of people under management whose day has come."""
    return list(
        session.exec(
            select(FollowUp)
            .join(Person, col(Person.id) == col(FollowUp.person_id))
            .where(col(FollowUp.state) == PLANNED)
            .where(col(FollowUp.due_on) <= today)
            .where(col(Person.status) == "active")
            .order_by(col(FollowUp.due_on), col(FollowUp.id))
            .limit(limit)
            .with_for_update(skip_locked=True, of=FollowUp)
        ).all()
    )


def start(
    session: Session,
    follow_up_ids: list[str],
    *,
    now: datetime,
    next_step_at: datetime,
) -> int:
    """Open planned follow-ups: the conversation begins to ask."""
    statement = (
        update(FollowUp)
        .where(col(FollowUp.id).in_(follow_up_ids))
        .where(col(FollowUp.state) == PLANNED)
        .values(state=OPEN, opened_at=now, next_step_at=next_step_at)
    )
    return changed(session, statement)


def unanswered(session: Session, now: datetime, limit: int) -> list[FollowUp]:
    """Open follow-ups whose next reminder, or hand-over to the doctor, is due."""
    return list(
        session.exec(
            select(FollowUp)
            .where(col(FollowUp.state) == OPEN)
            .where(col(FollowUp.next_step_at) <= now)
            .order_by(col(FollowUp.next_step_at), col(FollowUp.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
    )


def reminded(session: Session, row: FollowUp, *, next_step_at: datetime) -> bool:
    """Count a reminder and set the next step, unless another process already did."""
    statement = (
        update(FollowUp)
        .where(col(FollowUp.id) == row.id)
        .where(col(FollowUp.state) == OPEN)
        .where(col(FollowUp.reminders_sent) == row.reminders_sent)
        .values(reminders_sent=row.reminders_sent + 1, next_step_at=next_step_at)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def fall_silent(session: Session, follow_up_id: str, now: datetime) -> bool:
    """Nobody answered: the follow-up goes to the doctor's call list."""
    return _end(session, follow_up_id, now, state=SILENT)


def note_answers(
    session: Session, follow_up_id: str, answers: Mapping[str, Any], next_step_at: datetime
) -> bool:
    """Keep what is known so far; an answer also puts off the next reminder."""
    statement = (
        update(FollowUp)
        .where(col(FollowUp.id) == follow_up_id)
        .where(col(FollowUp.state) == OPEN)
        .values(answers=dict(answers), next_step_at=next_step_at)
    )
    return changed(session, statement) == 1


def draft(
    session: Session,
    follow_up_id: str,
    answers: Mapping[str, Any],
    classification: str | None,
    now: datetime,
) -> bool:
    """All fields are known: a draft form for the doctor to sign."""
    return _end(
        session,
        follow_up_id,
        now,
        state=DRAFT,
        answers=dict(answers),
        classification=classification,
    )


def classes_before(session: Session, person_id: str, programme: str, limit: int = 4) -> list[str]:
    """The classes of the last follow-ups of this person and programme, the latest first."""
    found = session.exec(
        select(FollowUp.classification)
        .where(FollowUp.person_id == person_id)
        .where(FollowUp.programme == programme)
        .where(col(FollowUp.classification).is_not(None))
        .order_by(col(FollowUp.due_on).desc())
        .limit(limit)
    ).all()
    return [classification for classification in found if classification]


def _end(session: Session, follow_up_id: str, now: datetime, **values: Any) -> bool:
    statement = (
        update(FollowUp)
        .where(col(FollowUp.id) == follow_up_id)
        .where(col(FollowUp.state) == OPEN)
        .values(closed_at=now, next_step_at=None, **values)
    )
    return changed(session, statement) == 1


def measured(answers: Mapping[str, Any]) -> tuple[Reading, ...]:
    """The values among the answers of a follow-up."""
    found: list[Reading] = []
    if "bp" in answers:
        systolic, diastolic = answers["bp"]
        found.append(Reading(Kind.BP, systolic=systolic, diastolic=diastolic))
    if "glucose" in answers:
        value, moment = answers["glucose"]
        context = GlucoseContext(moment) if moment else None
        found.append(Reading(Kind.GLUCOSE, value=value, context=context))
    return tuple(found)
