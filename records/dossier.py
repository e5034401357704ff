"""One person on one screen: who it is, what was measured, what was said both ways, what is open.

A fixed number of queries, however long the history. On a phone that several people share, what is
about somebody outside the reader's catchment stays out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from records import subscriptions, windows
from records.caseload import readable
from records.course import NO_COURSE, Course, course
from records.escalations import CLOSED
from records.media import CONTENT, STORED
from records.picking import within
from records.reader import Reader
from records.subscriptions import Leave
from records.tables import (
    ContactPoint,
    Enrolment,
    Escalation,
    Facility,
    InboundMessage,
    Media,
    Person,
    PersonContact,
    StoredReading,
)
from records.talk import Bubble, talk
from records.vault import Vault

READINGS_BACK = timedelta(days=366)
READINGS_LIMIT = 400
EMERGENCY = "persons.emergency"


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach the person, and what WeChat still allows on it.

    `leaves`: by a template's id, what the holder agreed to be sent by it.
    """

    id: str
    channel: str
    relation: str
    stopped: bool
    unfollowed: bool
    window_until: datetime | None
    window_left: int
    last_inbound_at: datetime | None
    leaves: Mapping[str, Leave] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Programme:
    """An enrolment, running or ended."""

    programme: str
    enrolled_on: date
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class Emergency:
    """Whom to phone when something happened."""

    name: str
    phone: str
    relation: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything the page of one person shows."""

    id: str
    name: str
    sex: str | None
    born_on: date | None
    status: str
    phone: str | None
    village: str | None
    facility_id: str | None
    registered_at: datetime
    height_cm: float | None
    pregnant: bool
    drugs: tuple[str, ...]
    programmes: tuple[Programme, ...]
    contacts: tuple[Contact, ...]
    readings: tuple[StoredReading, ...]
    conversation: tuple[Bubble, ...]
    more_messages: bool
    open_case_id: str | None
    emergency: Emergency | None = None
    course: Course = NO_COURSE


@dataclass(frozen=True, slots=True)
class OpenedMedia:
    """A file, opened for a reader who may see it."""

    content: bytes
    content_type: str
    kind: str
    person_id: str


def dossier(
    session: Session, vault: Vault, reader: Reader, person_id: str, now: datetime
) -> Dossier | None:
    """The person's file, or None when the reader may not see the person."""
    row = session.execute(
        select(Person, Facility.name)
        .outerjoin(Facility, col(Facility.id) == col(Person.facility_id))
        .where(Person.id == person_id)
        .where(reader.people())
    ).first()
    if row is None:
        return None
    person, village = row
    contacts = _contacts(session, person_id, now)
    said = talk(session, vault, reader, person_id, [c.id for c in contacts])
    return Dossier(
        id=person.id,
        name=readable(vault, person.name_sealed, "persons.name", person.id) or "",
        sex=person.sex,
        born_on=person.born_on,
        status=person.status,
        phone=readable(vault, person.phone_sealed, "persons.phone", person.id) or None,
        village=village,
        facility_id=person.facility_id,
        registered_at=person.registered_at,
        height_cm=person.height_cm,
        pregnant=person.pregnant,
        drugs=tuple(person.drugs),
        programmes=_programmes(session, person_id),
        contacts=contacts,
        readings=_readings(session, person_id, now),
        conversation=said.bubbles,
        more_messages=said.more,
        open_case_id=_open_case(session, person_id),
        emergency=_emergency(vault, person),
        course=course(session, vault, person_id, said.bubbles, now),
    )


def media(session: Session, vault: Vault, reader: Reader, media_id: str) -> OpenedMedia | None:
    """A stored file, opened. None outside the catchment, and while it has not arrived."""
    visible = (
        select(PersonContact.person_id)
        .where(PersonContact.contact_point_id == InboundMessage.contact_point_id)
        .where(reader.contact_points())
        .order_by(col(PersonContact.linked_at))
        .limit(1)
        .correlate(InboundMessage)
        .scalar_subquery()
    )
    row = session.execute(
        select(Media, visible)
        .join(InboundMessage, col(InboundMessage.id) == col(Media.inbound_message_id))
        .where(Media.id == media_id)
        .where(Media.state == STORED)
        .where(visible.is_not(None))
        .where(within(reader))
    ).first()
    if row is None or row[0].content_sealed is None:
        return None
    file, person_id = row
    return OpenedMedia(
        content=vault.open_bytes(file.content_sealed, CONTENT, file.id),
        content_type=file.content_type or "application/octet-stream",
        kind=file.kind,
        person_id=person_id,
    )


def _emergency(vault: Vault, person: Person) -> Emergency | None:
    """Nobody, when nothing was written down or it does not open."""
    text = readable(vault, person.emergency_sealed, EMERGENCY, person.id)
    try:
        known = json.loads(text or "null")
    except ValueError:
        return None
    if not isinstance(known, dict):
        return None
    said = (str(known.get(name) or "") for name in ("name", "phone", "relation"))
    found = Emergency(*said)
    return found if found.name or found.phone else None


def _contacts(session: Session, person_id: str, now: datetime) -> tuple[Contact, ...]:
    rows = session.execute(
        select(ContactPoint, PersonContact.relation)
        .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
        .where(PersonContact.person_id == person_id)
        .where(col(PersonContact.unlinked_at).is_(None))
        .order_by(col(PersonContact.linked_at))
    ).all()
    leaves: dict[str, dict[str, Leave]] = {}
    for row in subscriptions.all_of(session, [point.id for point, _ in rows]):
        leaves.setdefault(row.contact_point_id, {})[row.template_id] = Leave(row.state, row.credits)
    return tuple(
        _contact(point, relation, leaves.get(point.id, {}), now) for point, relation in rows
    )


def _contact(
    point: ContactPoint, relation: str, leaves: Mapping[str, Leave], now: datetime
) -> Contact:
    room = windows.room(point, now)
    return Contact(
        id=point.id,
        channel=point.channel,
        relation=relation,
        stopped=point.stopped_at is not None,
        unfollowed=point.unfollowed_at is not None,
        window_until=room.until,
        window_left=room.left,
        last_inbound_at=point.last_inbound_at,
        leaves=leaves,
    )


def _programmes(session: Session, person_id: str) -> tuple[Programme, ...]:
    rows = session.exec(
        select(Enrolment)
        .where(Enrolment.person_id == person_id)
        .order_by(col(Enrolment.enrolled_on))
    ).all()
    return tuple(Programme(row.programme, row.enrolled_on, row.ended_on) for row in rows)


def _readings(session: Session, person_id: str, now: datetime) -> tuple[StoredReading, ...]:
    return tuple(
        session.exec(
            select(StoredReading)
            .where(StoredReading.person_id == person_id)
            .where(col(StoredReading.taken_at) >= now - READINGS_BACK)
            .order_by(col(StoredReading.taken_at).desc(), col(StoredReading.id).desc())
            .limit(READINGS_LIMIT)
        ).all()
    )


def _open_case(session: Session, person_id: str) -> str | None:
    return session.exec(
        select(Escalation.id)
        .where(Escalation.person_id == person_id)
        .where(Escalation.state != CLOSED)
        .order_by(col(Escalation.opened_at))
    ).first()
