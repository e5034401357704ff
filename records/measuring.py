"""What a doctor measured or was told on the phone, from a signed form into the readings.

Values of a message are readings already. A dangerous value opens an alarm that the doctor who wrote
it down has taken: nobody else is rung for it, but it is not closed without an outcome.
"""

from __future__ import annotations

from datetime import datetime, time

from sqlmodel import Session, select

from care.assess import assess
from care.entry import Entry
from care.filling import readings
from care.form import Mode
from care.level import Level
from care.line import Setting
from care.protocol import protocol
from care.reading import Reading
from care.situation import Situation
from records import casework, escalations
from records import readings as stored
from records.people import background, china_date
from records.reader import Reader
from records.readings import JUDGED_BY, Provenance, as_reading
from records.tables import FollowUp, Person, StoredReading
from records.times import CHINA
from records.vault import Vault

_NOON = time(12)


def keep_measured(
    session: Session,
    vault: Vault,
    reader: Reader,
    row: FollowUp,
    entry: Entry,
    already: tuple[Reading, ...],
    *,
    now: datetime,
) -> str | None:
    """Store the values of a visit or a call. Returns the alarm they opened, if any."""
    if entry.mode is Mode.MESSAGE:
        return None
    person = session.get_one(Person, row.person_id)
    known = background(session, person, china_date(now))
    mine = _from_this_form(session, row)
    for reading in readings(entry.values):
        before = [one for one in mine if as_reading(one).kind is reading.kind]
        known_here = [*already, *(as_reading(one) for one in before)]
        if any(_equal(one, reading) for one in known_here):
            continue
        judged = assess(Situation(background=known, readings=(reading,)))
        new = stored.store(
            session,
            row.person_id,
            reading,
            Provenance(
                follow_up_id=row.id,
                source="clinic",
                setting=Setting.CLINIC if entry.mode is Mode.FACE_TO_FACE else Setting.HOME,
                recorded_by=reader.practitioner_id,
            ),
            taken_at=_taken_at(entry, now),
            now=now,
            level=judged.level,
            protocol_version=protocol().versions[JUDGED_BY[reading.kind]],
        )
        wrong = [one.id for one in before if one.recorded_by and _alike(as_reading(one), reading)]
        stored.replace(session, wrong, by=new.id)
    return _raise(session, vault, reader, person, entry, now)


def _from_this_form(session: Session, row: FollowUp) -> list[StoredReading]:
    """What is stored of this contact already, by the conversation or by a version before."""
    return list(
        session.exec(
            select(StoredReading)
            .where(StoredReading.person_id == row.person_id)
            .where(StoredReading.follow_up_id == row.id)
            .where(StoredReading.state == stored.STORED)
        ).all()
    )


def _equal(one: Reading, other: Reading) -> bool:
    return _alike(one, other) and (one.systolic, one.diastolic, one.value) == (
        other.systolic,
        other.diastolic,
        other.value,
    )


def _alike(one: Reading, other: Reading) -> bool:
    """The same measurement, perhaps with another number."""
    return (one.kind, one.context) == (other.kind, other.context)


def _taken_at(entry: Entry, now: datetime) -> datetime:
    if entry.held_on == china_date(now):
        return now
    return datetime.combine(entry.held_on, _NOON, tzinfo=CHINA)


def _raise(
    session: Session,
    vault: Vault,
    reader: Reader,
    person: Person,
    entry: Entry,
    now: datetime,
) -> str | None:
    judged = entry.proposal.judged
    if judged.level < Level.URGENT:
        return None
    alarm = escalations.raise_alarm(
        session,
        person_id=person.id,
        contact_point_id=None,
        facility_id=person.facility_id,
        level=judged.level,
        reasons=judged.reasons,
        now=now,
        rings_at=now,
    )
    casework.acknowledge(session, vault, reader, alarm.escalation.id, now)
    return alarm.escalation.id
