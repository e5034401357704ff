"""Looks at the ways out: what lies unsent, what may be lost, money, templates; tells who runs them.

An alarm is raised when something is wrong and settled when it is not; each rings once a day at most,
and what comes at the same time rings together.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

import structlog
from sqlmodel import Session, col, select

from agent.loading import Tools
from channels.limits import peace_ended_at
from records import alarms, channel_board, halting, outbound, running, unsent
from records.db import Database
from records.outbound import Draft
from records.people import china_date
from records.tables import OperatorAlarm, Practitioner, ProviderState, TemplateApproval
from records.times import CHINA
from records.vault import Vault
from texts.catalogue import CatalogError, fit, render

log = structlog.get_logger(__name__)

_FILE = Path(__file__).with_name("watching.toml")
_NOTICE_LIVES = timedelta(hours=12)
# Whom an alarm rings: who runs the installation, and without one the county.
_RUNG = ("operator", "county_duty")
_ALL, _TODAY = "all", "today"
# What this module raises and settles; the others are settled by whoever raises them.
_OURS = (alarms.OLDEST_UNSENT, alarms.UNKNOWN_SENDS, alarms.LOW_BALANCE, alarms.TEMPLATE)
_REFUSED = ("rejected", "paused")
# Nothing was heard of it since: the provider is used no more.
_FORGOTTEN = timedelta(days=7)
_BY_THE_WEEK = (alarms.BREAKER, alarms.TROUBLE)
_OF_A_PROVIDER = (
    alarms.TROUBLE,
    alarms.BREAKER,
    alarms.LOW_BALANCE,
    alarms.CANARY,
    alarms.TEMPLATE,
)
# One alarm a day for all of them together: each names a conversation.
_TOGETHER = (alarms.FUSE,)
# What counts a day ends with it.
_BY_THE_DAY = (alarms.FUSE, alarms.DOCTOR_SMS, alarms.UNPLACED)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What stands in `watching.toml`."""

    oldest: Mapping[str, timedelta]
    unknown_today: int
    stopped: timedelta
    low_balance: Mapping[str, float]
    balance_every: timedelta
    templates_every: timedelta
    canary_from: time
    canary_until: time
    by_day: frozenset[str]
    day_from: time
    day_until: time

    def is_day(self, now: datetime) -> bool:
        """Whether what can wait may ring."""
        return self.day_from <= now.astimezone(CHINA).time() < self.day_until

    def is_canary_time(self, now: datetime) -> bool:
        return self.canary_from <= now.astimezone(CHINA).time() < self.canary_until


