"""Claiming conversations: the unit of order. A worker owns one by lease with a token.

A save commits only while the token is still the worker's own, so a worker that was too slow, or
came back from the dead, writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, col, or_, select, update

from records.db import changed
from records.identity import new_id
from records.tables import ContactPoint, InboundMessage

WAITING, DONE, HANDED_OVER = "waiting", "done", "handed_over"

# These run in every turn: building them anew each time would cost more than running them.
_UNANSWERED = (
    select(InboundMessage)
    .where(InboundMessage.contact_point_id == bindparam("contact"))
    .where(InboundMessage.state == WAITING)
    .order_by(col(InboundMessage.received_at), col(InboundMessage.id))
)
_FREE = or_(
    col(ContactPoint.claimed_until).is_(None), col(ContactPoint.claimed_until) < bindparam("now")
)
_CLAIM = (
    update(ContactPoint)
    .where(
        col(ContactPoint.id)
        == select(ContactPoint.id)
        .where(col(ContactPoint.wake_at) <= bindparam("now"))
        .where(_FREE)
        .order_by(col(ContactPoint.wake_at))
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    .where(_FREE)
    .values(claim_token=bindparam("token"), claimed_until=bindparam("until"))
    .returning(col(ContactPoint.id), col(ContactPoint.failed_turns))
    .execution_options(synchronize_session=False)
)
_STILL_OWN = (
    update(ContactPoint)
    .where(col(ContactPoint.id) == bindparam("contact"))
    .where(col(ContactPoint.claim_token) == bindparam("token"))
    .values(claim_token=bindparam("token"))
    .execution_options(synchronize_session=False)
)
_SETTLE = (
    update(InboundMessage)
    .where(col(InboundMessage.id).in_(bindparam("messages", expanding=True)))
    .where(col(InboundMessage.state) == WAITING)
    .values(state=bindparam("to"), turn_id=bindparam("turn"))
    .execution_options(synchronize_session=False)
)
_RELEASE = (
    update(ContactPoint)
    .where(col(ContactPoint.id) == bindparam("contact"))
    .where(col(ContactPoint.claim_token) == bindparam("token"))
    .values(
        claim_token=None,
        claimed_until=None,
        failed_turns=0,
        wake_at=bindparam("wake"),
        waiting_since=bindparam("since"),
    )
    .execution_options(synchronize_session=False)
)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to take a turn in one conversation until the lease ends."""

    contact_point_id: str
    token: str
    failed_turns: int


def claim(session: Session, now: datetime, lease: timedelta) -> Claim | None:
    """Take the conversation that has been due longest; None when nothing is due."""
    token = new_id()
    values = {"now": now, "token": token, "until": now + lease}
    taken = session.execute(_CLAIM, values).first()
    return Claim(taken[0], token, taken[1]) if taken else None


def still_own(session: Session, held: Claim) -> bool:
    """Lock the conversation for the save; False when the claim was lost meanwhile."""
    return changed(session, _STILL_OWN, contact=held.contact_point_id, token=held.token) == 1


def waiting(session: Session, contact_point_id: str) -> list[InboundMessage]:
    """The messages nobody answered yet, in the order they came."""
    return list(session.exec(_UNANSWERED, params={"contact": contact_point_id}).all())


def settle(session: Session, message_ids: list[str], turn_id: str | None, state: str = DONE) -> int:
    """Mark messages as answered by a turn (or handed over). Returns how many moved."""
    return changed(session, _SETTLE, messages=message_ids, to=state, turn=turn_id)


def release(session: Session, held: Claim, now: datetime) -> None:
    """End a turn that succeeded. What came in meanwhile is due at once."""
    more = waiting(session, held.contact_point_id)
    changed(
        session,
        _RELEASE,
        contact=held.contact_point_id,
        token=held.token,
        wake=now if more else None,
        since=more[0].received_at if more else None,
    )


def put_off(session: Session, held: Claim, until: datetime) -> None:
    """End a turn that was not taken, because something it needs is still on its way."""
    session.execute(
        update(ContactPoint)
        .where(col(ContactPoint.id) == held.contact_point_id)
        .where(col(ContactPoint.claim_token) == held.token)
        .values(claim_token=None, claimed_until=None, wake_at=until)
        .execution_options(synchronize_session=False)
    )


def release_failed(session: Session, held: Claim, retry_at: datetime) -> None:
    """End a turn that failed: count it and come back later."""
    session.execute(
        update(ContactPoint)
        .where(col(ContactPoint.id) == held.contact_point_id)
        .where(col(ContactPoint.claim_token) == held.token)
        .values(
            claim_token=None,
            claimed_until=None,
            failed_turns=held.failed_turns + 1,
            wake_at=retry_at,
        )
        .execution_options(synchronize_session=False)
    )
