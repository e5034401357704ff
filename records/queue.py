"""The strangers that wait to be known: what they said, and who of the register they may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlmodel import Session, col, func, select

from records.caseload import readable
from records.escalations import CLOSED
from records.messages import BODY
from records.people import UNIDENTIFIED
from records.phone_numbers import domestic
from records.picking import SPOKEN_KINDS
from records.reader import Reader
from records.spelling import syllables
from records.tables import (
    ContactPoint,
    Escalation,
    Facility,
    InboundMessage,
    Person,
    PersonContact,
)
from records.vault import Vault

_SHOWN = 3
_MOST = 100
_MOST_CANDIDATES = 5
REGISTERED = ("active", "away", "moved", "refused")
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody of the register who may have written. `why`: phone, name or sound."""

    person_id: str
    name: str
    sex: str | None
    born_on: date | None
    village: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a stranger; `text` is None when it does not open or has no words."""

    at: datetime
    kind: str
    text: str | None
    level: str | None


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who wrote and is not known, with the name and village as told."""

    person_id: str
    name: str
    facility_id: str | None
    village: str | None
    since: datetime
    channel: str | None
    count: int
    said: tuple[Said, ...]
    case_id: str | None
    phone: str
    candidates: tuple[Candidate, ...] = ()


def waiting(session: Session, vault: Vault, reader: Reader) -> tuple[Stranger, ...]:
    """Everybody this reader may identify, those who wrote first at the top."""
    rows = session.execute(
        select(Person, Facility, ContactPoint)
        .outerjoin(Facility, col(Facility.id) == col(Person.facility_id))
        .outerjoin(
            PersonContact,
            (col(PersonContact.person_id) == col(Person.id))
            & col(PersonContact.unlinked_at).is_(None),
        )
        .outerjoin(ContactPoint, col(ContactPoint.id) == col(PersonContact.contact_point_id))
        .where(Person.status == UNIDENTIFIED)
        .where(reader.people())
        .order_by(col(Person.registered_at), col(Person.id))
        .limit(_MOST)
    ).all()
    register = _register(session, vault, reader) if rows else []
    found = []
    for _, same in groupby(rows, key=lambda row: row[0].id):
        person, place, contact = next(iter(same))
        found.append(_stranger(session, vault, person, place, contact, register))
    return tuple(found)


def one(session: Session, vault: Vault, reader: Reader, person_id: str) -> Stranger | None:
    """One stranger; None when there is none, or none for this reader."""
    return next(
        (who for who in waiting(session, vault, reader) if who.person_id == person_id), None
    )


def _stranger(
    session: Session,
    vault: Vault,
    person: Person,
    place: Facility | None,
    contact: ContactPoint | None,
    register: list[tuple[Person, str, str | None]],
) -> Stranger:
    said, count = _said(session, vault, contact.id) if contact else ((), 0)
    name = readable(vault, person.name_sealed, "persons.name", person.id) or ""
    phones = {number for one in said for number in _PHONE.findall(one.text or "")}
    if contact is not None and contact.channel == "sms":
        address = readable(vault, contact.address_sealed, "contact_points.address", contact.id)
        phones |= {domestic(address)} if address else set()
    indexes = {vault.index(number, "phone") for number in phones}
    village = place.name if place is not None and place.kind == "village_clinic" else None
    return Stranger(
        person_id=person.id,
        name=name,
        facility_id=place.id if place is not None and village else None,
        village=village,
        since=person.registered_at,
        channel=contact.channel if contact else None,
        count=count,
        said=said,
        case_id=_case(session, person.id),
        phone=min(phones, default=""),
        candidates=_candidates(name, indexes, register),
    )


def _said(session: Session, vault: Vault, contact_id: str) -> tuple[tuple[Said, ...], int]:
    spoken = (
        select(InboundMessage)
        .where(InboundMessage.contact_point_id == contact_id)
        .where(col(InboundMessage.kind).in_(SPOKEN_KINDS))
    )
    rows = session.exec(
        spoken.order_by(
            col(InboundMessage.received_at).desc(), col(InboundMessage.id).desc()
        ).limit(_SHOWN)
    ).all()
    count = session.exec(
        select(func.count())
        .select_from(InboundMessage)
        .where(InboundMessage.contact_point_id == contact_id)
        .where(col(InboundMessage.kind).in_(SPOKEN_KINDS))
    ).one()
    said = tuple(
        Said(row.received_at, row.kind, readable(vault, row.body_sealed, BODY, row.id), row.level)
        for row in reversed(rows)
    )
    return said, count


def _case(session: Session, person_id: str) -> str | None:
    return session.exec(
        select(Escalation.id)
        .where(Escalation.person_id == person_id)
        .where(col(Escalation.state) != CLOSED)
        .order_by(col(Escalation.opened_at))
    ).first()


def _register(
    session: Session, vault: Vault, reader: Reader
) -> list[tuple[Person, str, str | None]]:
    """Everybody of the catchment, with the name opened for the length of this query."""
    rows = session.execute(
        select(Person, Facility.name)
        .outerjoin(Facility, col(Facility.id) == col(Person.facility_id))
        .where(col(Person.status).in_(REGISTERED))
        .where(reader.people())
        .order_by(col(Person.id))
    ).all()
    return [
        (person, readable(vault, person.name_sealed, "persons.name", person.id) or "", village)
        for person, village in rows
    ]


def _candidates(
    name: str, phones: set[str], register: list[tuple[Person, str, str | None]]
) -> tuple[Candidate, ...]:
    found = []
    for person, known, village in register:
        why = _alike(name, known, person.phone_index in phones)
        if why:
            found.append(Candidate(person.id, known, person.sex, person.born_on, village, why))
    order = {"phone": 0, "name": 1, "sound": 2}
    return tuple(sorted(found, key=lambda one: order[one.why])[:_MOST_CANDIDATES])


def _alike(name: str, known: str, same_phone: bool) -> str | None:
    if same_phone:
        return "phone"
    if not name or len(name) != len(known):
        return None
    if name == known:
        return "name"
    pairs = zip(name, known, strict=True)
    return (
        "sound" if all(a == b or set(syllables(a)) & set(syllables(b)) for a, b in pairs) else None
    )
