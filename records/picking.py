"""Which of the open cases a reader wants to see, and how many there are of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy import select as select_rows
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, case, col, false, func, not_, or_, select, true

from records.escalations import ACKNOWLEDGED, CLOSED, OPEN
from records.outbound import NOTICE
from records.reader import Reader
from records.tables import (
    Escalation,
    Facility,
    InboundMessage,
    LastLook,
    OutboundMessage,
    Person,
    Turn,
)

SPOKEN_KINDS = ("text", "image", "voice", "video", "location", "link")
ALL = "all"
KINDS = (ALL, "mine", "unacknowledged", "overdue", "unread")


@dataclass(frozen=True, slots=True)
class Pick:
    """A kind of case, and one village or all of them."""

    kind: str = ALL
    village: str | None = None


@dataclass(frozen=True, slots=True)
class VillageCount:
    """How many open cases a village has."""

    facility_id: str
    name: str
    cases: int


def within(reader: Reader) -> ColumnElement[bool]:
    """Messages whose turn is about somebody else's patient stay out of sight on a shared phone."""
    visible = select(Person.id).where(reader.people())
    subject = (
        select(Turn.person_id).where(col(Turn.id) == col(InboundMessage.turn_id)).scalar_subquery()
    )
    return or_(subject.is_(None), subject.in_(visible))


def condition(reader: Reader, pick: Pick, now: datetime) -> ColumnElement[bool]:
    """True for the cases that were asked for. The reader's catchment is not in it."""
    kind = conditions(reader, now).get(pick.kind, true())
    return and_(kind, col(Person.facility_id) == pick.village) if pick.village else kind


def conditions(reader: Reader, now: datetime) -> Mapping[str, ColumnElement[bool]]:
    """What each kind means."""
    open_ = col(Escalation.state) == OPEN
    return {
        ALL: true(),
        "mine": or_(
            and_(
                col(Escalation.state) == ACKNOWLEDGED,
                col(Escalation.acknowledged_by) == reader.practitioner_id,
            ),
            and_(open_, _rang(reader)),
        ),
        "unacknowledged": open_,
        # The first step let its minutes pass, or nobody was there for it.
        "overdue": and_(
            open_, or_(col(Escalation.step) > 0, col(Escalation.next_escalation_at) <= now)
        ),
        "unread": unread(reader),
    }


def unread(reader: Reader) -> ColumnElement[bool]:
    """The patient wrote after this reader last looked at the case or answered."""
    seen, said = aliased(LastLook), aliased(OutboundMessage)
    looked = (
        select(seen.at)
        .where(col(seen.practitioner_id) == reader.practitioner_id)
        .where(col(seen.person_id) == col(Escalation.person_id))
        .where(col(seen.at) >= col(InboundMessage.received_at))
        .correlate(Escalation, InboundMessage)
        .exists()
    )
    answered = (
        select(said.id)
        .where(col(said.contact_point_id) == col(Escalation.contact_point_id))
        .where(col(said.author_id) == reader.practitioner_id)
        .where(col(said.created_at) >= col(InboundMessage.received_at))
        .correlate(Escalation, InboundMessage)
        .exists()
    )
    return (
        select(InboundMessage.id)
        .where(col(InboundMessage.contact_point_id) == col(Escalation.contact_point_id))
        .where(col(InboundMessage.kind).in_(SPOKEN_KINDS))
        .where(within(reader))
        .where(not_(looked))
        .where(not_(answered))
        .correlate(Escalation)
        .exists()
    )


def counts(session: Session, reader: Reader, village: str | None, now: datetime) -> dict[str, int]:
    """How many open cases there are of each kind."""
    kinds = conditions(reader, now)
    columns = [func.sum(case((kinds[kind], 1), else_=0)) for kind in KINDS]
    query = (
        select_rows(*columns)
        .select_from(Escalation)
        .join(Person, col(Person.id) == col(Escalation.person_id))
        .where(col(Escalation.state) != CLOSED)
        .where(reader.people())
        .where(col(Person.facility_id) == village if village else true())
    )
    row = session.execute(query).one()
    return {kind: int(number or 0) for kind, number in zip(KINDS, row, strict=True)}


def villages(session: Session, reader: Reader) -> tuple[VillageCount, ...]:
    """The villages with open cases, for readers who look after several."""
    rows = session.execute(
        select_rows(col(Facility.id), col(Facility.name), func.count(col(Escalation.id)))
        .join(Person, col(Person.facility_id) == col(Facility.id))
        .join(Escalation, col(Escalation.person_id) == col(Person.id))
        .where(col(Escalation.state) != CLOSED)
        .where(reader.people() if reader.sees_people else false())
        .group_by(col(Facility.id), col(Facility.name))
        .order_by(col(Facility.name))
    ).all()
    return tuple(VillageCount(*row) for row in rows)


def _rang(reader: Reader) -> ColumnElement[bool]:
    notice = aliased(OutboundMessage)
    return (
        select(notice.id)
        .where(col(notice.escalation_id) == col(Escalation.id))
        .where(notice.purpose == NOTICE)
        .where(col(notice.practitioner_id) == reader.practitioner_id)
        .correlate(Escalation)
        .exists()
    )
