"""Registering a person: who is there already, one person per form, and the programmes she is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, or_, select

from care.cadence import add_months
from care.protocol import protocol
from records import audit, follow_ups, people
from records.caseload import readable
from records.people import UNIDENTIFIED, Registration
from records.reader import Reader
from records.tables import Enrolment, Facility, Person
from records.vault import Vault

_NOT_OFFERED = (UNIDENTIFIED, "merged", "dismissed")


@dataclass(frozen=True, slots=True)
class Application:
    """What the doctor wrote down. `programmes`: the day of enrolment in each."""

    name: str
    sex: str
    born_on: date
    facility_id: str
    phone: str | None = None
    identity_number: str | None = None
    programmes: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody of the register who may be the same. `why`: identity, phone or name."""

    person_id: str
    name: str
    sex: str | None
    born_on: date | None
    village: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """Who is alike in the reader's catchment. `elsewhere`: the identity number is registered outside."""

    alike: tuple[Alike, ...] = ()
    elsewhere: bool = False


def villages(session: Session, reader: Reader) -> list[Facility]:
    """Where this reader may register people: the villages, and the own house."""
    rows = session.exec(
        select(Facility).where(reader.catchment()).order_by(col(Facility.path))
    ).all()
    own = [row for row in rows if row.kind == "village_clinic"]
    return own or [row for row in rows if row.id == reader.facility_id]


def alike(session: Session, vault: Vault, reader: Reader, application: Application) -> Likeness:
    """Who may be the same person: by identity number, by phone, by name and birthday."""
    number, phone = application.identity_number, application.phone
    index = vault.index(number, "identity") if number else None
    same = [col(Person.born_on) == application.born_on]
    if index:
        same.append(col(Person.identity_number_index) == index)
    if phone:
        same.append(col(Person.phone_index) == vault.index(phone, "phone"))
    rows = session.execute(
        select(Person, Facility.name)
        .outerjoin(Facility, col(Facility.id) == col(Person.facility_id))
        .where(or_(*same))
        .where(reader.people())
        .where(col(Person.status).not_in(_NOT_OFFERED))
        .order_by(col(Person.id))
    ).all()
    found = []
    for person, village in rows:
        name = readable(vault, person.name_sealed, "persons.name", person.id) or ""
        why = _why(person, name, application, vault, index)
        if why:
            found.append(Alike(person.id, name, person.sex, person.born_on, village, why))
    return Likeness(tuple(found), _elsewhere(session, reader, index))


def is_new(session: Session, once: str) -> bool:
    """Whether the form with this id was not sent before."""
    return session.get(Person, once) is None


def enrol(
    session: Session,
    vault: Vault,
    reader: Reader,
    application: Application,
    now: datetime,
    *,
    once: str,
) -> tuple[str, bool]:
    """Register the person under the id that the form was given. True when she is new.

    Raises:
        LookupError: the village is not the reader's.
    """
    if application.facility_id not in {place.id for place in villages(session, reader)}:
        raise LookupError(application.facility_id)
    if session.get(Person, once) is not None:
        return once, False
    try:
        with session.begin_nested():
            _create(session, vault, application, now, once=once)
    except IntegrityError:
        return once, False
    audit.note(
        session,
        actor=reader.actor,
        action="register",
        subject="person",
        subject_id=once,
        person_id=once,
        facility_id=application.facility_id,
        now=now,
    )
    return once, True


def _create(
    session: Session, vault: Vault, application: Application, now: datetime, *, once: str
) -> None:
    people.register(
        session,
        vault,
        Registration(
            name=application.name,
            facility_id=application.facility_id,
            sex=application.sex,
            born_on=application.born_on,
            phone=application.phone,
            identity_number=application.identity_number,
            person_id=once,
        ),
        now,
    )
    tomorrow = people.china_date(now) + timedelta(days=1)
    for programme, enrolled_on in application.programmes.items():
        session.add(Enrolment(person_id=once, programme=programme, enrolled_on=enrolled_on))
        due = add_months(enrolled_on, protocol().whole("routine_months"))
        follow_ups.plan(session, once, programme, max(due, tomorrow))
    session.flush()


def _why(
    person: Person, name: str, application: Application, vault: Vault, index: str | None
) -> str | None:
    if index and person.identity_number_index == index:
        return "identity"
    if application.phone and person.phone_index == vault.index(application.phone, "phone"):
        return "phone"
    return "name" if name == application.name else None


def _elsewhere(session: Session, reader: Reader, index: str | None) -> bool:
    if index is None:
        return False
    visible = select(Person.id).where(reader.people())
    found = session.exec(
        select(Person.id)
        .where(Person.identity_number_index == index)
        .where(col(Person.id).not_in(visible))
        .where(col(Person.status).not_in(_NOT_OFFERED))
    ).first()
    return found is not None
