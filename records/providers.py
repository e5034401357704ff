"""Each provider's state in one row that every process shares: its pace, its breaker, its trouble.

Whoever sends takes a token first. The row is compared and swapped: two processes that take at the
same moment cannot take the same token. The row of a provider is written last in its transaction, and
only one of them in each, so nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select, update

from records.db import changed
from records.insertion import insert_once
from records.outbound import DOCTOR, QUEUED, REPLY, SAFETY
from records.tables import OutboundMessage, ProviderState

# Built once: building the statement costs more than running it. There is a handful of rows.
_ALL = select(ProviderState).execution_options(populate_existing=True)
# What we start gets this share of a provider's pace: the rest is for answers.
OUR_SHARE = 0.5
_SWAPS = 50
_A_SECOND = timedelta(seconds=1)
# Why a row waits while a provider is left alone, and whose rows go at once when it is well again.
SHUT = "provider_shut"
_GO_AT_ONCE = (SAFETY, DOCTOR, REPLY)
# How exact `last_accepted_at` is: a write for every message would cost as much as the message.
_NOTED_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Breaker:
    """After how many failures in a row a provider is left alone, and for how long at first."""

    failures: int = 5
    pause: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=10)

    def rest(self, failures: int) -> timedelta:
        """Twice as long after each probe that failed."""
        again = min(max(failures - self.failures, 0), 10)
        return min(self.pause * float(2**again), self.longest)


def states(session: Session, providers: Collection[str]) -> dict[str, ProviderState]:
    """What is known of these providers; one that never failed nor paced may have no row."""
    return {row.provider: row for row in session.exec(_ALL).all() if row.provider in providers}


def shut_until(state: ProviderState | None, now: datetime) -> datetime | None:
    """Until when nothing goes over it: its breaker is open, or somebody tries it this moment."""
    if state is None or state.opened_at is None:
        return None
    later = [at for at in (state.open_until, state.probe_until) if at is not None and at > now]
    return max(later, default=None)


def begin_probe(session: Session, provider: str, now: datetime, lasts: timedelta) -> bool:
    """Become the one who tries a provider again. False when somebody was faster."""
    statement = (
        update(ProviderState)
        .where(col(ProviderState.provider) == provider)
        .where(col(ProviderState.opened_at).is_not(None))
        .where(_passed(ProviderState.open_until, now))
        .where(_passed(ProviderState.probe_until, now))
        .values(probe_until=now + lasts)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


class Turn(StrEnum):
    """How a message stands in line: at once and on credit, as an answer, or as what we start.

    `BOOKED`: it waited for its moment, and this is the moment; an answer has `PAID` for it before.
    `LATE`: its moment passed while nobody sent; it takes a token that is there, or stands in line anew.
    """

    AT_ONCE = "at_once"
    BOOKED = "booked"
    PAID = "paid"
    LATE = "late"
    ANSWER = "answer"
    OURS = "ours"


def take(
    session: Session,
    provider: str,
    per_second: float,
    turn: Turn,
    now: datetime,
    known: ProviderState | None = None,
    *,
    book: bool = True,
    ahead: timedelta | None = None,
) -> datetime:
    """Take a token. Returns when the message may go: now, or the moment that is booked for it.

    Whatever goes at once leaves a debt that others wait for. What we start gets one moment after the
    other at its share of the pace: a second's worth goes now, what has piled up is spread out.
    `known`: the row as it was read a moment ago. Without `book` a later moment is only told. What we
    start is booked no further `ahead` than that: a later moment is told, and it is nobody's.
    """

    def taken(state: ProviderState) -> tuple[dict[str, object] | None, datetime]:
        left = _filled(state, per_second, now) - 1.0
        paid: dict[str, object] = {"tokens": left, "refilled_at": now}
        there = left >= 0
        if turn in (Turn.BOOKED, Turn.PAID):
            if not (there or book):
                return None, now + _A_SECOND
            return paid if turn is Turn.BOOKED else None, now
        if turn is Turn.AT_ONCE or (there and turn is not Turn.OURS):
            return paid, now
        if turn is Turn.ANSWER:
            return paid if book else None, now + timedelta(seconds=-left / per_second)
        free = max(state.bulk_until or now, now)
        if turn is Turn.LATE:
            free = max(free, now + timedelta(seconds=-left / per_second))
        following = free + timedelta(seconds=1 / (per_second * OUR_SHARE))
        if free <= now + _A_SECOND:
            return {**paid, "bulk_until": following}, now
        far = ahead is not None and free > now + ahead
        return None if far or not book else {"bulk_until": following}, free

    return _swap(session, provider, taken, now, known)


def note_answer(
    session: Session,
    state: ProviderState | None,
    provider: str,
    now: datetime,
    *,
    accepted: bool = True,
) -> bool:
    """The provider answered, and took the message if `accepted`. True when that ended something.

    Answers and what is dangerous that waited for it go at once.

    `state` is the row as it was before the call: while nothing is wrong there is little to write.
    """
    if state is None:
        if accepted:
            insert_once(session, ProviderState(provider=provider, last_accepted_at=now))
        return False
    mended = state.opened_at is not None or (accepted and state.trouble is not None)
    last = state.last_accepted_at
    stale = accepted and (last is None or now - last >= _NOTED_EVERY)
    if not (mended or state.failures or stale):
        return False
    if state.opened_at is not None:
        _release(session, now)
    values: dict[str, object] = {
        "failures": 0,
        "opened_at": None,
        "open_until": None,
        "probe_until": None,
    }
    if accepted:
        values |= {"trouble": None, "trouble_since": None, "last_accepted_at": now}
    session.execute(
        update(ProviderState)
        .where(col(ProviderState.provider) == provider)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return mended


def _release(session: Session, now: datetime) -> None:
    """Rows that a lane holds this moment are passed over: they look again soon."""
    waiting = (
        select(OutboundMessage.id)
        .where(OutboundMessage.state == QUEUED)
        .where(OutboundMessage.reason == SHUT)
        .where(col(OutboundMessage.purpose).in_(_GO_AT_ONCE))
        .where(col(OutboundMessage.next_attempt_at) > now)
        .with_for_update(skip_locked=True)
    )
    session.execute(
        update(OutboundMessage)
        .where(col(OutboundMessage.id).in_(waiting))
        .values(next_attempt_at=now)
        .execution_options(synchronize_session=False)
    )


def note_failure(
    session: Session, provider: str, code: str, breaker: Breaker, now: datetime
) -> bool:
    """A send came to nothing, or nobody knows. True when the breaker opens, or opens again."""
    insert_once(session, ProviderState(provider=provider))
    row = session.execute(
        update(ProviderState)
        .where(col(ProviderState.provider) == provider)
        .values(failures=col(ProviderState.failures) + 1, last_code=code, last_code_at=now)
        .returning(ProviderState)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar_one()
    if row.failures < breaker.failures or (row.open_until is not None and row.open_until > now):
        # Calls that were under way when it opened do not make its rest longer.
        return False
    session.execute(
        update(ProviderState)
        .where(col(ProviderState.provider) == provider)
        .values(
            opened_at=row.opened_at or now,
            open_until=now + breaker.rest(row.failures),
            probe_until=None,
        )
        .execution_options(synchronize_session=False)
    )
    return True


def note_trouble(session: Session, provider: str, reason: str, now: datetime) -> None:
    """Our own account is refused, since the first time and until a send is taken."""
    insert_once(session, ProviderState(provider=provider))
    session.execute(
        update(ProviderState)
        .where(col(ProviderState.provider) == provider)
        .where(or_(col(ProviderState.trouble).is_(None), col(ProviderState.trouble) != reason))
        .values(trouble=reason, trouble_since=now)
        .execution_options(synchronize_session=False)
    )


def note_code(session: Session, provider: str, code: str, now: datetime) -> None:
    """The last code that was not yes, for whoever looks."""
    insert_once(session, ProviderState(provider=provider))
    session.execute(
        update(ProviderState)
        .where(col(ProviderState.provider) == provider)
        .values(last_code=code, last_code_at=now)
        .execution_options(synchronize_session=False)
    )


def note_inbound(session: Session, provider: str, now: datetime) -> None:
    """Something came in over a provider."""
    insert_once(session, ProviderState(provider=provider))
    session.execute(
        update(ProviderState)
        .where(col(ProviderState.provider) == provider)
        .where(_passed(ProviderState.last_inbound_at, now - _NOTED_EVERY))
        .values(last_inbound_at=now)
        .execution_options(synchronize_session=False)
    )


def _filled(state: ProviderState, per_second: float, now: datetime) -> float:
    """The tokens there are now: a second's worth at most, and one at least in a full bucket."""
    most = max(1.0, per_second)
    if state.refilled_at is None:
        return most
    passed = max(0.0, (now - state.refilled_at).total_seconds())
    return min(most, state.tokens + passed * per_second)


def _swap(
    session: Session,
    provider: str,
    wanted: Callable[[ProviderState], tuple[dict[str, object] | None, datetime]],
    now: datetime,
    known: ProviderState | None,
) -> datetime:
    """Write what `wanted` makes of the row, unless it changed meanwhile: then look again."""
    query = (
        select(ProviderState)
        .where(ProviderState.provider == provider)
        .execution_options(populate_existing=True)
    )
    for number in range(_SWAPS):
        state = known if known is not None and number == 0 else session.exec(query).first()
        if state is None:
            insert_once(session, ProviderState(provider=provider))
            continue
        values, at = wanted(state)
        if values is None:
            return at
        same = (
            update(ProviderState)
            .where(col(ProviderState.provider) == provider)
            .where(col(ProviderState.tokens) == state.tokens)
            .where(col(ProviderState.refilled_at).is_not_distinct_from(state.refilled_at))
            .where(col(ProviderState.bulk_until).is_not_distinct_from(state.bulk_until))
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        if changed(session, same) == 1:
            return at
    return now + timedelta(seconds=1)


def _passed(column: datetime | None, now: datetime) -> ColumnElement[bool]:
    return or_(col(column).is_(None), col(column) <= now)
