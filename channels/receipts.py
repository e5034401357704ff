"""Delivery receipts close attempts. A refused one goes to the doctor's call list."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlmodel import Session

from channels.undelivered import hand_over
from records import receipts
from records.outbound import Receipt
from records.tables import DeliveryAttempt

log = structlog.get_logger(__name__)

_ONE_SWEEP = 200


def take_receipt(session: Session, receipt: Receipt, now: datetime) -> bool:
    """Keep a receipt and close what it is about. False when that message did not move.

    A second copy, one for an id that nobody knows, one that comes late or in the wrong order: all
    of them are harmless. One that overtakes its own send is found when that send is concluded.
    """
    row = receipts.keep(session, receipt, now)
    if row is None:
        return False
    attempt = receipts.attempt_of(session, receipt)
    if attempt is None:
        log.info("receipt.unmatched", provider=receipt.provider)
        return False
    receipts.belongs(session, row.id, attempt.id)
    moved = _close(session, attempt.id, now, delivered=receipt.delivered, code=receipt.code)
    if receipt.stops and attempt.contact_point_id is not None:
        # The try first, then the address, as a conclusion does: the two may meet.
        receipts.note_stop(session, attempt.contact_point_id, now)
    return moved


def apply_early(session: Session, attempt: DeliveryAttempt, now: datetime) -> None:
    """Close a try by the receipts that came before its own answer."""
    for row in receipts.early(session, attempt):
        receipts.belongs(session, row.id, attempt.id)
        _close(session, attempt.id, now, delivered=row.delivered, code=row.code)


def match_waiting(session: Session, now: datetime) -> int:
    """Close what a receipt and its send, written in the same moment, did not see of each other."""
    moved = 0
    for row, attempt_id in receipts.overtaken(session, now, _ONE_SWEEP):
        if receipts.belongs(session, row.id, attempt_id):
            moved += _close(session, attempt_id, now, delivered=row.delivered, code=row.code)
    return moved


def _close(session: Session, attempt_id: str, now: datetime, *, delivered: bool, code: str) -> bool:
    message = receipts.close(session, attempt_id, delivered=delivered, code=code, now=now)
    if message is None:
        return False
    log.info("receipt.closed", outbound_message_id=message.id, state=message.state)
    if not delivered and not receipts.ring_on(session, message, now):
        hand_over(session, message, code, now)
    return True
