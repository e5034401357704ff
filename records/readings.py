"""Readings: stored, read back when unsure, replaced and withdrawn, never overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, col, select, update

from care.level import Level
from care.reading import GlucoseContext, Kind, Reading
from records.db import changed
from records.identity import new_id
from records.insertion import insert
from records.tables import StoredReading

STORED, UNCONFIRMED, REPLACED, WITHDRAWN = "stored", "unconfirmed", "replaced", "withdrawn"
VALID = (STORED, UNCONFIRMED)
# 一般150: how it usually is, not what was measured. Kept, shown, and in no average and no rate.
MEASURED, HABITUAL = "measured", "habitual"
OBJECTION_TIME = timedelta(hours=24)
# Which protocol file judges a kind of value; its version is kept with the reading.
JUDGED_BY = {
    Kind.BP: "hypertension",
    Kind.GLUCOSE: "type2_diabetes",
    Kind.HBA1C: "type2_diabetes",
    Kind.PULSE: "red_flags",
    Kind.TEMP: "red_flags",
    Kind.WEIGHT: "routine",
}

_RECENT = (
    select(StoredReading)
    .where(StoredReading.person_id == bindparam("person"))
    .where(col(StoredReading.state).in_(VALID))
    .where(col(StoredReading.taken_at) >= bindparam("since"))
    .order_by(col(StoredReading.taken_at).desc(), col(StoredReading.id).desc())
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a reading came from and how sure the words were."""

    inbound_message_id: str | None = None
    turn_id: str | None = None
    follow_up_id: str | None = None
    source: str = "typed"
    setting: str = "home"
    basis: str = MEASURED
    certainty: str = "plain"
    recorded_by: str | None = None


def store(
    session: Session,
    person_id: str,
    reading: Reading,
    provenance: Provenance,
    *,
    taken_at: datetime,
    now: datetime,
    level: Level = Level.NONE,
    protocol_version: str = "",
) -> StoredReading:
    """Add a reading. One that was joined, reversed or heard waits for a yes or for 24 hours."""
    sure = provenance.certainty == "plain"
    row = StoredReading(
        id=new_id(),
        person_id=person_id,
        inbound_message_id=provenance.inbound_message_id,
        turn_id=provenance.turn_id,
        follow_up_id=provenance.follow_up_id,
        kind=reading.kind,
        systolic=reading.systolic,
        diastolic=reading.diastolic,
        value=reading.value,
        low=reading.low,
        high=reading.high,
        context=reading.context,
        approximate=reading.approximate,
        original=reading.original,
        basis=provenance.basis,
        setting=provenance.setting,
        source=provenance.source,
        certainty=provenance.certainty,
        state=STORED if sure else UNCONFIRMED,
        level=level,
        protocol_version=protocol_version,
        taken_at=taken_at,
        recorded_at=now,
        recorded_by=provenance.recorded_by,
        confirm_by=None if sure else now + OBJECTION_TIME,
    )
    insert(session, row)
    return row


def as_reading(row: StoredReading) -> Reading:
    """The value the rules judge."""
    return Reading(
        kind=Kind(row.kind),
        systolic=row.systolic,
        diastolic=row.diastolic,
        value=row.value,
        context=GlucoseContext(row.context) if row.context else None,
        approximate=row.approximate,
        low=row.low,
        high=row.high,
        original=row.original,
    )


def recent(
    session: Session, person_id: str, *, since: datetime, limit: int = 200
) -> list[StoredReading]:
    """Valid readings of a person taken after `since`, newest first."""
    values = {"person": person_id, "since": since, "most": limit}
    return list(session.exec(_RECENT, params=values).all())


def leave_unsure(session: Session, reading_ids: list[str]) -> None:
    """Nobody read these back, so silence is no yes: they wait for a doctor."""
    if reading_ids:
        session.execute(
            update(StoredReading)
            .where(col(StoredReading.id).in_(reading_ids))
            .values(confirm_by=None)
            .execution_options(synchronize_session=False)
        )


def confirm(session: Session, reading_ids: list[str]) -> int:
    """The patient said yes: unconfirmed readings become stored. Returns how many moved."""
    return _move(session, reading_ids, (UNCONFIRMED,), STORED)


def withdraw(session: Session, reading_ids: list[str]) -> int:
    """The patient said no, or took it back. The value stays in the table, out of every rate."""
    return _move(session, reading_ids, VALID, WITHDRAWN)


def replace(session: Session, reading_ids: list[str], by: str) -> int:
    """A correction came: the old values point at the new one."""
    moved = _move(session, reading_ids, VALID, REPLACED)
    session.execute(
        update(StoredReading)
        .where(col(StoredReading.id).in_(reading_ids))
        .where(col(StoredReading.state) == REPLACED)
        .values(replaced_by=by)
    )
    return moved


def accept_unopposed(session: Session, now: datetime) -> int:
    """Readings nobody objected to for 24 hours count as confirmed."""
    statement = (
        update(StoredReading)
        .where(col(StoredReading.state) == UNCONFIRMED)
        .where(col(StoredReading.confirm_by) <= now)
        .values(state=STORED)
    )
    return changed(session, statement)


def _move(session: Session, ids: list[str], from_states: tuple[str, ...], to: str) -> int:
    if not ids:
        return 0
    statement = (
        update(StoredReading)
        .where(col(StoredReading.id).in_(ids))
        .where(col(StoredReading.state).in_(from_states))
        .values(state=to)
    )
    return changed(session, statement)
