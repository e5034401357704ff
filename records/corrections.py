"""A doctor puts a reading right: another number, another person, or not a reading at all.

The value as it came stays in the table and points at the one that took its place. Everything that
rested on it is judged again: the level for both people, the open alarm, answers of a follow-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, or_, select

from care.assess import assess
from care.level import Level
from care.protocol import protocol
from care.reading import Reading
from care.situation import Assessment, Situation
from records import amending, audit, readings
from records.caseload import readable
from records.escalations import raise_alarm
from records.people import background, china_date
from records.reader import Reader
from records.readings import JUDGED_BY, VALID, Provenance, as_reading
from records.rejudging import Rejudged, rejudge
from records.tables import ContactPoint, InboundMessage, Person, PersonContact, StoredReading
from records.vault import Vault

REASONS = ("misread", "mistyped", "wrong_person", "trial", "meter", "other")
MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be put right. Neither a number nor a person: the value is taken out."""

    reason: str
    reading: Reading | None = None
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody else the value may belong to, because they share a phone."""

    id: str
    name: str
    relation: str | None


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction did. `done` is False when somebody had changed the value already.

    `alarm` is the open alarm that rested on the wrong value; `case_id` the one that the right value
    raised or joined.
    """

    done: bool
    person_id: str
    reading_id: str | None = None
    level: Level = Level.NONE
    alarm: Rejudged | None = None
    case_id: str | None = None


def reading(session: Session, reader: Reader, reading_id: str) -> StoredReading | None:
    """A reading of somebody this reader may see."""
    return session.exec(
        select(StoredReading)
        .join(Person, col(Person.id) == col(StoredReading.person_id))
        .where(StoredReading.id == reading_id)
        .where(reader.people())
    ).first()


def candidates(
    session: Session, vault: Vault, reader: Reader, row: StoredReading
) -> tuple[Candidate, ...]:
    """Who else may have been meant: the people behind the same phones, inside the catchment."""
    points = select(PersonContact.contact_point_id).where(PersonContact.person_id == row.person_id)
    sender = select(InboundMessage.contact_point_id).where(
        InboundMessage.id == row.inbound_message_id
    )
    behind = select(PersonContact.person_id).where(
        or_(
            col(PersonContact.contact_point_id).in_(points),
            col(PersonContact.contact_point_id).in_(sender),
        )
    )
    phone = select(Person.phone_index).where(Person.id == row.person_id).scalar_subquery()
    rows = session.exec(
        select(Person)
        .where(reader.people())
        .where(or_(col(Person.id).in_(behind), col(Person.phone_index) == phone))
        .where(Person.id != row.person_id)
        .where(Person.status != MERGED)
        .order_by(col(Person.registered_at), col(Person.id))
    ).all()
    relations = _relations(session, [one.id for one in rows])
    return tuple(
        Candidate(
            one.id,
            readable(vault, one.name_sealed, "persons.name", one.id) or "",
            relations.get(one.id),
        )
        for one in rows
    )


def judged(
    session: Session, person_id: str, values: Sequence[Reading], now: datetime
) -> Assessment:
    """How urgent these values are for this person."""
    known = background(session, session.get_one(Person, person_id), china_date(now))
    return assess(Situation(background=known, readings=tuple(values)))


def correct(
    session: Session,
    vault: Vault,
    reader: Reader,
    reading_id: str,
    change: Change,
    now: datetime,
) -> Corrected | None:
    """Put one reading right, with everything that rested on it. None outside the catchment.

    Raises:
        ValueError: an unknown reason, or a person who does not share the phone.
    """
    if change.reason not in REASONS:
        raise ValueError(change.reason)
    wrong = reading(session, reader, reading_id)
    if wrong is None:
        return None
    if change.person_id and change.person_id not in {
        one.id for one in candidates(session, vault, reader, wrong)
    }:
        raise ValueError(change.person_id)
    session.refresh(wrong, with_for_update=True)
    if wrong.state not in VALID:
        return Corrected(done=False, person_id=wrong.person_id)
    return _put_right(session, vault, reader, wrong, change, now)


