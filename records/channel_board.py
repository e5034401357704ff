"""How the ways out are: what each provider took and refused, its canary, its templates, its money.

Counts, codes and ids; nobody's name and no number. One way in a few queries over the index of its
own attempts, so that the page stays cheap on a year of rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TypeVar

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from records import alarms, halting, last_heard, sent, unsent
from records.people import china_date
from records.reader import Reader
from records.tables import (
    Canary,
    DeliveryAttempt,
    OperatorAlarm,
    ProviderState,
    TemplateApproval,
)
from records.times import CHINA

T = TypeVar("T", Canary, TemplateApproval)

HOUR = timedelta(hours=1)
CANARY_DAYS = 7
UNKNOWN_DAYS = 3
_SAMPLE = 50
_MOST_UNKNOWN = 30
UNDER_WAY = "under_way"
# What a provider said yes to, then or later.
TAKEN = ("accepted", "delivered")

# Normal, slow, cut off, being tried again, switched off, or waiting for a person.
FINE, SLOW, CUT, PROBING, OFF, TROUBLE, UNUSED = (
    "fine", "slow", "cut", "probing", "off", "trouble", "unused",
)  # fmt: skip
_SLOW_SECONDS = 5.0
_SLOW_SHARE = 0.2
_ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Coded:
    """One answer of a provider today: how often, and when last."""

    result: str
    code: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """Tries of one stretch of time by result. `segments`: the SMS they were billed as."""

    by_result: Mapping[str, int] = field(default_factory=dict)
    segments: int = 0

    @property
    def tries(self) -> int:
        return sum(self.by_result.values())

    @property
    def taken(self) -> int:
        return sum(self.by_result.get(result, 0) for result in TAKEN)


@dataclass(frozen=True, slots=True)
class Way:
    """One account at one provider."""

    provider: str
    set_up: bool
    state: ProviderState | None
    today: Tally
    hour: Tally
    codes: tuple[Coded, ...]
    seconds: float | None
    canaries: tuple[Canary, ...]
    approvals: tuple[TemplateApproval, ...]
    now: datetime
    last_receipt_at: datetime | None = None
    last_inbound_at: datetime | None = None

    @property
    def kind(self) -> str:
        return self.provider.partition(":")[0]

    @property
    def canary(self) -> Canary | None:
        """The one of today."""
        today = china_date(self.now)
        return next((one for one in self.canaries if one.day == today), None)

    @property
    def condition(self) -> str:
        """The state in one word; what needs a person comes first."""
        row = self.state
        if not self.set_up:
            return OFF
        if row is not None and row.trouble:
            return TROUBLE
        if row is not None and row.opened_at is not None:
            shut = row.open_until is not None and row.open_until > self.now
            return CUT if shut else PROBING
        if self._limps():
            return SLOW
        used = self.today.tries or (row is not None and row.last_accepted_at is not None)
        return FINE if used else UNUSED

    def _limps(self) -> bool:
        if self.hour.tries < _ENOUGH:
            return False
        badly = self.hour.by_result.get("retry", 0) + self.hour.by_result.get("unknown", 0)
        late = self.seconds is not None and self.seconds > _SLOW_SECONDS
        return late or badly > self.hour.tries * _SLOW_SHARE


@dataclass(frozen=True, slots=True)
class Unsure:
    """A message that may or may not have arrived. `visible`: the reader may see the person."""

    id: str
    purpose: str
    reason: str
    at: datetime
    visible: bool


@dataclass(frozen=True, slots=True)
class Board:
    """Everything the operator's page draws."""

    ways: tuple[Way, ...]
    waiting: tuple[unsent.Heap, ...]
    unsaid: tuple[unsent.Unsaid, ...]
    unsure: tuple[Unsure, ...]
    unknown: int
    alarms: tuple[OperatorAlarm, ...]
    stopped: halting.Halt | None

    @property
    def late_since(self) -> datetime | None:
        """Since when the oldest message that should have gone waits."""
        return min(unsent.late_by_purpose(self.waiting).values(), default=None)


@dataclass(frozen=True, slots=True)
class Pulse:
    """Four numbers for a monitor."""

    oldest_unsent_seconds: int
    unknown_today: int
    open_alarms: int
    stopped: bool


def day_began(now: datetime) -> datetime:
    """Midnight where the people live."""
    return datetime.combine(china_date(now), time.min, CHINA)


def board(
    session: Session,
    reader: Reader,
    set_up: Sequence[str],
    now: datetime,
    peace_ended_at: datetime,
) -> Board | None:
    """The whole board. None for whoever has nothing to do with channels."""
    if not reader.sees_channels:
        return None
    since = now - timedelta(days=UNKNOWN_DAYS)
    return Board(
        ways=ways(session, set_up, now),
        waiting=unsent.heaps(session, now, peace_ended_at),
        unsaid=unsent.unsaid(session, day_began(now)),
        unsure=_unsure(session, reader, since),
        unknown=unsent.count_unknown(session, since),
        alarms=tuple(alarms.open_alarms(session)),
        stopped=halting.halted(session),
    )


