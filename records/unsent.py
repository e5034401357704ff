"""What waits to be sent, since when and why; and what was never sent at all. Counts, no names.

Held on purpose (night, a doctor's talk, the fuse, a time that has not come) is not late. Everything
else that is queued should have gone: it counts from the moment it could have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, literal, select, union_all
from sqlmodel import Session, and_, col, func

from records.outbound import (
    CHANNEL_CLOSED,
    EXPIRED,
    NEVER,
    QUEUED,
    SENDING,
    STARTED_BY_US,
    UNKNOWN,
)
from records.tables import OutboundMessage

# Reasons to wait that nobody need look at; a stop has an alarm of its own.
ON_PURPOSE = frozenset(
    {"quiet_hours", "daily_fuse", "doctor_talks", "all_stopped", "awaits_window"}
)
# What we start goes out one by one after a pause; an answer that is paced waits against our will.
PACED, IN_LINE = "paced", "in_line"
# It is late all the same when its words soon expire.
_SOON = timedelta(hours=1)
_NOT_SAID = (NEVER, EXPIRED, CHANNEL_CLOSED)
PLANNED = "planned"
_LAPSED = "lapsed"
# No message waits longer between two tries.
_LONGEST_WAIT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Heap:
    """Messages of one purpose that wait for one reason. `late_since`: since when they should be gone."""

    purpose: str
    reason: str
    count: int
    late_since: datetime | None


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Messages that were never said, by how they ended and why."""

    purpose: str
    state: str
    reason: str
    count: int


def heaps(session: Session, now: datetime, peace_ended_at: datetime) -> tuple[Heap, ...]:
    """Everything that waits, what is late longest first.

    `peace_ended_at`: the last end of the quiet hours. What we start could not have gone before.
    """
    message = OutboundMessage
    due = case((col(message.next_attempt_at) <= now, 1), else_=0)
    in_line = and_(col(message.reason).in_((PACED, IN_LINE)), col(message.expires_at) > now + _SOON)
    calm = case((in_line, 1), else_=0)
    queued = (
        select(
            col(message.purpose).label("purpose"),
            func.coalesce(col(message.reason), "").label("reason"),
            due.label("due"),
            calm.label("calm"),
            func.count().label("count"),
            func.min(col(message.created_at)).label("created"),
            func.min(col(message.next_attempt_at)).label("since"),
        )
        .where(col(message.state) == QUEUED)
        .group_by(col(message.purpose), col(message.reason), due, calm)
    )
    lapsed = (
        select(
            col(message.purpose),
            literal(_LAPSED),
            literal(1),
            literal(0),
            func.count(),
            func.min(col(message.created_at)),
            func.min(col(message.claimed_until)),
        )
        .where(col(message.state) == SENDING)
        .where(col(message.claimed_until) < now)
        .group_by(col(message.purpose))
    )
    rows = session.execute(union_all(queued, lapsed)).all()
    found = (_heap(*row, peace_ended_at=peace_ended_at) for row in rows)
    return tuple(sorted(found, key=lambda one: (one.late_since or now, one.purpose, one.reason)))


def _heap(
    purpose: str,
    reason: str,
    due: int,
    calm: int,
    count: int,
    created: datetime,
    since: datetime,
    *,
    peace_ended_at: datetime,
) -> Heap:
    held = reason in ON_PURPOSE or (calm == 1 and purpose in STARTED_BY_US)
    if due and (held or reason in ("", _LAPSED)):
        return Heap(purpose, reason, count, since)
    if held:
        return Heap(purpose, reason, count, None)
    if not reason:
        return Heap(purpose, PLANNED, count, None)
    # It was tried or put off against our will: it waits since it was made, nights not counted.
    late = max(created, peace_ended_at) if purpose in STARTED_BY_US else created
    return Heap(purpose, reason, count, late)


def late_by_purpose(found: Iterable[Heap]) -> Mapping[str, datetime]:
    """Since when the oldest of each purpose should have been sent."""
    late: dict[str, datetime] = {}
    for heap in found:
        if heap.late_since is not None:
            late[heap.purpose] = min(heap.late_since, late.get(heap.purpose, heap.late_since))
    return late


def unsaid(session: Session, since: datetime) -> tuple[Unsaid, ...]:
    """What ended without being said since a moment, the most frequent first."""
    message = OutboundMessage
    rows = session.execute(
        select(
            col(message.purpose),
            col(message.state),
            func.coalesce(col(message.reason), ""),
            func.count(),
        )
        .where(col(message.state).in_(_NOT_SAID))
        .where(_settled_since(since))
        .group_by(col(message.purpose), col(message.state), col(message.reason))
    ).all()
    found = (Unsaid(*row) for row in rows)
    return tuple(sorted(found, key=lambda one: (-one.count, one.purpose, one.state, one.reason)))


def count_unknown(session: Session, since: datetime) -> int:
    """How many messages may or may not have arrived, and nobody has found out yet."""
    statement = (
        select(func.count())
        .select_from(OutboundMessage)
        .where(col(OutboundMessage.state) == UNKNOWN)
        .where(_settled_since(since))
    )
    return int(session.execute(statement).scalar_one())


def unknown_since(session: Session, since: datetime, limit: int) -> Sequence[OutboundMessage]:
    """The newest messages that may or may not have arrived."""
    return (
        session.execute(
            select(OutboundMessage)
            .where(col(OutboundMessage.state) == UNKNOWN)
            .where(_settled_since(since))
            .order_by(col(OutboundMessage.settled_at).desc(), col(OutboundMessage.id))
            .limit(limit)
        )
        .scalars()
        .all()
    )


def _settled_since(since: datetime) -> ColumnElement[bool]:
    """The second half says nothing new; it is what the index over states and due times can use."""
    message = OutboundMessage
    return and_(
        col(message.settled_at) >= since, col(message.next_attempt_at) >= since - _LONGEST_WAIT
    )
