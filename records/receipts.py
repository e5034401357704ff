"""What providers say later: kept once, matched with the try it is about, and moved on from there.

A second copy changes nothing. One that comes before the answer to its own send waits for it. What has
arrived has arrived: nothing that is said afterwards takes it back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, and_, col, func, or_, select, update

from records import opting_out
from records.db import changed
from records.escalations import OPEN
from records.identity import new_id
from records.insertion import insert_once
from records.outbound import (
    ACCEPTED,
    CHANNEL_CLOSED,
    DELIVERED,
    NOTICE,
    QUEUED,
    SENDING,
    UNKNOWN,
    Receipt,
)
from records.tables import DeliveryAttempt, DeliveryReceipt, Escalation, OutboundMessage
from records.times import credible

# A receipt that found nothing is looked at again for so long: its send may not have come back yet.
WAITS = timedelta(minutes=10)


def keep(session: Session, receipt: Receipt, now: datetime) -> DeliveryReceipt | None:
    """Store a receipt. None for one that was stored before."""
    row = DeliveryReceipt(
        id=new_id(),
        provider=receipt.provider,
        provider_id=receipt.provider_id,
        delivered=receipt.delivered,
        code=receipt.code,
        happened_at=credible(receipt.at, now) if receipt.at else None,
        received_at=now,
    )
    return row if insert_once(session, row) else None


def attempt_of(session: Session, receipt: Receipt) -> DeliveryAttempt | None:
    """The try that a receipt is about: by the word of ours it echoes, else by the provider's id."""
    if receipt.attempt_id:
        named = session.get(DeliveryAttempt, receipt.attempt_id, populate_existing=True)
        if named is not None and named.provider == receipt.provider:
            return named
    return session.exec(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.provider == receipt.provider)
        .where(DeliveryAttempt.provider_id == receipt.provider_id)
        .execution_options(populate_existing=True)
    ).first()


def belongs(session: Session, row_id: str, attempt_id: str) -> bool:
    """Note whose receipt it is. False when somebody did so already."""
    statement = (
        update(DeliveryReceipt)
        .where(col(DeliveryReceipt.id) == row_id)
        .where(col(DeliveryReceipt.attempt_id).is_(None))
        .values(attempt_id=attempt_id)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def early(session: Session, attempt: DeliveryAttempt) -> list[DeliveryReceipt]:
    """Receipts of a try that came before its own answer was written down."""
    mine = col(DeliveryReceipt.attempt_id) == attempt.id
    if attempt.provider_id is not None:
        theirs = and_(
            col(DeliveryReceipt.attempt_id).is_(None),
            col(DeliveryReceipt.provider) == attempt.provider,
            col(DeliveryReceipt.provider_id) == attempt.provider_id,
        )
        mine = or_(mine, theirs)
    rows = session.exec(select(DeliveryReceipt).where(mine)).all()
    return sorted(rows, key=lambda row: row.delivered, reverse=True)


def overtaken(session: Session, now: datetime, limit: int) -> list[tuple[DeliveryReceipt, str]]:
    """Unmatched receipts whose try has an answer by now: the two were written at the same time."""
    rows = session.execute(
        select(DeliveryReceipt, DeliveryAttempt.id)
        .join(
            DeliveryAttempt,
            (col(DeliveryAttempt.provider_id) == col(DeliveryReceipt.provider_id))
            & (col(DeliveryAttempt.provider) == col(DeliveryReceipt.provider)),
        )
        .where(col(DeliveryReceipt.attempt_id).is_(None))
        .where(col(DeliveryReceipt.received_at) > now - WAITS)
        .limit(limit)
    ).all()
    return [(row, attempt_id) for row, attempt_id in rows]


def close(
    session: Session, attempt_id: str, *, delivered: bool, code: str, now: datetime
) -> OutboundMessage | None:
    """Move the try and its message on. Returns the message when it moved.

    Delivered: wherever the message stood, unless another try of it is on the way this moment. Not
    delivered: only what was taken or unsure, and only when no other try of it got through.
    """
    _mark(session, attempt_id, delivered=delivered, code=code)
    attempt = session.get_one(DeliveryAttempt, attempt_id, populate_existing=True)
    if delivered:
        movable = col(OutboundMessage.state).not_in((SENDING, DELIVERED))
    else:
        if _others_through(session, attempt):
            return None
        movable = col(OutboundMessage.state).in_((ACCEPTED, UNKNOWN))
    return session.execute(
        update(OutboundMessage)
        .where(col(OutboundMessage.id) == attempt.outbound_message_id)
        .where(movable)
        .values(
            state=DELIVERED if delivered else CHANNEL_CLOSED,
            reason=None if delivered else code,
            settled_at=now,
        )
        .returning(OutboundMessage)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one_or_none()


def ring_on(session: Session, message: OutboundMessage, now: datetime) -> bool:
    """Queue a doctor's notice again that did not arrive: the bell that failed is not tried again.

    Only while the notice holds and nobody took the alarm.
    """
    case = session.get(Escalation, message.escalation_id) if message.escalation_id else None
    if message.practitioner_id is None or case is None or case.state != OPEN:
        return False
    statement = (
        update(OutboundMessage)
        .where(col(OutboundMessage.id) == message.id)
        .where(col(OutboundMessage.purpose) == NOTICE)
        .where(col(OutboundMessage.state) == CHANNEL_CLOSED)
        .where(col(OutboundMessage.expires_at) > now)
        .values(state=QUEUED, next_attempt_at=now, settled_at=None)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def has_arrived(session: Session, message: OutboundMessage) -> bool:
    """Whether a receipt of any try says that it is on the phone."""
    return bool(_tries_with(session, message.id, (DELIVERED,)))


def note_stop(session: Session, contact_point_id: str, now: datetime) -> bool:
    """The network or the person refuses anything more from us on this phone."""
    return opting_out.stop(session, contact_point_id, now, by=opting_out.BY_CARRIER)


def last_by_provider(session: Session) -> dict[str, datetime]:
    """When each provider last sent a receipt."""
    rows = session.execute(
        select(DeliveryReceipt.provider, func.max(col(DeliveryReceipt.received_at))).group_by(
            col(DeliveryReceipt.provider)
        )
    ).all()
    return {row[0]: row[1] for row in rows}


def _mark(session: Session, attempt_id: str, *, delivered: bool, code: str) -> None:
    """What has arrived stays so; a refusal after it is a carrier's afterthought."""
    statement = update(DeliveryAttempt).where(col(DeliveryAttempt.id) == attempt_id)
    if not delivered:
        statement = statement.where(
            or_(col(DeliveryAttempt.result).is_(None), col(DeliveryAttempt.result) != DELIVERED)
        )
    session.execute(
        statement.values(
            result=DELIVERED if delivered else CHANNEL_CLOSED, code=code
        ).execution_options(synchronize_session=False)
    )


def _others_through(session: Session, attempt: DeliveryAttempt) -> bool:
    found = _tries_with(session, attempt.outbound_message_id, (ACCEPTED, DELIVERED))
    return bool(found - {attempt.id})


def _tries_with(session: Session, message_id: str, results: tuple[str, ...]) -> set[str]:
    return set(
        session.exec(
            select(DeliveryAttempt.id)
            .where(DeliveryAttempt.outbound_message_id == message_id)
            .where(col(DeliveryAttempt.result).in_(results))
        ).all()
    )
