"""One person on one screen: who it is, what was measured, what was said both ways, what is open.

A fixed number of queries, however long the history. On a phone that several people share, what is
about somebody outside the reader's catchment stays out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, func, or_, select

from care.level import Level
from records.caseload import SPOKEN_KINDS, called, readable, within
from records.escalations import CLOSED
from records.media import CONTENT, STORED
from records.messages import BODY, PASSIVE
from records.outbound import BODY as OUTBOUND_BODY
from records.outbound import NOTICE
from records.reader import Reader
from records.tables import (
    ContactPoint,
    DeliveryAttempt,
    Enrolment,
    Escalation,
    Facility,
    InboundMessage,
    Media,
    OutboundMessage,
    Person,
    PersonContact,
    Practitioner,
    StoredReading,
    Turn,
)
from records.vault import Vault

READINGS_BACK = timedelta(days=366)
READINGS_LIMIT = 400
MESSAGES_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach the person, and what WeChat still allows on it."""

    id: str
    channel: str
    relation: str
    stopped: bool
    unfollowed: bool
    window_until: datetime | None
    window_left: int
    last_inbound_at: datetime | None


@dataclass(frozen=True, slots=True)
class Programme:
    """An enrolment, running or ended."""

    programme: str
    enrolled_on: date
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A photo or a voice message that came with a message."""

    id: str
    kind: str
    state: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message of the conversation. `text` is None when it does not open any more.

    `speaker`: patient, machine or doctor. `state` and `reason` are those of the outbound row.
    """

    id: str
    speaker: str
    at: datetime
    kind: str
    text: str | None
    level: Level = Level.NONE
    by: str | None = None
    purpose: str | None = None
    state: str | None = None
    reason: str | None = None
    route: str | None = None
    mode: str | None = None
    media: tuple[Attachment, ...] = ()


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
    contacts = _contacts(session, person_id)
    bubbles, more = _conversation(session, vault, reader, person_id, [c.id for c in contacts])
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
        conversation=bubbles,
        more_messages=more,
        open_case_id=_open_case(session, person_id),
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


def _contacts(session: Session, person_id: str) -> tuple[Contact, ...]:
    rows = session.execute(
        select(ContactPoint, PersonContact.relation)
        .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
        .where(PersonContact.person_id == person_id)
        .where(col(PersonContact.unlinked_at).is_(None))
        .order_by(col(PersonContact.linked_at))
    ).all()
    return tuple(
        Contact(
            id=point.id,
            channel=point.channel,
            relation=relation,
            stopped=point.stopped_at is not None,
            unfollowed=point.unfollowed_at is not None,
            window_until=point.window_until,
            window_left=point.window_left,
            last_inbound_at=point.last_inbound_at,
        )
        for point, relation in rows
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


def _conversation(
    session: Session, vault: Vault, reader: Reader, person_id: str, points: list[str]
) -> tuple[tuple[Bubble, ...], bool]:
    heard = _heard(session, vault, reader, points)
    said = _said(session, vault, reader, person_id, points)
    bubbles = sorted([*heard, *said], key=lambda bubble: (bubble.at, bubble.id))
    return tuple(bubbles[-MESSAGES_LIMIT:]), len(bubbles) > MESSAGES_LIMIT


def _heard(session: Session, vault: Vault, reader: Reader, points: list[str]) -> list[Bubble]:
    rows = session.exec(
        select(InboundMessage)
        .where(col(InboundMessage.contact_point_id).in_(points))
        .where(col(InboundMessage.kind).in_(SPOKEN_KINDS))
        .where(within(reader))
        .order_by(col(InboundMessage.received_at).desc(), col(InboundMessage.id).desc())
        .limit(MESSAGES_LIMIT + 1)
    ).all()
    files = _attachments(session, [row.id for row in rows])
    bubbles = []
    for row in rows:
        bubbles.append(
            Bubble(
                id=row.id,
                speaker="patient",
                at=row.received_at,
                kind=row.kind,
                text=readable(vault, row.body_sealed, BODY, row.id),
                level=Level(row.level or Level.NONE),
                state=row.state,
                media=tuple(files.get(row.id, ())),
            )
        )
        if row.passive_sealed is not None:
            bubbles.append(_passive(vault, row))
    return bubbles


def _passive(vault: Vault, row: InboundMessage) -> Bubble:
    """What the webhook answered on the spot: it was never queued, so no other row shows it."""
    return Bubble(
        id=f"{row.id}~",
        speaker="machine",
        at=row.received_at,
        kind="text",
        text=readable(vault, row.passive_sealed, PASSIVE, row.id),
        purpose="safety",
        state="passive",
    )


def _attachments(session: Session, message_ids: list[str]) -> dict[str, list[Attachment]]:
    found: dict[str, list[Attachment]] = {}
    rows = session.exec(
        select(Media.inbound_message_id, Media.id, Media.kind, Media.state)
        .where(col(Media.inbound_message_id).in_(message_ids))
        .order_by(col(Media.id))
    ).all()
    for message_id, media_id, kind, state in rows:
        found.setdefault(message_id, []).append(Attachment(media_id, kind, state))
    return found


def _said(
    session: Session, vault: Vault, reader: Reader, person_id: str, points: list[str]
) -> list[Bubble]:
    visible = select(Person.id).where(reader.people())
    last_route = (
        select(DeliveryAttempt.route)
        .where(DeliveryAttempt.outbound_message_id == OutboundMessage.id)
        .order_by(col(DeliveryAttempt.number).desc())
        .limit(1)
        .correlate(OutboundMessage)
        .scalar_subquery()
    )
    about = func.coalesce(col(OutboundMessage.person_id), person_id)
    rows = session.execute(
        select(OutboundMessage, Practitioner, Turn.mode, last_route)
        .outerjoin(Practitioner, col(Practitioner.id) == col(OutboundMessage.author_id))
        .outerjoin(Turn, col(Turn.id) == col(OutboundMessage.turn_id))
        .where(
            or_(
                col(OutboundMessage.contact_point_id).in_(points),
                OutboundMessage.person_id == person_id,
            )
        )
        .where(about.in_(visible))
        .where(OutboundMessage.purpose != NOTICE)
        .where(col(OutboundMessage.practitioner_id).is_(None))
        .order_by(col(OutboundMessage.created_at).desc(), col(OutboundMessage.id).desc())
        .limit(MESSAGES_LIMIT + 1)
    ).all()
    return [_spoken(vault, *row) for row in rows]


def _spoken(
    vault: Vault,
    row: OutboundMessage,
    author: Practitioner | None,
    mode: str | None,
    route: str | None,
) -> Bubble:
    return Bubble(
        id=row.id,
        speaker="doctor" if row.author_id else "machine",
        at=row.created_at,
        kind="text",
        text=readable(vault, row.body_sealed, OUTBOUND_BODY, row.id),
        by=called(vault, author),
        purpose=row.purpose,
        state=row.state,
        reason=row.reason,
        route=route,
        mode=mode,
    )
