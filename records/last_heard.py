"""When each provider was last heard: its newest receipt and the newest message that came over it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from records.tables import DeliveryReceipt, InboundMessage

# Further back nobody looks: a provider that was silent so long is silent.
LOOKED_BACK = timedelta(days=2)
_SMS = "sms"
# Long enough for the name of any kind of provider and its colon.
_PREFIX = 8


def receipts(session: Session, now: datetime) -> dict[str, datetime]:
    """The newest receipt of each provider."""
    rows = session.execute(
        select(col(DeliveryReceipt.provider), func.max(col(DeliveryReceipt.received_at)))
        .where(col(DeliveryReceipt.received_at) >= now - LOOKED_BACK)
        .group_by(col(DeliveryReceipt.provider))
    ).all()
    return {row[0]: row[1] for row in rows}


def messages(session: Session, now: datetime) -> dict[str, datetime]:
    """The newest message of each provider; an SMS says in its id who brought it."""
    inbound = InboundMessage
    brought_by = case(
        (col(inbound.channel) == _SMS, func.substr(col(inbound.external_id), 1, _PREFIX)), else_=""
    )
    rows = session.execute(
        select(
            col(inbound.channel),
            col(inbound.account),
            brought_by,
            func.max(col(inbound.received_at)),
        )
        .where(col(inbound.received_at) >= now - LOOKED_BACK)
        .group_by(col(inbound.channel), col(inbound.account), brought_by)
    ).all()
    found: dict[str, datetime] = {}
    for channel, account, prefix, at in rows:
        kind = prefix.partition(":")[0] if channel == _SMS else channel
        provider = f"{kind}:{account}"
        found[provider] = max(at, found.get(provider, at))
    return found
