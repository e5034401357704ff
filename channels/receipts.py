"""Delivery receipts close attempts. A refused one goes to the doctor's call list."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlmodel import Session

from channels.undelivered import hand_over
from records import outbound
from records.outbound import Receipt

log = structlog.get_logger(__name__)


def close_attempt(session: Session, receipt: Receipt, now: datetime) -> None:
    """Close the attempt that a receipt names; one for an id nobody knows is only logged."""
    message = outbound.close_by_receipt(session, receipt, now)
    if message is None:
        log.info("receipt.unmatched", provider_id=receipt.provider_id)
        return
    log.info("receipt.closed", outbound_message_id=message.id, state=message.state)
    if not receipt.delivered:
        hand_over(session, message, receipt.code, now)
