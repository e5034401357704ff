"""Receipts about a message whose id the provider did not tell when it took it.

WeChat's subscription messages may be taken without an id, and their receipt then names one that
nobody has seen: what it is about is told by who got it, which template it was, and when.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlmodel import Session, col, or_, select

from records.outbound import ACCEPTED, UNKNOWN, Receipt
from records.tables import DeliveryAttempt, OutboundMessage

# A receipt comes within seconds; the two clocks may differ.
BEFORE, AFTER = timedelta(hours=1), timedelta(minutes=5)
_FEW = 10


def traced(session: Session, receipt: Receipt, contact_point_id: str) -> Receipt:
    """The receipt with the try that it must be about: the oldest one that waits for a word."""
    if not receipt.templates or receipt.at is None or _is_known(session, receipt):
        return receipt
    rows = session.execute(
        select(DeliveryAttempt.id, OutboundMessage.template)
        .join(OutboundMessage, col(OutboundMessage.id) == col(DeliveryAttempt.outbound_message_id))
        .where(DeliveryAttempt.provider == receipt.provider)
        .where(DeliveryAttempt.contact_point_id == contact_point_id)
        .where(col(DeliveryAttempt.provider_id).is_(None))
        .where(col(DeliveryAttempt.route).endswith(":template"))
        .where(
            or_(
                col(DeliveryAttempt.result).is_(None),
                col(DeliveryAttempt.result).in_((ACCEPTED, UNKNOWN)),
            )
        )
        .where(col(DeliveryAttempt.began_at) >= receipt.at - BEFORE)
        .where(col(DeliveryAttempt.began_at) <= receipt.at + AFTER)
        .order_by(col(DeliveryAttempt.began_at), col(DeliveryAttempt.id))
        .limit(_FEW)
    ).all()
    fitting = [
        attempt_id
        for attempt_id, template in rows
        if template.get("name", "") in {"", *receipt.templates}
    ]
    return replace(receipt, attempt_id=fitting[0]) if fitting else receipt


def _is_known(session: Session, receipt: Receipt) -> bool:
    return (
        session.exec(
            select(DeliveryAttempt.id)
            .where(DeliveryAttempt.provider == receipt.provider)
            .where(DeliveryAttempt.provider_id == receipt.provider_id)
        ).first()
        is not None
    )
