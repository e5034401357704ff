"""How much of what we start a person, or a phone, was told already: the fuse against ourselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from records.outbound import SPOKEN, STARTED_BY_US
from records.tables import DeliveryAttempt, OutboundMessage


def spoken_since(
    session: Session, message: OutboundMessage, contact_id: str, since: datetime
) -> int:
    """How many other messages that we started reached (or may have reached) the same patient.

    Counted for the person and for the address, whichever was told more: a household's phone rings
    for all of them.
    """
    whose = [col(OutboundMessage.contact_point_id) == contact_id]
    if message.person_id is not None:
        whose.append(col(OutboundMessage.person_id) == message.person_id)
    return max(_spoken(session, message, one, since) for one in whose)


def _spoken(
    session: Session, message: OutboundMessage, whose: ColumnElement[bool], since: datetime
) -> int:
    return session.exec(
        select(func.count(func.distinct(col(OutboundMessage.id))))
        .join(
            DeliveryAttempt,
            col(DeliveryAttempt.outbound_message_id) == col(OutboundMessage.id),
        )
        .where(whose)
        .where(OutboundMessage.id != message.id)
        .where(col(OutboundMessage.purpose).in_(STARTED_BY_US))
        .where(col(OutboundMessage.state).in_(SPOKEN))
        .where(col(DeliveryAttempt.began_at) >= since)
    ).one()
