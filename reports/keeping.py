"""Keeps the monthly states up to date: only people who were touched, only from the touched month on.

One transaction for each handful of people. The states of a closed month are never written again;
what would come out differently is added to the log of revisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, literal, select
from sqlmodel import Session, col, delete, func, insert, tuple_, update

from records import running
from records.db import Database
from records.tables import ClosedMonth, Enrolment, Marker, MonthlyState, Touched
from reports import closing, history, revision
from reports.definition import definitions
from reports.month import Month
from reports.state import State, state

PEOPLE_AT_ONCE = 100
# What the states were last kept with, and up to which month.
_KEPT = "reports.kept"
_REFRESHED = "reports.refreshed"

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """A state as it stands in the table, with the place it was counted in."""

    facility_id: str | None
    state: State

    def classes(self) -> dict[str, Any]:
        """The state as a mapping of plain values, for the log."""
        return asdict(self.state)


def refresh(database: Database, now: datetime) -> int:
    """Bring every state up to date. Returns how many people were looked at. Safe to run anywhere."""
    with database.transaction() as session:
        _turn_the_page(session, now)
    done = 0
    while some := _some(database, now):
        done += some
    closing.close_due(database, now)
    with database.transaction() as session:
        running.mark(session, _REFRESHED, str(done), now)
    return done


def refreshed_at(session: Session) -> datetime | None:
    """When the states were last brought up to date; None before the first time."""
    row = session.get(Marker, _REFRESHED)
    return row.set_at if row else None


def rebuild(database: Database, now: datetime) -> int:
    """Touch everybody from the first kept month on, and refresh."""
    with database.transaction() as session:
        session.execute(delete(Marker).where(col(Marker.name) == _KEPT))
    return refresh(database, now)


def _turn_the_page(session: Session, now: datetime) -> None:
    """Touch everybody when a month began, or when figures are now counted in another way."""
    known = definitions()
    current = Month.of(now)
    last = running.marked(session, _KEPT)
    version, _, month = (last or "").partition("/")
    if version == known.version and month and Month.parse(month) >= current:
        return
    since = current.first_on
    if version != known.version or not month:
        since = closing.first_month(session, now, known.rules).first_on
    elif Month.parse(month) < current:
        since = Month.parse(month).following().first_on
    everybody = select(col(Enrolment.person_id), literal(since, Date)).distinct()
    session.execute(insert(Touched).from_select(["person_id", "since"], everybody))
    running.mark(session, _KEPT, f"{known.version}/{current}", now)


def _some(database: Database, now: datetime) -> int:
    """Refresh a handful of touched people in one transaction."""
    with database.transaction() as session:
        # One at a time: of two that compute, the one that read earlier must not write later.
        session.execute(select(col(Marker.name)).where(col(Marker.name) == _KEPT).with_for_update())
        people = _touched(session)
        if not people:
            return 0
        known = definitions()
        current = Month.of(now)
        oldest = closing.first_month(session, now, known.rules)
        since = {who: max(Month.on(day), oldest) for who, (day, _) in people.items()}
        _recompute(session, since, current, now)
        newest = {who: note for who, (_, note) in people.items()}
        for who, note in newest.items():
            session.execute(
                delete(Touched).where(col(Touched.person_id) == who).where(col(Touched.id) <= note)
            )
        return len(people)


def _touched(session: Session) -> dict[str, tuple[date, int]]:
    """The next people to look at, from which day on, and the last note that is thereby done."""
    rows = session.execute(
        select(col(Touched.person_id), func.min(col(Touched.since)), func.max(col(Touched.id)))
        .group_by(col(Touched.person_id))
        .order_by(col(Touched.person_id))
        .limit(PEOPLE_AT_ONCE)
    )
    return {person: (since, note) for person, since, note in rows}


def _recompute(session: Session, since: Mapping[str, Month], current: Month, now: datetime) -> None:
    rules = definitions().rules
    earliest = min(since.values())
    fresh: dict[Key, Kept] = {}
    for one in history.load(session, list(since), earliest, rules):
        for month in since[one.person_id].until(current):
            found = state(one, month, rules)
            if found:
                fresh[str(month), one.person_id, one.programme] = Kept(one.facility_id, found)
    before = {
        key: kept
        for key, kept in _stored(session, since, earliest).items()
        if key[0] >= str(since[key[1]])
    }
    closed = set(session.execute(select(col(ClosedMonth.month))).scalars())
    _write(session, {k: v for k, v in before.items() if k[0] not in closed}, _open(fresh, closed))
    frozen = {key: kept for key, kept in before.items() if key[0] in closed}
    later = {key: kept for key, kept in fresh.items() if key[0] in closed}
    revision.note(session, frozen, later, now)


def _open(fresh: Mapping[Key, Kept], closed: Iterable[str]) -> dict[Key, Kept]:
    shut = set(closed)
    return {key: kept for key, kept in fresh.items() if key[0] not in shut}


def _stored(session: Session, people: Iterable[str], since: Month) -> dict[Key, Kept]:
    rows = session.execute(
        select(MonthlyState)
        .where(col(MonthlyState.person_id).in_(list(people)))
        .where(col(MonthlyState.month) >= str(since))
    ).scalars()
    return {
        (row.month, row.person_id, row.programme): Kept(
            row.facility_id,
            State(
                under_care=row.under_care,
                standard=row.standard,
                control=row.control,
                cohort=row.cohort,
                visits=row.visits,
                fasting_tests=row.fasting_tests,
            ),
        )
        for row in rows
    }


def _write(session: Session, before: Mapping[Key, Kept], after: Mapping[Key, Kept]) -> None:
    """Bring the rows of open months from what they are to what they should be."""
    added = [_row(key, kept) for key, kept in after.items() if key not in before]
    moved = [_row(key, kept) for key, kept in after.items() if before.get(key, kept) != kept]
    gone = [key for key in before if key not in after]
    if added:
        session.execute(insert(MonthlyState), added)
    if moved:
        session.execute(update(MonthlyState), moved)
    if gone:
        session.execute(
            delete(MonthlyState).where(
                tuple_(
                    col(MonthlyState.month),
                    col(MonthlyState.person_id),
                    col(MonthlyState.programme),
                ).in_(gone)
            )
        )


def _row(key: Key, kept: Kept) -> dict[str, Any]:
    month, person, programme = key
    return {
        "month": month,
        "person_id": person,
        "programme": programme,
        "facility_id": kept.facility_id,
        **kept.classes(),
    }
