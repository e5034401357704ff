"""Why somebody is to be phoned, in facts a page turns into words, and what the calls brought.

A fixed number of queries for the whole list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from care.classify import VisitClass
from care.form import Mode
from care.proposal import Suggestion, standing
from care.protocol import protocol
from care.situation import Programme
from records.follow_ups import OPEN, PLANNED, SIGNED, SILENT
from records.people import china_date
from records.reader import Reader
from records.readings import VALID
from records.tables import (
    ContactPoint,
    Facility,
    FollowUp,
    Person,
    PersonContact,
    StoredReading,
    Task,
)
from records.tasks import CALL

NO_ANSWER = "no_answer"
_LATE = (PLANNED, OPEN, SILENT)
_TRIES_COUNT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Because:
    """What speaks for phoning a person now. `tries`: calls of late that nobody answered."""

    overdue_days: int = 0
    unsatisfactory: bool = False
    bound: bool = True
    stopped: bool = False
    tries: int = 0
    suggestions: tuple[Suggestion, ...] = field(default=())

    @property
    def urgency(self) -> tuple[bool, int]:
        """More of either comes first."""
        return self.unsatisfactory, self.overdue_days


NO_REASON = Because()


@dataclass(frozen=True, slots=True)
class Returned:
    """Of the people first phoned between two days, how many sent a value or came within `days`."""

    called: int
    returned: int
    since: date
    until: date
    days: int


def because(session: Session, person_ids: Iterable[str], now: datetime) -> dict[str, Because]:
    """The reasons by person."""
    ids = list(set(person_ids))
    today = china_date(now)
    rows: dict[str, list[FollowUp]] = defaultdict(list)
    for row in session.exec(
        select(FollowUp)
        .where(col(FollowUp.person_id).in_(ids))
        .order_by(col(FollowUp.due_on).desc(), col(FollowUp.id))
    ):
        rows[row.person_id].append(row)
    contacts = _contacts(session, ids)
    tries = _tries(session, ids, now)
    return {
        person: Because(
            overdue_days=_overdue(rows[person], today),
            unsatisfactory=_unsatisfactory(rows[person]),
            bound=any(not contact.unfollowed_at for contact in contacts[person]),
            stopped=any(contact.stopped_at for contact in contacts[person]),
            tries=tries.get(person, 0),
            suggestions=_suggestions(rows[person]),
        )
        for person in ids
    }


def returned(session: Session, reader: Reader, now: datetime) -> Returned:
    """Calls whose time to return has just passed: one window of it, before the window now running.

    Only a reading the person sent or had measured counts, or a visit; what was told on the phone
    itself does not.
    """
    days = protocol().whole("overdue_returned_days")
    window = timedelta(days=days)
    since, until = now - 3 * window, now - window
    first = _first_calls(session, reader, since, until)
    came = _came(session, first, window)
    return Returned(len(first), len(came), china_date(since), china_date(until), days)


def villages(session: Session, reader: Reader) -> tuple[tuple[str, str], ...]:
    """The places of the catchment where somebody waits for something, by name."""
    rows = session.execute(
        select(Facility.id, Facility.name)
        .join(Person, col(Person.facility_id) == col(Facility.id))
        .join(Task, col(Task.person_id) == col(Person.id))
        .where(col(Task.closed_at).is_(None))
        .where(reader.people())
        .distinct()
        .order_by(col(Facility.name), col(Facility.id))
    ).all()
    return tuple((row_id, name) for row_id, name in rows)


def _contacts(session: Session, ids: list[str]) -> Mapping[str, list[ContactPoint]]:
    found: dict[str, list[ContactPoint]] = defaultdict(list)
    rows = session.execute(
        select(PersonContact.person_id, ContactPoint)
        .join(ContactPoint, col(ContactPoint.id) == col(PersonContact.contact_point_id))
        .where(col(PersonContact.person_id).in_(ids))
        .where(col(PersonContact.unlinked_at).is_(None))
    ).all()
    for person, contact in rows:
        found[person].append(contact)
    return found


def _tries(session: Session, ids: list[str], now: datetime) -> dict[str, int]:
    rows = session.execute(
        select(Task.person_id, func.count())
        .where(col(Task.person_id).in_(ids))
        .where(Task.kind == CALL)
        .where(Task.outcome == NO_ANSWER)
        .where(col(Task.closed_at) >= now - _TRIES_COUNT)
        .group_by(col(Task.person_id))
    ).all()
    return {person: int(count) for person, count in rows}


def _overdue(rows: list[FollowUp], today: date) -> int:
    late = [(today - row.due_on).days for row in rows if row.state in _LATE]
    return max([0, *late])


def _unsatisfactory(rows: list[FollowUp]) -> bool:
    """The last class of any programme was bad, and nothing came after it."""
    last = {row.programme: row for row in reversed(rows) if row.classification}
    good = VisitClass.SATISFACTORY
    return any(row.classification != good for row in last.values())


def _suggestions(rows: list[FollowUp]) -> tuple[Suggestion, ...]:
    found: list[Suggestion] = []
    for programme in Programme:
        classes = [
            VisitClass(row.classification)
            for row in rows
            if row.programme == programme and row.classification
        ]
        found += standing(programme, classes)
    return tuple(dict.fromkeys(found))


def _first_calls(
    session: Session, reader: Reader, since: datetime, until: datetime
) -> dict[str, datetime]:
    """When each person was phoned first in the window."""
    rows = session.execute(
        select(Task.person_id, func.min(Task.closed_at))
        .join(Person, col(Person.id) == col(Task.person_id))
        .where(Task.kind == CALL)
        .where(col(Task.closed_by).is_not(None))
        .where(col(Task.closed_at) >= since)
        .where(col(Task.closed_at) < until)
        .where(reader.people())
        .group_by(col(Task.person_id))
    ).all()
    return {person: at for person, at in rows if at is not None}


def _came(session: Session, first: Mapping[str, datetime], window: timedelta) -> set[str]:
    ids = list(first)
    measured = session.execute(
        select(StoredReading.person_id, StoredReading.taken_at)
        .where(col(StoredReading.person_id).in_(ids))
        .where(col(StoredReading.state).in_(VALID))
        .where(_not_by_phone())
    ).all()
    came = {person for person, at in measured if first[person] < at <= first[person] + window}
    visits = session.exec(
        select(FollowUp)
        .where(col(FollowUp.person_id).in_(ids))
        .where(FollowUp.state == SIGNED)
        .where(FollowUp.mode == Mode.FACE_TO_FACE)
    ).all()
    for row in visits:
        called = first[row.person_id]
        if row.held_on and china_date(called) <= row.held_on <= china_date(called + window):
            came.add(row.person_id)
    return came


def _not_by_phone() -> ColumnElement[bool]:
    """What a doctor wrote down as measured at home was told on the phone."""
    return col(StoredReading.recorded_by).is_(None) | (col(StoredReading.setting) == "clinic")