def ways(session: Session, set_up: Sequence[str], now: datetime) -> tuple[Way, ...]:
    """Every provider that is set up, in the order given, then those of former days."""
    states = {row.provider: row for row in session.execute(select(ProviderState)).scalars()}
    since = china_date(now) - timedelta(days=CANARY_DAYS - 1)
    canaries = _by_provider(
        session.execute(
            select(Canary).where(col(Canary.day) >= since).order_by(col(Canary.day).desc())
        ).scalars()
    )
    approvals = _by_provider(
        session.execute(select(TemplateApproval).order_by(col(TemplateApproval.name))).scalars()
    )
    receipts, messages = last_heard.receipts(session, now), last_heard.messages(session, now)
    former = sorted((states.keys() | canaries.keys()) - set(set_up))
    return tuple(
        _way(
            session,
            provider,
            set_up=provider in set_up,
            state=states.get(provider),
            canaries=canaries.get(provider, ()),
            approvals=approvals.get(provider, ()),
            heard=(receipts.get(provider), messages.get(provider)),
            now=now,
        )
        for provider in [*set_up, *former]
    )


def pulse(session: Session, now: datetime, peace_ended_at: datetime) -> Pulse:
    """What `/health` tells."""
    stopped = halting.halted(session) is not None
    late = unsent.late_by_purpose(unsent.heaps(session, now, peace_ended_at))
    oldest = min(late.values(), default=now)
    return Pulse(
        # What a person has stopped is not late.
        oldest_unsent_seconds=0 if stopped else max(0, int((now - oldest).total_seconds())),
        unknown_today=unsent.count_unknown(session, day_began(now)),
        open_alarms=alarms.count_open(session),
        stopped=stopped,
    )


def _by_provider(rows: Iterable[T]) -> dict[str, tuple[T, ...]]:
    found: dict[str, list[T]] = {}
    for row in rows:
        found.setdefault(row.provider, []).append(row)
    return {provider: tuple(ours) for provider, ours in found.items()}


def _way(
    session: Session,
    provider: str,
    *,
    set_up: bool,
    state: ProviderState | None,
    canaries: tuple[Canary, ...],
    approvals: tuple[TemplateApproval, ...],
    heard: tuple[datetime | None, datetime | None],
    now: datetime,
) -> Way:
    receipt, message = heard
    codes, today, hour = _tallies(session, provider, now)
    return Way(
        provider=provider,
        set_up=set_up,
        state=state,
        today=today,
        hour=hour,
        codes=codes,
        seconds=_seconds(session, provider, now) if hour.tries else None,
        canaries=canaries,
        approvals=approvals,
        now=now,
        last_receipt_at=receipt or (state.last_receipt_at if state else None),
        last_inbound_at=message or (state.last_inbound_at if state else None),
    )


def _tallies(
    session: Session, provider: str, now: datetime
) -> tuple[tuple[Coded, ...], Tally, Tally]:
    """What came back today and within the last hour; a try without an answer is under way."""
    attempt, midnight, hour_ago = DeliveryAttempt, day_began(now), now - HOUR
    began, segments = col(attempt.began_at), func.coalesce(col(attempt.segments), 0)
    today, lately = began >= midnight, began >= hour_ago
    rows = session.execute(
        select(
            func.coalesce(col(attempt.result), UNDER_WAY),
            func.coalesce(col(attempt.code), ""),
            func.sum(case((today, 1), else_=0)),
            func.sum(case((lately, 1), else_=0)),
            func.sum(case((today, segments), else_=0)),
            func.sum(case((lately, segments), else_=0)),
            func.max(began),
        )
        .where(col(attempt.provider) == provider)
        .where(began >= min(midnight, hour_ago))
        .group_by(col(attempt.result), col(attempt.code))
    ).all()
    counts = (Counter[str](), Counter[str]())
    parts = [0, 0]
    codes = []
    for result, code, of_day, of_hour, parts_of_day, parts_of_hour, last in rows:
        counts[0][result] += of_day
        counts[1][result] += of_hour
        parts[0] += parts_of_day
        parts[1] += parts_of_hour
        if code and result not in (*TAKEN, UNDER_WAY) and of_day:
            codes.append(Coded(result, code, of_day, last))
    codes.sort(key=lambda one: (-one.count, one.code))
    day_tally, hour_tally = (
        Tally({result: count for result, count in counted.items() if count}, billed)
        for counted, billed in zip(counts, parts, strict=True)
    )
    return tuple(codes), day_tally, hour_tally


def _seconds(session: Session, provider: str, now: datetime) -> float | None:
    """How long the provider took to answer lately, on average."""
    rows = session.execute(
        select(col(DeliveryAttempt.began_at), col(DeliveryAttempt.ended_at))
        .where(col(DeliveryAttempt.provider) == provider)
        .where(col(DeliveryAttempt.began_at) >= now - HOUR)
        .order_by(col(DeliveryAttempt.began_at).desc())
        .limit(_SAMPLE)
    ).all()
    took = [(ended - began).total_seconds() for began, ended in rows if ended is not None]
    return sum(took) / len(took) if took else None


def _unsure(session: Session, reader: Reader, since: datetime) -> tuple[Unsure, ...]:
    """The newest ones; whoever may not see the person is shown an id that opens nothing."""
    found = unsent.unknown_since(session, since, _MOST_UNKNOWN)
    seen = sent.visible(session, reader, found)
    return tuple(
        Unsure(row.id, row.purpose, row.reason or "", row.settled_at or since, row.id in seen)
        for row in found
    )
