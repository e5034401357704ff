"""Follow-ups in every state, for the tests of the forms."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from care.reading import GlucoseContext, Kind, Reading
from care.situation import Programme
from records import follow_ups, readings
from records.people import china_date
from records.tables import FollowUp
from tests.inbox.county import County, there

WELL = {"symptoms": [], "medicine_taken": True}


def measured(
    county: County,
    person_id: str,
    reading: Reading,
    *,
    ago: timedelta = timedelta(hours=1),
    setting: str = "home",
    certainty: str = "plain",
) -> str:
    at = county.now - ago
    row = readings.store(
        county.session,
        person_id,
        reading,
        readings.Provenance(setting=setting, certainty=certainty),
        taken_at=at,
        now=at,
    )
    return row.id


def pressure(systolic: float, diastolic: float) -> Reading:
    return Reading(Kind.BP, systolic=systolic, diastolic=diastolic)


def fasting(value: float) -> Reading:
    return Reading(Kind.GLUCOSE, value=value, context=GlucoseContext.FASTING)


def opened(
    county: County,
    person_id: str,
    programme: Programme = Programme.HYPERTENSION,
    *,
    due_on: date | None = None,
    ago: timedelta = timedelta(hours=3),
) -> str:
    """A follow-up that is being asked about."""
    session, day = county.session, due_on or china_date(county.now)
    follow_ups.plan(session, person_id, programme, day)
    row = find(session, person_id, programme, day)
    follow_ups.start(
        session, [row.id], now=county.now - ago, next_step_at=county.now + timedelta(days=2)
    )
    return row.id


def drafted(
    county: County,
    person_id: str,
    *values: Reading,
    programme: Programme = Programme.HYPERTENSION,
    answers: dict[str, Any] | None = None,
    due_on: date | None = None,
) -> str:
    """A follow-up that the conversation completed, with what was measured meanwhile."""
    row = opened(county, person_id, programme, due_on=due_on)
    for value in values:
        measured(county, person_id, value)
    said = WELL if answers is None else answers
    follow_ups.draft(county.session, row, said, None, county.now)
    county.session.expire_all()
    return row


def find(session: Session, person_id: str, programme: Programme, due_on: date) -> FollowUp:
    return there(
        session.exec(
            select(FollowUp)
            .where(FollowUp.person_id == person_id)
            .where(FollowUp.programme == programme)
            .where(FollowUp.due_on == due_on)
        ).first()
    )


def rows(session: Session, person_id: str) -> list[FollowUp]:
    """All follow-ups of a person, by day."""
    found = session.exec(select(FollowUp).where(FollowUp.person_id == person_id)).all()
    return sorted(found, key=lambda row: (row.due_on, row.programme))


def moment(county: County) -> datetime:
    return county.now
