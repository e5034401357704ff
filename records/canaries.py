"""The canary of each provider and day: claimed once among all machines, judged when its receipt is due."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select, update

from records.db import changed
from records.insertion import insert_once
from records.people import china_date
from records.tables import Canary, DeliveryReceipt

# A canary that could not even be tried. It is tried again the same day, once somebody saw to it.
CANNOT = "cannot"
GOOD, WAITING, BAD = "good", "waiting", "bad"
NO_RECEIPT = "no_receipt"
RECEIPT_WITHIN = timedelta(minutes=30)
_CALL_WITHIN = timedelta(minutes=5)
_AGAIN_AFTER = timedelta(minutes=30)
_YES = ("accepted", "delivered")
# Accepted is the last word of these: they tell nobody whether it arrived.
_WITHOUT_RECEIPT = frozenset({"wechat", "console", "wecom", "notice"})


def claim(session: Session, provider: str, now: datetime) -> Canary | None:
    """Become the one who sends today's. None when it was sent, or somebody sends it now."""
    today = china_date(now)
    row = Canary(provider=provider, day=today, sent_at=now)
    if insert_once(session, row):
        return session.get_one(Canary, row.id)
    statement = (
        update(Canary)
        .where(col(Canary.provider) == provider)
        .where(col(Canary.day) == today)
        .where(col(Canary.result) == CANNOT)
        .where(col(Canary.sent_at) <= now - _AGAIN_AFTER)
        .values(sent_at=now, result=None, code=None)
        .execution_options(synchronize_session=False)
    )
    return _of(session, provider, today) if changed(session, statement) == 1 else None


def again(canary: Canary, now: datetime) -> bool:
    """Whether one that could not be tried may be tried once more."""
    return canary.result == CANNOT and canary.sent_at <= now - _AGAIN_AFTER


def note(
    session: Session, canary_id: str, *, result: str, code: str | None, provider_id: str | None
) -> None:
    """Write down what came back from the send."""
    session.execute(
        update(Canary)
        .where(col(Canary.id) == canary_id)
        .values(result=result, code=code, provider_id=provider_id)
        .execution_options(synchronize_session=False)
    )


def take_receipts(session: Session, now: datetime) -> int:
    """Write down the receipts of the canaries that waited for one."""
    found = receipts(session, now)
    for row, receipt in found:
        row.arrived_at = (receipt.happened_at or receipt.received_at) if receipt.delivered else None
        row.result = "delivered" if receipt.delivered else "never"
        row.code = receipt.code or row.code
        session.add(row)
    return len(found)


def receipts(session: Session, now: datetime) -> list[tuple[Canary, DeliveryReceipt]]:
    """What came in for canaries that wait; good news first."""
    pairs = ((row, _receipt(session, row)) for row in _awaiting(session, now))
    return [(row, receipt) for row, receipt in pairs if receipt is not None]


def verdict(canary: Canary, now: datetime) -> str:
    """Good, bad, still waiting, or impossible to try."""
    age = now - canary.sent_at
    if canary.result == CANNOT:
        return CANNOT
    if canary.arrived_at is not None or canary.result == "delivered":
        return GOOD
    if canary.result is None:
        return WAITING if age < _CALL_WITHIN else BAD
    if not receipted(canary.provider):
        return GOOD if canary.result in _YES else BAD
    if canary.result in (*_YES, "unknown"):
        return WAITING if age < RECEIPT_WITHIN else BAD
    return BAD


def why(canary: Canary) -> str:
    """The code to look up: what the provider said, or that its receipt never came."""
    if canary.result in _YES and canary.arrived_at is None:
        return NO_RECEIPT
    return canary.code or canary.result or "unknown"


def receipted(provider: str) -> bool:
    """Whether this kind of provider says later what arrived."""
    return provider.partition(":")[0] not in _WITHOUT_RECEIPT


def of_today(session: Session, now: datetime) -> list[Canary]:
    """The canaries of today."""
    return list(
        session.exec(
            select(Canary).where(Canary.day == china_date(now)).order_by(col(Canary.provider))
        ).all()
    )


def _awaiting(session: Session, now: datetime) -> list[Canary]:
    """Those that may still hear: of today, and of last evening."""
    rows = session.exec(
        select(Canary)
        .where(col(Canary.day) >= china_date(now - timedelta(days=1)))
        .where(col(Canary.arrived_at).is_(None))
        .where(col(Canary.result).in_((*_YES, "unknown")))
        .execution_options(populate_existing=True)
    ).all()
    return [row for row in rows if receipted(row.provider)]


def _receipt(session: Session, row: Canary) -> DeliveryReceipt | None:
    """By the provider's id, or by our own where the provider has none (a gateway echoes it)."""
    names = [name for name in (row.provider_id, row.id) if name]
    return session.exec(
        select(DeliveryReceipt)
        .where(DeliveryReceipt.provider == row.provider)
        .where(col(DeliveryReceipt.provider_id).in_(names))
        .order_by(col(DeliveryReceipt.delivered).desc(), col(DeliveryReceipt.received_at))
    ).first()


def _of(session: Session, provider: str, day: date) -> Canary | None:
    return session.exec(
        select(Canary)
        .where(Canary.provider == provider)
        .where(Canary.day == day)
        .execution_options(populate_existing=True)
    ).first()
