"""Reads what the states are made of: enrolments, signed face-to-face visits, confirmed values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from care.reading import GlucoseContext, Kind, Reading
from care.situation import Programme
from care.targets import Setting
from records.follow_ups import SIGNED
from records.people import china_date
from records.readings import MEASURED, STORED
from records.tables import Enrolment, FollowUp, Person, StoredReading
from reports.definition import Rules, setting_names
from reports.month import Month
from reports.state import History, Measured, Visit

FACE_TO_FACE = "face_to_face"
# Nobody knows who it is, or the records belong to somebody else by now.
NOBODY = ("unidentified", "merged", "dismissed")
GONE = ("moved", "deceased", "refused")
# The longest look back of any class: lost to follow-up, and the calendar year.
_LOOK_BACK_MONTHS = 13
_KINDS = (Kind.BP, Kind.GLUCOSE, Kind.HBA1C)


def load(session: Session, people: Sequence[str], since: Month, rules: Rules) -> Iterator[History]:
    """The histories of these people, one for each programme, enough for months from `since` on."""
    first = since.earlier(_LOOK_BACK_MONTHS)
    visits = _visits(session, people, first)
    values = _values(session, people, first, rules)
    rows = session.execute(
        select(
            col(Person.id),
            col(Person.facility_id),
            col(Person.born_on),
            col(Person.status),
            col(Person.status_since),
            col(Enrolment.programme),
            col(Enrolment.enrolled_on),
            col(Enrolment.ended_on),
        )
        .join(Enrolment, col(Enrolment.person_id) == col(Person.id))
        .where(col(Person.id).in_(people))
        .where(col(Person.status).not_in(NOBODY))
    )
    for person, place, born_on, status, status_since, programme, enrolled_on, ended_on in rows:
        if status in GONE:
            left_on = china_date(status_since) if status_since else date.min
            ended_on = min(ended_on or left_on, left_on)  # noqa: PLW2901 - the earlier of the two
        yield History(
            person_id=person,
            programme=Programme(programme),
            facility_id=place,
            born_on=born_on,
            enrolled_on=enrolled_on,
            ended_on=ended_on,
            visits=visits[person, programme],
            values=values[person],
        )


def _visits(
    session: Session, people: Sequence[str], first: Month
) -> defaultdict[tuple[str, str], list[Visit]]:
    found = defaultdict(list)
    rows = session.execute(
        select(
            col(FollowUp.person_id),
            col(FollowUp.programme),
            col(FollowUp.id),
            col(FollowUp.held_on),
        )
        .where(col(FollowUp.person_id).in_(people))
        .where(col(FollowUp.state) == SIGNED)
        .where(col(FollowUp.mode) == FACE_TO_FACE)
        .where(col(FollowUp.held_on) >= first.first_on)
        .order_by(col(FollowUp.held_on), col(FollowUp.id))
    )
    for person, programme, visit, held_on in rows:
        found[person, programme].append(Visit(visit, held_on))
    return found


def _values(
    session: Session, people: Sequence[str], first: Month, rules: Rules
) -> defaultdict[str, list[Measured]]:
    """Confirmed values in the settings that count, in the order in which they were taken."""
    found = defaultdict(list)
    rows = session.execute(
        select(
            col(StoredReading.person_id),
            col(StoredReading.taken_at),
            col(StoredReading.kind),
            col(StoredReading.systolic),
            col(StoredReading.diastolic),
            col(StoredReading.value),
            col(StoredReading.context),
            col(StoredReading.setting),
            col(StoredReading.follow_up_id),
        )
        .where(col(StoredReading.person_id).in_(people))
        .where(col(StoredReading.kind).in_(_KINDS))
        .where(col(StoredReading.taken_at) >= first.begins_at)
        .where(col(StoredReading.state) == STORED)
        .where(col(StoredReading.basis) == MEASURED)
        .where(col(StoredReading.setting).in_(sorted(setting_names(rules))))
        .order_by(col(StoredReading.taken_at), col(StoredReading.id))
    )
    for person, taken_at, kind, systolic, diastolic, value, context, setting, visit in rows:
        reading = Reading(
            Kind(kind),
            systolic=systolic,
            diastolic=diastolic,
            value=value,
            context=GlucoseContext(context) if context else None,
        )
        found[person].append(Measured(china_date(taken_at), reading, Setting(setting), visit))
    return found
