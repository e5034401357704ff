"""Persons, the contact points they are reached by, and what the rules may know of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from care.situation import Background, Programme
from records.identity import new_id
from records.register.identities import canonical_of
from records.tables import ContactPoint, Enrolment, Marker, Person, PersonContact
from records.times import CHINA
from records.vault import Vault

UNIDENTIFIED, DECEASED = "unidentified", "deceased"
DEFAULT_FACILITY = "default_facility:"

# Both are asked for every message.
_BEHIND = (
    select(Person, PersonContact)
    .join(PersonContact, col(PersonContact.person_id) == col(Person.id))
    .where(PersonContact.contact_point_id == bindparam("contact"))
    .where(col(PersonContact.unlinked_at).is_(None))
    .order_by(col(PersonContact.linked_at), col(PersonContact.id))
)
_PROGRAMMES = (
    select(Enrolment.programme)
    .where(Enrolment.person_id == bindparam("person"))
    .where(col(Enrolment.ended_on).is_(None))
)

_TWO_CHARACTERS = frozenset(
    ("欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "令狐", "慕容", "司徒", "夏侯")
)


@dataclass(frozen=True, slots=True)
class Registration:
    """What is known when a person is registered. Names and numbers are sealed on the way in.

    `person_id`: made beforehand by the form, so that the same form sent twice makes one person.
    """

    name: str
    facility_id: str
    sex: str | None = None
    born_on: date | None = None
    phone: str | None = None
    identity_number: str | None = None
    height_cm: float | None = None
    pregnant: bool = False
    drugs: tuple[str, ...] = ()
    ailments: tuple[str, ...] = ()
    programmes: tuple[Programme, ...] = ()
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """A person behind a contact point, with the relation to whoever holds the phone."""

    person: Person
    relation: str
    link: PersonContact | None = None


def register(session: Session, vault: Vault, registration: Registration, now: datetime) -> Person:
    """Create a person and the enrolments. Identity numbers are found by blind index only."""
    row = registration.person_id or new_id()
    person = Person(
        id=row,
        facility_id=registration.facility_id,
        name_sealed=vault.seal(registration.name, "persons.name", row),
        sex=registration.sex,
        born_on=registration.born_on,
        height_cm=registration.height_cm,
        pregnant=registration.pregnant,
        drugs=list(registration.drugs),
        ailments=list(registration.ailments),
        registered_at=now,
    )
    if registration.phone:
        person.phone_sealed = vault.seal(registration.phone, "persons.phone", row)
        person.phone_index = vault.index(registration.phone, "phone")
    if registration.identity_number:
        number = registration.identity_number.upper()
        person.identity_number_sealed = vault.seal(number, "persons.identity_number", row)
        person.identity_number_index = vault.index(canonical_of(number), "identity")
    session.add(person)
    session.flush()
    for programme in registration.programmes:
        session.add(Enrolment(person_id=row, programme=programme, enrolled_on=china_date(now)))
    session.flush()
    return person


def link(
    session: Session, person_id: str, contact_point_id: str, now: datetime, relation: str = "self"
) -> PersonContact:
    """Put a person behind a contact point. The relation is to whoever holds the phone."""
    contact = PersonContact(
        person_id=person_id,
        contact_point_id=contact_point_id,
        relation=relation,
        linked_at=now,
    )
    session.add(contact)
    session.flush()
    return contact


def behind(session: Session, contact_point_id: str) -> list[Linked]:
    """The living links of a contact point: the phone's holder first, then in order of linking.

    The phone of somebody who died is held by the others behind it; alone there, the dead one stays,
    so that whoever writes is read.
    """
    rows = session.exec(_BEHIND, params={"contact": contact_point_id}).all()
    linked = [Linked(person, link.relation, link) for person, link in rows]
    alive = [who for who in linked if who.person.status != DECEASED]
    if alive and len(alive) < len(linked):
        linked = [Linked(alive[0].person, "self")] if len(alive) == 1 else alive
    return sorted(linked, key=lambda who: who.relation != "self")


def ensure_person(session: Session, contact: ContactPoint, now: datetime) -> Person:
    """The phone's holder; a stranger becomes an unidentified person so that nothing is dropped."""
    linked = behind(session, contact.id)
    if linked:
        return linked[0].person
    person = Person(
        id=new_id(),
        facility_id=default_facility(session, contact.account),
        status=UNIDENTIFIED,
        registered_at=now,
    )
    session.add(person)
    session.flush()
    link(session, person.id, contact.id, now)
    return person


def default_facility(session: Session, account: str) -> str | None:
    """The facility that looks after strangers who write to an account."""
    marker = session.get(Marker, DEFAULT_FACILITY + account) or session.get(
        Marker, DEFAULT_FACILITY
    )
    return marker.value if marker else None


def set_default_facility(
    session: Session, facility_id: str, now: datetime, account: str = ""
) -> None:
    """Say which facility looks after strangers (of one account, or of all)."""
    name = DEFAULT_FACILITY + account
    marker = session.get(Marker, name)
    if marker is None:
        session.add(Marker(name=name, value=facility_id, set_at=now))
    else:
        marker.value, marker.set_at = facility_id, now
    session.flush()


def background(session: Session, person: Person, today: date) -> Background:
    """What the rules may know of a person today."""
    programmes = session.exec(_PROGRAMMES, params={"person": person.id}).all()
    return Background(
        age=age_on(person.born_on, today),
        conditions=frozenset(Programme(name) for name in programmes),
        pregnant=person.pregnant,
        drugs=frozenset(person.drugs),
        ailments=frozenset(person.ailments),
    )


def age_on(born_on: date | None, today: date) -> int | None:
    """Completed years; None when the birthday is unknown."""
    if born_on is None:
        return None
    not_yet = (today.month, today.day) < (born_on.month, born_on.day)
    return today.year - born_on.year - not_yet


def name_of(vault: Vault, person: Person) -> str:
    """The person's name, or an empty string for a stranger."""
    return vault.open(person.name_sealed, "persons.name", person.id)


def surname(name: str) -> str:
    """The family name: one character, or two for the few that are written with two."""
    return name[:2] if name[:2] in _TWO_CHARACTERS else name[:1]


def china_date(now: datetime) -> date:
    """The calendar day where the people live."""
    return now.astimezone(CHINA).date()
