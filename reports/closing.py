"""Closes months: some days after its end a month's figures are final."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col, func

from records.db import Database
from records.insertion import insert_once
from records.people import china_date
from records.tables import ClosedMonth, ClosedTally, Enrolment, Touched
from reports import activity
from reports.definition import Rules, definitions
from reports.month import Month

_EVERYWHERE = ""


def first_month(session: Session, now: datetime, rules: Rules) -> Month:
    """The first month that is kept: that of the first enrolment, but not too far back."""
    earliest = session.execute(select(func.min(col(Enrolment.enrolled_on)))).scalar()
    oldest = Month.of(now).earlier(rules.history_months)
    return max(Month.on(earliest), oldest) if earliest else Month.of(now)


def closes_on(month: Month, rules: Rules) -> date:
    """The first day on which the month is closed."""
    return month.last_on + timedelta(days=rules.close_after_days + 1)


def close_due(database: Database, now: datetime) -> int:
    """Close every month whose time has come, the oldest first. Returns how many."""
    with database.reading() as session:
        due = _due(session, now)
    done = 0
    for month in due:
        with database.transaction() as session:
            if _still_touched(session, month):
                break
            done += _close(session, month, now)
    return done


def closed_at(session: Session, month: Month) -> datetime | None:
    """When the month was closed; None while it is open."""
    row = session.get(ClosedMonth, str(month))
    return row.closed_at if row else None


def _due(session: Session, now: datetime) -> list[Month]:
    rules, today = definitions().rules, china_date(now)
    closed = set(session.execute(select(col(ClosedMonth.month))).scalars())
    candidates = first_month(session, now, rules).until(Month.of(now))
    return [
        month
        for month in candidates
        if str(month) not in closed and closes_on(month, rules) <= today
    ]


def _still_touched(session: Session, month: Month) -> bool:
    """Whether something about this month waits to be recomputed."""
    note = select(col(Touched.id)).where(col(Touched.since) <= month.last_on).limit(1)
    return session.execute(note).first() is not None


def _close(session: Session, month: Month, now: datetime) -> int:
    """Keep what was counted in each place. Nothing happens when another worker was faster."""
    closing = ClosedMonth(month=str(month), closed_at=now, definitions=definitions().version)
    if not insert_once(session, closing):
        return 0
    for place, tally in activity.tallies(session, _EVERYWHERE, month).items():
        session.add(
            ClosedTally(
                month=str(month),
                place=activity.place_key(place),
                counted=activity.as_row(tally),
            )
        )
    return 1
