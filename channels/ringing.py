"""How a practitioner is rung: the ways in their order, and the one to try now.

WeCom where a member is bound, a webhook of one's own, a number of one's own by SMS, then the
operator's common bell. When a way fails the next one is tried at once: a doctor may be rung twice,
never zero times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from care.level import Level
from channels.limits import Limits
from channels.notice import NoticeChannel
from channels.parcel import TEMPLATE, TEXT, Bell, Routes, template_for
from channels.port import Channel, Result, Ring
from channels.sms.line import CHANNEL as SMS
from channels.wecom.account import CHANNEL as WECOM
from records import alarms, bells, identities, practitioners, providers, throttle
from records.duty import today
from records.outbound import CHANNEL_CLOSED, NEVER
from records.tables import DeliveryAttempt, Escalation, OutboundMessage, Practitioner
from records.vault import Vault

# A webhook of one's own goes over the same channel as the common bell.
OWN = "own"
OVER_CAP = "doctor_sms_cap"
_DEAD = (Result.NEVER, Result.CHANNEL_CLOSED)
_DAY = timedelta(days=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """One bell to be rung now, and how the notice reaches it."""

    channel: Channel
    address: str
    way: str = TEXT
    name: str = ""
    ring: Ring | None = None
    bell: Bell = field(default_factory=Bell)

    @property
    def key(self) -> tuple[str, str]:
        """Which bell it is, as its attempts are written down."""
        return f"{self.channel.name}:{self.way}", self.channel.provider


@dataclass(frozen=True, slots=True)
class NotRung:
    """Nothing rings now. A `state` settles the notice; without one it waits."""

    reason: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class _Tried:
    """What became of the bells of one notice so far: how often each, and which are of no use."""

    times: Counter[tuple[str, str]]
    dead: frozenset[tuple[str, str]]


def bell_for(
    session: Session,
    vault: Vault,
    routes: Routes,
    message: OutboundMessage,
    limits: Limits,
    now: datetime,
) -> Call | NotRung:
    """The bell to ring for this notice: the first that was tried least and may still work."""
    practitioner = session.get_one(Practitioner, message.practitioner_id)
    if practitioner.disabled_at is not None:
        return NotRung("practitioner_disabled", NEVER)
    found = tuple(_Ways(session, vault, routes, message, practitioner).all())
    if not found:
        return NotRung("no_route")
    tried = _tried(session, message)
    alive = [one for one in found if one.key not in tried.dead]
    shut = _shut(session, alive, now)
    # Sorting keeps the order of the ways among equals.
    alive.sort(key=lambda one: (tried.times[one.key], one.channel.provider in shut))
    refused = NotRung("no_bell_left", CHANNEL_CLOSED)
    for one in alive:
        if one.channel.name == SMS and not _may_text(session, vault, message, one, limits, now):
            refused = NotRung(OVER_CAP, NEVER)
            continue
        before = tried.times[one.key]
        others = [other for other in alive if other.key != one.key]
        fresh = any(tried.times[other.key] <= before for other in others)
        return replace(one, bell=Bell(before + 1, fresh=fresh, again=bool(others)))
    return refused


@dataclass(frozen=True, slots=True)
class _Ways:
    """Every way to one practitioner for one notice."""

    session: Session
    vault: Vault
    routes: Routes
    message: OutboundMessage
    who: Practitioner

    def all(self) -> Iterator[Call]:
        """The best first."""
        name = practitioners.name_of(self.vault, self.who.id, self.who.name_sealed)
        ring = Ring(token=bells.token_of(self.vault, self.message.id))
        own = [] if bells.silenced(self.session, self.who.id) else list(self._own())
        for one in own:
            yield replace(one, name=name, ring=one.ring or ring)
        common = self.routes.notices
        if common is None:
            return
        # Without an address the common bell is a line in the log: no bell, where there is another.
        if not own or not isinstance(common, NoticeChannel) or common.rings:
            yield Call(common, self.who.id, name=name, ring=ring)

    def _own(self) -> Iterator[Call]:
        member = identities.name_at(self.session, self.vault, self.who.id, identities.WECOM)
        if member is not None:
            yield from (Call(one, member) for one in self.routes.every() if one.name == WECOM)
        webhook = bells.bell_of(self.session, self.vault, self.who.id)
        if webhook is not None and self.routes.notices is not None:
            token = bells.token_of(self.vault, self.message.id)
            ring = Ring(token, webhook.url, webhook.secret)
            yield Call(self.routes.notices, self.who.id, OWN, ring=ring)
        number = bells.number_of(self.session, self.vault, self.who.id)
        if number is not None:
            yield from self._by_sms(number)

    def _by_sms(self, number: str) -> Iterator[Call]:
        for channel in self.routes.every():
            if channel.name == SMS and channel.free_text:
                yield Call(channel, number)
            elif channel.name == SMS and template_for(self.message, channel):
                yield Call(channel, number, TEMPLATE)


def _tried(session: Session, message: OutboundMessage) -> _Tried:
    rows = session.exec(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.outbound_message_id == message.id)
        .order_by(col(DeliveryAttempt.number))
    ).all()
    keys = [(one.route, one.provider or "") for one in rows]
    dead = {key for key, one in zip(keys, rows, strict=True) if one.result in _DEAD}
    return _Tried(Counter(keys), frozenset(dead))


def _shut(session: Session, found: list[Call], now: datetime) -> set[str]:
    """Providers that are down: tried after the others, but tried when there is nothing else."""
    known = providers.states(session, {one.channel.provider for one in found})
    return {name for name, state in known.items() if providers.shut_until(state, now)}


def _may_text(
    session: Session,
    vault: Vault,
    message: OutboundMessage,
    call: Call,
    limits: Limits,
    now: datetime,
) -> bool:
    """Count an SMS to this phone; False over the day's cap, unless it is an emergency."""
    phone = bells.number_index(vault, call.address)
    key = f"doctor_sms:{phone}:{today(now).isoformat()}"
    sent = throttle.count(session, key, _DAY, now)
    if sent <= limits.doctor_sms_cap:
        return True
    log.warning("ringing.sms_cap", practitioner_id=message.practitioner_id, today=sent)
    login = session.get_one(Practitioner, message.practitioner_id).login
    alarms.raise_for_operator(session, alarms.DOCTOR_SMS, login, now, today=sent)
    return _is_emergency(session, message)


def _is_emergency(session: Session, message: OutboundMessage) -> bool:
    case = session.get(Escalation, message.escalation_id) if message.escalation_id else None
    return case is not None and case.level == Level.EMERGENCY