@lru_cache(maxsize=1)
def bounds() -> Bounds:
    """The bounds in use, read once per process."""
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    money, canary, ringing = data["low_balance"], data["canary"], data["ringing"]
    return Bounds(
        oldest={name: timedelta(minutes=n) for name, n in data["oldest_unsent"].items()},
        unknown_today=data["unknown_sends"]["today"],
        stopped=timedelta(minutes=data["stopped"]["minutes"]),
        low_balance={unit: float(n) for unit, n in money.items() if unit != "every_minutes"},
        balance_every=timedelta(minutes=money["every_minutes"]),
        templates_every=timedelta(minutes=data["templates"]["every_minutes"]),
        canary_from=time.fromisoformat(canary["from"]),
        canary_until=time.fromisoformat(canary["until"]),
        by_day=frozenset(ringing["by_day"]),
        day_from=time.fromisoformat(ringing["from"]),
        day_until=time.fromisoformat(ringing["until"]),
    )


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Something that is wrong now."""

    kind: str
    subject: str
    detail: dict[str, str | float]


def watch(database: Database, tools: Tools, now: datetime) -> int:
    """Raise, settle and ring. Returns how many alarms were opened or closed, or rung."""
    with database.reading() as session:
        wrong = {(one.kind, one.subject): one for one in _wrong(session, now)}
        known = {(one.kind, one.subject) for one in alarms.open_alarms(session)}
        ended = {key for key in known if key[0] in _OURS} - wrong.keys()
        new = [one for key, one in wrong.items() if key not in known]
        may_be_over = any(kind in (*_BY_THE_DAY, *_BY_THE_WEEK) for kind, _ in known)
    done = 0
    if new or ended or may_be_over:
        with database.transaction() as session:
            for one in new:
                done += alarms.raise_for_operator(session, one.kind, one.subject, now, **one.detail)
                log.error("alarm.opened", kind=one.kind, subject=one.subject)
            done += sum(alarms.settle_alarm(session, *key, now) for key in ended)
            done += _end(session, now)
    return done + ring(database, tools.vault, now)


def _end(session: Session, now: datetime) -> int:
    """Some last for a day; what a provider that is used no more once did is over in a week."""
    lasts = dict.fromkeys(_BY_THE_DAY, channel_board.day_began(now))
    lasts |= dict.fromkeys(_BY_THE_WEEK, now - _FORGOTTEN)
    return sum(alarms.settle_quiet(session, kind, since, now) for kind, since in lasts.items())


def ring(database: Database, vault: Vault, now: datetime) -> int:
    """Tell whoever runs the installation about alarms that nobody has taken. Once a day each."""
    with database.reading() as session:
        if not _untold(session, now):
            return 0
    with database.transaction() as session:
        rung = _rung(session)
        found = [one for one in _untold(session, now) if _claim(session, one, now)]
        if found and not rung:
            log.error("alarm.nobody_to_tell", count=len(found))
        for practitioner_id in rung if found else ():
            _tell(session, vault, practitioner_id, found, now)
        return len(found)


def _wrong(session: Session, now: datetime) -> Iterator[_Wrong]:
    limits, halt = bounds(), halting.halted(session)
    late = unsent.late_by_purpose(unsent.heaps(session, now, peace_ended_at(now)))
    for purpose, since in late.items():
        if halt is None and now - since > limits.oldest.get(purpose, timedelta(hours=1)):
            minutes = int((now - since).total_seconds() // 60)
            yield _Wrong(alarms.OLDEST_UNSENT, purpose, {"minutes": minutes})
    unknown = unsent.count_unknown(session, channel_board.day_began(now))
    if unknown >= limits.unknown_today:
        yield _Wrong(alarms.UNKNOWN_SENDS, _TODAY, {"count": unknown})
    asked = select(ProviderState).where(col(ProviderState.balance_at) > now - _FORGOTTEN)
    for state in session.exec(asked).all():
        least = limits.low_balance.get(state.balance_unit or "")
        if state.balance is not None and least is not None and state.balance < least:
            yield _Wrong(alarms.LOW_BALANCE, state.provider, {"balance": state.balance})
    refused = (
        select(TemplateApproval)
        .where(col(TemplateApproval.state).in_(_REFUSED))
        .where(col(TemplateApproval.checked_at) > now - _FORGOTTEN)
    )
    for one in session.exec(refused).all():
        subject = f"{one.provider}/{one.name}"
        yield _Wrong(alarms.TEMPLATE, subject, {"state": one.state, "reason": one.reason})


def _untold(session: Session, now: datetime) -> list[OperatorAlarm]:
    """Open alarms that nobody has taken and that were not told today; one of those told together."""
    limits = bounds()
    found: dict[str, OperatorAlarm] = {}
    for one in alarms.open_alarms(session):
        waits = one.kind in limits.by_day and not limits.is_day(now)
        young = one.kind == alarms.STOPPED and now - one.opened_at < limits.stopped
        if one.acknowledged_at is None and not waits and not young:
            found.setdefault(_told_as(one), one)
    return [
        one
        for name, one in found.items()
        if running.marked(session, name) != china_date(now).isoformat()
    ]


def _told_as(alarm: OperatorAlarm) -> str:
    subject = _ALL if alarm.kind in _TOGETHER else alarm.subject
    return f"told:{alarm.kind}:{subject}"


def _claim(session: Session, alarm: OperatorAlarm, now: datetime) -> bool:
    return running.take_turn(session, _told_as(alarm), china_date(now).isoformat(), now)


def _rung(session: Session) -> Sequence[str]:
    for role in _RUNG:
        found = session.exec(
            select(Practitioner.id)
            .where(Practitioner.role == role)
            .where(col(Practitioner.disabled_at).is_(None))
            .order_by(col(Practitioner.id))
        ).all()
        if found:
            return found
    return ()


def _tell(
    session: Session,
    vault: Vault,
    practitioner_id: str,
    found: Sequence[OperatorAlarm],
    now: datetime,
) -> None:
    draft = Draft(
        purpose=outbound.NOTICE,
        text_key="notice.channels",
        body=render(
            "notice.channels", count=fit("count", str(len(found))), what=fit("what", _what(found))
        ),
        send_key=f"alarm:{found[0].id}:{practitioner_id}:{now.isoformat()}",
        practitioner_id=practitioner_id,
        expires_at=now + _NOTICE_LIVES,
    )
    outbound.queue(session, vault, draft, now)


def _what(found: Sequence[OperatorAlarm]) -> str:
    """The first one in full, the others by their kind."""
    first = found[0]
    named = _label("alarm", first.kind)
    if first.kind in _OF_A_PROVIDER:
        named += f"（{_label('provider', first.subject.partition(':')[0])}）"
    others = dict.fromkeys(_label("alarm", one.kind) for one in found[1:])
    return "、".join([named, *others])


def _label(group: str, code: str) -> str:
    try:
        return render(f"{group}.{code}")
    except CatalogError:
        return code
