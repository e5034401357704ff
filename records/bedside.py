"""A reading the doctor takes: at the clinic or at the bedside, judged and alarmed like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from care.level import Level
from care.plausibility import Verdict, check
from care.protocol import protocol
from care.reading import Reading
from records import audit, readings
from records.corrections import address_of, judged
from records.escalations import raise_alarm
from records.reader import Reader
from records.readings import JUDGED_BY, Provenance, as_reading
from records.tables import Person, StoredReading

CLINIC = "clinic"


@dataclass(frozen=True, slots=True)
class Measured:
    """What was stored, and the case it raised or joined when it is dangerous."""

    person_id: str
    reading_ids: tuple[str, ...]
    level: Level
    case_id: str | None


def doubted(
    session: Session, person_id: str, value: Reading, now: datetime, *, without: str = ""
) -> Verdict:
    """Whether the value can be, compared with what the person measured lately.

    `without` is the reading that is being corrected: it is no measure of anything.
    """
    since = now - timedelta(days=protocol().whole("baseline_days"))
    rows = readings.recent(session, person_id, since=since)
    before = [as_reading(row) for row in rows if row.id != without]
    return check(value, before)


def enter(
    session: Session,
    reader: Reader,
    person_id: str,
    taken: Sequence[Reading],
    now: datetime,
) -> Measured | None:
    """Store what the doctor measured just now. None outside the catchment.

    Everything measured in one sitting is judged together, so it raises one alarm.
    """
    person = session.exec(
        select(Person).where(Person.id == person_id).where(reader.people())
    ).first()
    if person is None:
        return None
    rows = [_store(session, reader, person, value, now) for value in taken]
    assessed = judged(session, person_id, taken, now)
    case_id = None
    if assessed.level >= Level.URGENT:
        case_id = raise_alarm(
            session,
            person_id=person_id,
            contact_point_id=address_of(session, person_id),
            facility_id=person.facility_id,
            level=assessed.level,
            reasons=assessed.reasons,
            now=now,
            rings_at=now,
        ).escalation.id
    return Measured(person_id, tuple(row.id for row in rows), assessed.level, case_id)


def _store(
    session: Session, reader: Reader, person: Person, value: Reading, now: datetime
) -> StoredReading:
    row = readings.store(
        session,
        person.id,
        value,
        Provenance(source=CLINIC, setting=CLINIC, recorded_by=reader.practitioner_id),
        taken_at=now,
        now=now,
        level=judged(session, person.id, (value,), now).level,
        protocol_version=protocol().versions[JUDGED_BY[value.kind]],
    )
    audit.note(
        session,
        actor=reader.actor,
        action="measure",
        subject="reading",
        subject_id=row.id,
        person_id=person.id,
        facility_id=person.facility_id,
        now=now,
        detail={"kind": row.kind, "new": str(value), "new_level": row.level},
    )
    return row