def _put_right(
    session: Session,
    vault: Vault,
    reader: Reader,
    wrong: StoredReading,
    change: Change,
    now: datetime,
) -> Corrected:
    right, assessed = None, Assessment()
    if change.reading is None and change.person_id is None:
        readings.withdraw(session, [wrong.id])
    else:
        value = change.reading or as_reading(wrong)
        person_id = change.person_id or wrong.person_id
        assessed = judged(session, person_id, (value,), now)
        right = _store(session, reader, wrong, person_id, value, assessed.level, now)
        readings.replace(session, [wrong.id], by=right.id)
    session.refresh(wrong)
    same = right is not None and right.person_id == wrong.person_id
    amending.amend(session, wrong, as_reading(right) if right and same else None, now)
    alarm = rejudge(
        session,
        vault,
        wrong,
        practitioner_id=reader.practitioner_id,
        note=_said(wrong, right),
        now=now,
    )
    done = Corrected(
        done=True,
        person_id=right.person_id if right else wrong.person_id,
        reading_id=right.id if right else None,
        level=assessed.level,
        alarm=alarm,
        case_id=_alarm(session, right, assessed, now) if right else None,
    )
    _note(session, reader, wrong, right, change, done, now)
    return done


def _store(
    session: Session,
    reader: Reader,
    wrong: StoredReading,
    person_id: str,
    value: Reading,
    level: Level,
    now: datetime,
) -> StoredReading:
    """The right value, measured when and where the wrong one was."""
    provenance = Provenance(
        inbound_message_id=wrong.inbound_message_id,
        turn_id=wrong.turn_id,
        follow_up_id=wrong.follow_up_id if person_id == wrong.person_id else None,
        source=wrong.source,
        setting=wrong.setting,
        basis=wrong.basis,
        recorded_by=reader.practitioner_id,
    )
    return readings.store(
        session,
        person_id,
        replace(value, low=None, high=None, original=None),
        provenance,
        taken_at=wrong.taken_at,
        now=now,
        level=level,
        protocol_version=protocol().versions[JUDGED_BY[value.kind]],
    )


def _alarm(
    session: Session, right: StoredReading, assessed: Assessment, now: datetime
) -> str | None:
    """A right value that is dangerous alarms at once, like any other."""
    if assessed.level < Level.URGENT:
        return None
    person = session.get_one(Person, right.person_id)
    return raise_alarm(
        session,
        person_id=person.id,
        contact_point_id=address_of(session, person.id),
        facility_id=person.facility_id,
        level=assessed.level,
        reasons=assessed.reasons,
        now=now,
        rings_at=now,
    ).escalation.id


def address_of(session: Session, person_id: str) -> str | None:
    """Where the person is written to; the one heard from last, if there are several."""
    return session.exec(
        select(ContactPoint.id)
        .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
        .where(PersonContact.person_id == person_id)
        .where(col(PersonContact.unlinked_at).is_(None))
        .order_by(col(ContactPoint.last_inbound_at).desc().nulls_last(), col(ContactPoint.id))
    ).first()


def _said(wrong: StoredReading, right: StoredReading | None) -> str:
    """One line for the course of the alarm."""
    old = str(as_reading(wrong))
    if right is None:
        return f"{old} 作废"
    new = str(as_reading(right))
    if right.person_id != wrong.person_id:
        return f"{old} 不是本人的" if new == old else f"{old} 不是本人的，实为 {new}"
    return f"{old} 改为 {new}"


def _note(
    session: Session,
    reader: Reader,
    wrong: StoredReading,
    right: StoredReading | None,
    change: Change,
    done: Corrected,
    now: datetime,
) -> None:
    """Both values, for both people: whoever opens one file must find the other half."""
    detail: dict[str, object] = {
        "reason": change.reason,
        "kind": wrong.kind,
        "old": str(as_reading(wrong)),
        "new": str(as_reading(right)) if right else None,
        "old_level": wrong.level,
        "new_level": done.level,
        "reading_id": right.id if right else None,
    }
    if done.alarm:
        detail |= {"alarm_before": done.alarm.before, "alarm_after": done.alarm.after}
    for person_id in dict.fromkeys((wrong.person_id, done.person_id)):
        person = session.get_one(Person, person_id)
        audit.note(
            session,
            actor=reader.actor,
            action="correct",
            subject="reading",
            subject_id=wrong.id,
            person_id=person_id,
            facility_id=person.facility_id,
            now=now,
            detail=detail
            if done.person_id == wrong.person_id
            else {**detail, "from": wrong.person_id, "to": done.person_id},
        )


def _relations(session: Session, person_ids: list[str]) -> dict[str, str]:
    rows = session.exec(
        select(PersonContact.person_id, PersonContact.relation)
        .where(col(PersonContact.person_id).in_(person_ids))
        .where(col(PersonContact.unlinked_at).is_(None))
        .order_by(col(PersonContact.linked_at).desc())
    ).all()
    return dict(rows)
