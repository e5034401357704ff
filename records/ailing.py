"""What somebody has beside the two diseases, as far as it changes what may be eaten. Codes only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, select

from records import audit
from records.reader import Reader
from records.tables import Person

AILMENTS = ("kidney", "gout", "heart_failure")


def keep(
    session: Session, reader: Reader, person_id: str, ailments: Iterable[str], now: datetime
) -> bool:
    """Write down all that the person has; what is unknown is passed over. False outside the catchment."""
    person = session.exec(
        select(Person).where(Person.id == person_id).where(reader.people()).with_for_update()
    ).first()
    if person is None:
        return False
    said = set(ailments)
    person.ailments = [one for one in AILMENTS if one in said]
    session.add(person)
    audit.note(
        session,
        actor=reader.actor,
        action="person.ailments",
        subject="person",
        subject_id=person.id,
        person_id=person.id,
        facility_id=person.facility_id,
        now=now,
        detail={"ailments": list(person.ailments)},
    )
    return True
