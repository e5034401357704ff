"""Where a stranger belongs: with those in whose file the number stands, else where the county says.

Who belongs nowhere is everybody's above the villages: an alarm never rings in an empty room.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select

from records import alarms, duty, people
from records.messages import address_of
from records.people import UNIDENTIFIED, default_facility, set_default_facility
from records.sms_contacts import SMS, in_whose_file
from records.tables import ContactPoint, Facility, Person, PersonContact
from records.vault import Vault

_VILLAGE = "village_clinic"


def ensure_placed(session: Session, vault: Vault, contact: ContactPoint, now: datetime) -> Person:
    """The phone's holder; a stranger is made, and placed as soon as anything tells where."""
    linked = people.behind(session, contact.id)
    if linked and not _unplaced(linked[0].person):
        return linked[0].person
    person = people.ensure_person(session, contact, now)
    person.facility_id = (
        _where(session, vault, contact)
        or person.facility_id
        or default_facility(session, contact.account)
    )
    session.add(person)
    session.flush()
    return person


def say_where(session: Session, facility_id: str, now: datetime) -> None:
    """From now on strangers belong here; that nobody looked after them is over."""
    set_default_facility(session, facility_id, now)
    alarms.settle_alarm(session, alarms.UNPLACED, alarms.STRANGERS, now)


def settle_default(session: Session, now: datetime) -> Facility | None:
    """Say where strangers belong when only one place can be meant and somebody is there to be rung."""
    if default_facility(session, "") is not None:
        return None
    place = covering(session)
    if place is None or not duty.somebody_on_duty(session, place.id, now):
        return None
    say_where(session, place.id, now)
    return place


def default_place(session: Session) -> Facility | None:
    """The facility that looks after strangers; None while nobody said."""
    facility_id = default_facility(session, "")
    return session.get(Facility, facility_id) if facility_id else None


def covering(session: Session) -> Facility | None:
    """The smallest place, no village of several, that everything else is part of or above of."""
    found = session.exec(select(Facility).order_by(func.length(col(Facility.path)).desc())).all()
    for place in found:
        if place.kind == _VILLAGE and len(found) > 1:
            continue
        if all(_in_line(place.path, other.path) for other in found):
            return place
    return None


def _unplaced(person: Person) -> bool:
    return person.status == UNIDENTIFIED and person.facility_id is None


def _in_line(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _once_behind(session: Session, contact: ContactPoint) -> list[Person]:
    """Who was behind it before: records were merged, or the number in the file changed."""
    return list(
        session.exec(
            select(Person)
            .join(PersonContact, col(PersonContact.person_id) == col(Person.id))
            .where(PersonContact.contact_point_id == contact.id)
            .where(col(PersonContact.unlinked_at).is_not(None))
        ).all()
    )


def _where(session: Session, vault: Vault, contact: ContactPoint) -> str | None:
    """The nearest place that all those have in common who are known by this phone."""
    known: list[Person] = []
    if contact.channel == SMS:
        known = in_whose_file(session, vault, address_of(vault, contact))
    known = known or _once_behind(session, contact)
    places = sorted({one.facility_id for one in known if one.facility_id})
    chains = [[place.id for place in duty.chain(session, one)] for one in places]
    if not chains:
        return None
    return next((one for one in chains[0] if all(one in chain for chain in chains)), None)
