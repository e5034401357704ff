"""A patient puts an own value right by a message. Everything that rested on it is looked at again.

The value as it came stays in the table. An open alarm is judged again by the value that takes its
place, and the case says so. Where nothing takes its place (刚才那个不算) the alarm stays as it is:
a doctor decides. None is ever closed here.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from records import amending, audit
from records.escalations import CLOSED
from records.identity import new_id
from records.readings import as_reading
from records.rejudging import CORRECTED, NOTE, Rejudged, rejudge
from records.tables import Escalation, EscalationEvent, Person, StoredReading
from records.vault import Vault

_AGENT = "agent"
_NOT_HERS = "患者说这个数不是本人的"


def put_right(
    session: Session,
    vault: Vault,
    wrong_ids: list[str],
    right: StoredReading | None,
    now: datetime,
) -> list[Rejudged]:
    """After the rows were replaced or withdrawn: answers, alarms and the trail. Returns the alarms."""
    alarms: list[Rejudged] = []
    for wrong_id in wrong_ids:
        wrong = session.get_one(StoredReading, wrong_id)
        session.refresh(wrong)
        same = right is not None and right.person_id == wrong.person_id
        amending.amend(session, wrong, as_reading(right) if right and same else None, now)
        alarm = rejudge(
            session,
            vault,
            wrong,
            practitioner_id=None,
            note=said(wrong, right),
            now=now,
            lower=right is not None,
        )
        _note(session, wrong, right, alarm, now)
        if alarm is not None:
            alarms.append(alarm)
    return alarms


def said(wrong: StoredReading, right: StoredReading | None) -> str:
    """One line for the course of the alarm: what the patient put right."""
    old = str(as_reading(wrong))
    if right is None:
        return f"患者说 {old} 不算"
    new = str(as_reading(right))
    if right.person_id != wrong.person_id:
        return f"患者说 {old} 不是本人的"
    if new != old:
        return f"患者把 {old} 改为 {new}"
    return f"患者说明了 {old} 的时间"


def disown(
    session: Session, vault: Vault, person_id: str, message_ids: list[str], now: datetime
) -> str | None:
    """Note it in the open case that rests on words about another person. Returns the case."""
    case = session.exec(
        select(Escalation)
        .join(EscalationEvent, col(EscalationEvent.escalation_id) == col(Escalation.id))
        .where(Escalation.person_id == person_id)
        .where(Escalation.state != CLOSED)
        .where(col(EscalationEvent.inbound_message_id).in_(message_ids))
    ).first()
    if case is None:
        return None
    row = new_id()
    session.add(
        EscalationEvent(
            id=row,
            escalation_id=case.id,
            kind=CORRECTED,
            at=now,
            step=case.step,
            note_sealed=vault.seal(_NOT_HERS, NOTE, row),
        )
    )
    session.flush()
    return case.id


def _note(
    session: Session,
    wrong: StoredReading,
    right: StoredReading | None,
    alarm: Rejudged | None,
    now: datetime,
) -> None:
    """Both values, for both people: whoever opens one file must find the other half."""
    detail: dict[str, object] = {
        "kind": wrong.kind,
        "old": str(as_reading(wrong)),
        "new": str(as_reading(right)) if right else None,
        "old_level": wrong.level,
        "new_level": right.level if right else None,
        "reading_id": right.id if right else None,
    }
    if alarm is not None:
        detail |= {"alarm_before": alarm.before, "alarm_after": alarm.after}
    people = dict.fromkeys((wrong.person_id, right.person_id if right else wrong.person_id))
    for person_id in people:
        person = session.get_one(Person, person_id)
        audit.note(
            session,
            actor=_AGENT,
            action="reading.corrected" if right else "reading.withdrawn",
            subject="reading",
            subject_id=wrong.id,
            person_id=person_id,
            facility_id=person.facility_id,
            now=now,
            detail=detail if len(people) == 1 else {**detail, "from": wrong.person_id},
        )
