"""Follow-ups whose answers rest on a value that was corrected.

What is still open or a draft is put right; a form that a doctor signed is not touched, but a doctor
is asked to look at it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from care.classify import Visit, VisitClass, classify
from care.reading import Kind, Reading
from care.situation import Programme
from records import tasks
from records.follow_ups import DRAFT, OPEN, SIGNED, measured
from records.people import background, china_date
from records.tables import FollowUp, Person, StoredReading

REASON = "form_corrected"
_NEAR = timedelta(days=31)
# The blanks of the official forms that hold the numbers.
_BLANKS = {"systolic", "diastolic", "fpg", "other_glucose"}


def amend(
    session: Session, wrong: StoredReading, right: Reading | None, now: datetime
) -> list[str]:
    """Put right whatever a follow-up took from the wrong value. Returns the follow-ups touched.

    `right` is the value that takes its place for the same person; None when there is none.
    """
    touched: list[str] = []
    rows = session.exec(
        select(FollowUp)
        .where(FollowUp.person_id == wrong.person_id)
        .where(col(FollowUp.state).in_((OPEN, DRAFT, SIGNED)))
        .with_for_update()
    ).all()
    for row in rows:
        if not _near(row, china_date(wrong.taken_at), china_date(now)):
            continue
        if row.state == SIGNED:
            if _stands_on(row.form, wrong) or _field(row.answers, wrong):
                _ask_to_look(session, row, now)
                touched.append(row.id)
        elif (field := _field(row.answers, wrong)) is not None:
            _put_right(session, row, field, right, now)
            touched.append(row.id)
    session.flush()
    return touched


def _near(row: FollowUp, taken_on: date, today: date) -> bool:
    held = row.held_on or (china_date(row.closed_at) if row.closed_at else today)
    return abs(held - taken_on) <= _NEAR


def _field(answers: Mapping[str, Any], wrong: StoredReading) -> str | None:
    """The answer that repeats the wrong value; None when none does."""
    if wrong.kind == Kind.BP and list(answers.get("bp", ())) == [wrong.systolic, wrong.diastolic]:
        return "bp"
    if wrong.kind == Kind.GLUCOSE and list(answers.get("glucose", ()))[:1] == [wrong.value]:
        return "glucose"
    return None


def _stands_on(form: Mapping[str, Any], wrong: StoredReading) -> bool:
    if wrong.kind == Kind.BP:
        written = form.get("systolic"), form.get("diastolic")
        return wrong.systolic is not None and written == (wrong.systolic, wrong.diastolic)
    blanks = ("fpg", "other_glucose") if wrong.kind == Kind.GLUCOSE else ()
    return any(form.get(blank) == wrong.value for blank in blanks)


def _put_right(
    session: Session, row: FollowUp, field: str, right: Reading | None, now: datetime
) -> None:
    answers = {name: value for name, value in row.answers.items() if name != field}
    if right is not None and right.kind is Kind.BP:
        answers["bp"] = [right.systolic, right.diastolic]
    elif right is not None:
        answers["glucose"] = [right.value, right.context]
    row.answers = answers
    # What was prefilled from the wrong value is prefilled again.
    row.form = {name: value for name, value in row.form.items() if name not in _BLANKS}
    if row.state == DRAFT:
        row.classification = _class(session, row, now)
    session.add(row)


def _class(session: Session, row: FollowUp, now: datetime) -> str | None:
    """The class by the value that stands now; what was told beside it still counts."""
    person = session.get_one(Person, row.person_id)
    visit = Visit(
        programme=Programme(row.programme),
        background=background(session, person, china_date(now)),
        readings=measured(row.answers),
        adverse_reaction=row.classification == VisitClass.ADVERSE_REACTION,
        complication=row.classification == VisitClass.COMPLICATION,
    )
    return classify(visit).visit_class


def _ask_to_look(session: Session, row: FollowUp, now: datetime) -> None:
    person = session.get_one(Person, row.person_id)
    tasks.open_task(
        session,
        task_key=f"{REASON}:{row.id}:{china_date(now)}",
        kind=tasks.REVIEW,
        reason=REASON,
        person_id=person.id,
        contact_point_id=None,
        facility_id=person.facility_id,
        now=now,
    )
