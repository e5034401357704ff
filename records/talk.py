"""What was said both ways, newest page first. On a shared phone each message says whom it is about.

What is about somebody outside the reader's catchment stays out, on whatever phone it came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select as select_rows
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, or_, select

from care.level import Level
from records import heard
from records.announced import SUFFIX
from records.caseload import called, readable
from records.messages import BODY, PASSIVE
from records.outbound import BODY as OUTBOUND_BODY
from records.outbound import NOTICE
from records.picking import SPOKEN_KINDS, within
from records.reader import Reader
from records.tables import (
    DeliveryAttempt,
    InboundMessage,
    Media,
    OutboundMessage,
    Person,
    PersonContact,
    Practitioner,
    Turn,
)
from records.vault import Vault, VaultError

MESSAGES_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Attachment:
    """A photo or a voice message that came with a message. `made`: what a machine made of it."""

    id: str
    kind: str
    state: str
    made: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message of the conversation. `text` is None when it does not open any more.

    `speaker`: patient, machine or doctor. `state` and `reason` are those of the outbound row.
    `about` names the person meant, where several are behind the phone.
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
    about: str | None = None
    media: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Talk:
    """One page of a conversation, oldest first, and whether there is an earlier one."""

    bubbles: tuple[Bubble, ...]
    more: bool

    @property
    def began_at(self) -> datetime | None:
        """Where the earlier page ends."""
        return self.bubbles[0].at if self.bubbles else None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for: whose conversation, on which addresses, before when, for whom."""

    reader: Reader
    person_id: str
    points: Sequence[str]
    before: datetime | None
    names: Mapping[str, str]


def talk(
    session: Session,
    vault: Vault,
    reader: Reader,
    person_id: str,
    points: Sequence[str],
    before: datetime | None = None,
) -> Talk:
    """The newest messages before a moment, on these addresses and to this person elsewhere."""
    names = _names(session, vault, reader, points)
    asked = _Asked(reader, person_id, points, before, names)
    bubbles = [*_heard(session, vault, asked), *_said(session, vault, asked)]
    bubbles.sort(key=lambda bubble: (bubble.at, bubble.id))
    start = max(0, len(bubbles) - MESSAGES_LIMIT)
    # The next page ends before a moment, so what was said in one moment stays on one page.
    while start and bubbles[start - 1].at == bubbles[start].at:
        start -= 1
    return Talk(tuple(bubbles[start:]), more=start > 0)


def _names(session: Session, vault: Vault, reader: Reader, points: Sequence[str]) -> dict[str, str]:
    """The people behind these phones, by name; nobody when there is only one."""
    rows = session.exec(
        select(Person)
        .join(PersonContact, col(PersonContact.person_id) == col(Person.id))
        .where(col(PersonContact.contact_point_id).in_(points))
        .where(reader.people())
    ).all()
    names = {
        row.id: readable(vault, row.name_sealed, "persons.name", row.id) or "未建档的人"
        for row in rows
    }
    return names if len(names) > 1 else {}


def _heard(session: Session, vault: Vault, asked: _Asked) -> list[Bubble]:
    subject = aliased(Turn)
    query = (
        select(InboundMessage, subject.person_id)
        .outerjoin(subject, col(subject.id) == col(InboundMessage.turn_id))
        .where(col(InboundMessage.contact_point_id).in_(asked.points))
        .where(col(InboundMessage.kind).in_(SPOKEN_KINDS))
        .where(within(asked.reader))
        .order_by(col(InboundMessage.received_at).desc(), col(InboundMessage.id).desc())
        .limit(MESSAGES_LIMIT + 1)
    )
    if asked.before is not None:
        query = query.where(col(InboundMessage.received_at) < asked.before)
    rows = session.execute(query).all()
    files = _attachments(session, vault, [row.id for row, _ in rows])
    bubbles = []
    for row, person_id in rows:
        bubbles.append(
            Bubble(
                id=row.id,
                speaker="patient",
                at=row.received_at,
                kind=row.kind,
                text=readable(vault, row.body_sealed, BODY, row.id),
                level=Level(row.level or Level.NONE),
                state=row.state,
                about=asked.names.get(person_id or ""),
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


def _attachments(
    session: Session, vault: Vault, message_ids: list[str]
) -> dict[str, list[Attachment]]:
    found: dict[str, list[Attachment]] = {}
    rows = session.execute(
        select_rows(
            col(Media.inbound_message_id),
            col(Media.id),
            col(Media.kind),
            col(Media.state),
            col(Media.heard_sealed),
        )
        .where(col(Media.inbound_message_id).in_(message_ids))
        .order_by(col(Media.id))
    ).all()
    for message_id, media_id, kind, state, sealed in rows:
        made = _made(vault, media_id, sealed)
        found.setdefault(message_id, []).append(Attachment(media_id, kind, state, made))
    return found


def _made(vault: Vault, media_id: str, sealed: bytes | None) -> dict[str, Any]:
    """Nothing, when it does not open: the file itself is still there."""
    try:
        return heard.opened(vault, media_id, sealed)
    except VaultError:
        return {}


def _said(session: Session, vault: Vault, asked: _Asked) -> list[Bubble]:
    visible = select(Person.id).where(asked.reader.people())
    last_route = (
        select(DeliveryAttempt.route)
        .where(DeliveryAttempt.outbound_message_id == OutboundMessage.id)
        .order_by(col(DeliveryAttempt.number).desc())
        .limit(1)
        .correlate(OutboundMessage)
        .scalar_subquery()
    )
    about = func.coalesce(col(OutboundMessage.person_id), asked.person_id)
    query = (
        select(OutboundMessage, Practitioner, Turn.mode, last_route)
        .outerjoin(Practitioner, col(Practitioner.id) == col(OutboundMessage.author_id))
        .outerjoin(Turn, col(Turn.id) == col(OutboundMessage.turn_id))
        .where(
            or_(
                col(OutboundMessage.contact_point_id).in_(asked.points),
                OutboundMessage.person_id == asked.person_id,
            )
        )
        .where(about.in_(visible))
        .where(OutboundMessage.purpose != NOTICE)
        # The message that announced them shows them already.
        .where(~col(OutboundMessage.send_key).endswith(SUFFIX))
        .where(col(OutboundMessage.practitioner_id).is_(None))
        .order_by(col(OutboundMessage.created_at).desc(), col(OutboundMessage.id).desc())
        .limit(MESSAGES_LIMIT + 1)
    )
    if asked.before is not None:
        query = query.where(col(OutboundMessage.created_at) < asked.before)
    rows = session.execute(query).all()
    return [_spoken(vault, asked.names, *row) for row in rows]


def _spoken(
    vault: Vault,
    names: Mapping[str, str],
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
        about=names.get(row.person_id or ""),
    )
