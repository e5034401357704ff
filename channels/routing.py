"""The way a message goes, found anew each time it is sent.

Recipients in order (who is meant, the person's other addresses, family who may know) and for each of
them the ways in order (free words while the window is open, a registered template, one provider of a
line after the other). What is shut, broken or was refused before is passed over. When nothing is
left it goes to nobody, and a doctor is asked to phone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from sqlmodel import Session

from channels import templates
from channels.limits import Limits, spread
from channels.parcel import PICTURE, TEMPLATE, TEXT, Routes, templates_for
from channels.port import (
    Channel,
    Licensed,
    Paced,
    PacedByHardware,
    PictureSender,
    Result,
)
from channels.recipient import Refusal, elsewhere
from records import outbound, providers, windows
from records.outbound import (
    AWAITS_WINDOW,
    CHANNEL_CLOSED,
    DOCTOR,
    NEVER,
    SAFETY,
    STARTED_BY_US,
)
from records.providers import Turn
from records.tables import ContactPoint, OutboundMessage, ProviderState

# Why a row waits.
NO_ROUTE, PROVIDER_SHUT, PACED = "no_route", providers.SHUT, "paced"
# What we start and no moment is booked for yet.
IN_LINE = "in_line"
# Words that wait until the person opens the chat; what announced them went before.
WORDS = {"awaits": "window"}
# Nothing is said for this sentence where only templates travel, and that is meant so.
SILENT = "silent_here"
WINDOW_CLOSED = "window_closed"
# A picture that there was no room for.
LEFT_OUT = "picture_left_out"

# Whose words do not wait for a provider that is down if there is another way to the person.
_URGENT = (SAFETY, DOCTOR)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to one address. `state` is what was known of the provider when it was chosen."""

    contact: ContactPoint
    channel: Channel
    kind: str
    template: str | None = None
    state: ProviderState | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Which way it is, as its attempts are written down."""
        return self.channel.provider, self.contact.id, self.kind


@dataclass(frozen=True, slots=True)
class Wait:
    """No way now, but later."""

    reason: str
    until: datetime


_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Tried:
    """What became of the earlier tries of a message, by way.

    `closed`: no use any more; `refused`: the last of them for good. `refused_us`: when our own account
    was refused. `times`: how often.
    """

    closed: frozenset[_Key] = frozenset()
    refused_us: Mapping[_Key, datetime] = field(default_factory=dict)
    times: Mapping[_Key, int] = field(default_factory=dict)
    refused: bool = False


@dataclass(frozen=True)
class Routing:
    """Finds the way of one message, beginning with the address that is meant."""

    session: Session
    routes: Routes
    limits: Limits
    message: OutboundMessage
    now: datetime

    def way(self, first: ContactPoint, refusal: Refusal | None = None) -> Way | Wait | Refusal:
        """The way to go now, until when to wait, or why nothing is left.

        `refusal`: why nothing may go to the first address, though it may to another.
        """
        if self.message.template == WORDS:
            return self._when_open(first)
        waiting: list[Wait] = []
        shut: list[Way] = []
        for ways in self._choices(first, meant=refusal is None):
            found = ways if isinstance(ways, Wait) else self._healthy(ways)
            if isinstance(found, Way) or (found is not None and found.reason in (PACED, IN_LINE)):
                return found
            if found is None:
                continue
            waiting.append(found)
            shut += [] if isinstance(ways, Wait) else ways
            if self.message.purpose not in _URGENT and found.reason != NO_ROUTE:
                break
        if shut and self.message.purpose == SAFETY and self.message.attempts == 1:
            # Nobody knows better whether it works again; a life is worth one call.
            return self._known(shut[:1])[0]
        if waiting:
            return min(waiting, key=lambda one: one.until)
        return refusal or self._nothing_left(first)

    def _choices(self, first: ContactPoint, *, meant: bool) -> Iterator[list[Way] | Wait]:
        """The ways to one recipient after the other; for a safety text said before, all at once."""
        every: list[Way] = []
        for contact in self._recipients(first, meant=meant):
            if not self.routes.to(contact):
                yield Wait(NO_ROUTE, self.now + self.limits.operator_pause)
                continue
            every += self._ways(contact)
            if not self._said_before:
                yield every
                every = []
        yield sorted(every, key=self._times)

    def _recipients(self, first: ContactPoint, *, meant: bool) -> Iterator[ContactPoint]:
        if meant:
            yield first
        if self.message.picture_sealed is None:
            yield from elsewhere(self.session, self.message, first)

    def _ways(self, contact: ContactPoint) -> list[Way]:
        """What is open to an address and was not found shut before, the least tried first."""
        open_ways = [way for way in self._of(contact) if way.key not in self._tried.closed]
        return sorted(open_ways, key=self._times) if self._tried.times else open_ways

    def _of(self, contact: ContactPoint) -> Iterator[Way]:
        message = self.message
        for channel in self.routes.to(contact):
            free = channel.free_text and (not channel.windowed or self._room(contact))
            if message.picture_sealed is not None:
                if free and isinstance(channel, PictureSender):
                    yield Way(contact, channel, PICTURE)
                continue
            text = Way(contact, channel, TEXT)
            if free and text.key not in self._tried.closed:
                yield text
                continue
            known = templates_for(message, channel)
            name = next((one for one in known if self._licensed(contact, channel, one)), None)
            if name is not None:
                yield Way(contact, channel, TEMPLATE, name)

    def _room(self, contact: ContactPoint) -> bool:
        """Whether the window is open for this purpose: some sends are kept for what matters more."""
        left = windows.room(contact, self.now).left
        if self.message.picture_sealed is not None:
            return left > self.limits.reserved_by_picture
        return left > self.limits.reserved.get(self.message.purpose, 0)

    def _licensed(self, contact: ContactPoint, channel: Channel, name: str) -> bool:
        if not isinstance(channel, Licensed):
            return True
        return channel.may_template(self.session, contact.id, name)

    def _healthy(self, ways: list[Way]) -> Way | Wait | None:
        """The first way whose provider is well and has room now, else a moment at one, else a wait.

        One that may be tried again comes last.
        """
        ways = self._known(ways)
        waiting: list[datetime] = []
        paced: list[tuple[datetime, Way]] = []
        for way in sorted(ways, key=_in_trouble):
            until = self._shut_until(way)
            if until is not None:
                waiting.append(until)
                continue
            at = self._moment(way, book=False)
            if at <= self.now:
                return way
            paced.append((at, way))
        if paced:
            return self._booked(paced)
        reason = self.message.reason if self._tried.refused_us else PROVIDER_SHUT
        return Wait(reason or PROVIDER_SHUT, min(waiting)) if waiting else None

    def _known(self, ways: list[Way]) -> list[Way]:
        known = providers.states(self.session, {way.channel.provider for way in ways})
        return [replace(way, state=known.get(way.channel.provider)) for way in ways]

    def _shut_until(self, way: Way) -> datetime | None:
        refused_at = self._tried.refused_us.get(way.key)
        if refused_at is not None and refused_at + self.limits.operator_pause > self.now:
            return refused_at + self.limits.operator_pause
        if way.state is None or way.state.opened_at is None:
            return None
        until = providers.shut_until(way.state, self.now)
        if until is None:
            provider, lasts = way.channel.provider, self.limits.lease
            if providers.begin_probe(self.session, provider, self.now, lasts):
                return None
            until = self.now
        elif way.state.open_until is not None and way.state.open_until > self.now:
            rest = way.state.open_until - self.now
            return way.state.open_until + rest * spread(self.message.id)
        return min(until, self.now) + self.limits.recheck * (1 + spread(self.message.id))

    def _booked(self, paced: list[tuple[datetime, Way]]) -> Way | Wait:
        """A moment at the provider that has the first one; what has come for its moment goes."""
        way = min(paced, key=lambda one: one[0])[1]
        if self._turn(way) in (Turn.BOOKED, Turn.PAID):
            # Which one it was booked at is not known: the fastest one bears it best.
            way = max((one for _, one in paced), key=lambda one: self._pace(one.channel) or 0.0)
        at = self._moment(way, book=True)
        if at <= self.now:
            return way
        ahead = self._ahead
        if ahead is not None and at > self.now + ahead:
            return Wait(IN_LINE, self.limits.again(self.message, self.now))
        return Wait(PACED, at)

    def _moment(self, way: Way, *, book: bool) -> datetime:
        """The provider's pace: a token now, or a moment that is booked or only told."""
        pace = self._pace(way.channel)
        if pace is None:
            return self.now
        return providers.take(
            self.session,
            way.channel.provider,
            pace,
            self._turn(way),
            self.now,
            known=way.state,
            book=book,
            ahead=self._ahead,
        )

    def _turn(self, way: Way) -> Turn:
        message = self.message
        probing = way.state is not None and way.state.opened_at is not None
        if probing or message.purpose in _URGENT:
            return Turn.AT_ONCE
        if message.reason == PACED:
            in_time = self.now - message.next_attempt_at <= self.limits.booking_holds
            if message.purpose in STARTED_BY_US:
                return Turn.BOOKED if in_time else Turn.LATE
            return Turn.PAID if in_time else Turn.ANSWER
        return Turn.OURS if message.purpose in STARTED_BY_US else Turn.ANSWER

    @property
    def _ahead(self) -> timedelta | None:
        return self.limits.booked_ahead.get(self.message.purpose)

    def _pace(self, channel: Channel) -> float | None:
        if not isinstance(channel, Paced):
            return None
        pace = self.limits.sends_per_second or channel.sends_per_second
        return min(pace, channel.at_most) if isinstance(channel, PacedByHardware) else pace

    def _when_open(self, contact: ContactPoint) -> Way | Wait | Refusal:
        """Words that somebody has been told of go when the chat is opened, and no other way.

        The address is locked, as by whoever opens the chat: either this sees it open, or they see
        that the words wait.
        """
        self.session.refresh(contact, with_for_update=True)
        window = [way for way in self._of(contact) if way.kind == TEXT and way.channel.windowed]
        return self._healthy(window) or Wait(
            AWAITS_WINDOW, self.limits.again(self.message, self.now)
        )

    def _nothing_left(self, first: ContactPoint) -> Refusal:
        message = self.message
        if message.picture_sealed is not None:
            return Refusal(CHANNEL_CLOSED, LEFT_OUT)
        if self._tried.closed:
            state = NEVER if self._tried.refused else CHANNEL_CLOSED
            return Refusal(state, message.reason or WINDOW_CLOSED)
        templates_only = not any(channel.free_text for channel in self.routes.to(first))
        if templates_only and templates.registry().is_silent(message.text_key):
            return Refusal(NEVER, SILENT)
        return Refusal(CHANNEL_CLOSED, WINDOW_CLOSED)

    @property
    def _said_before(self) -> bool:
        return self.message.purpose == SAFETY and bool(self._tried.times)

    def _times(self, way: Way) -> int:
        return self._tried.times.get(way.key, 0)

    @cached_property
    def _tried(self) -> _Tried:
        """Asked only of a message that was tried before."""
        if self.message.attempts <= 1:
            return _Tried()
        closed, refused_us, times, refused = set(), {}, Counter[_Key](), False
        for attempt in outbound.attempts_of(self.session, self.message):
            kind = attempt.route.rpartition(":")[2]
            key = (attempt.provider or "", attempt.contact_point_id or "", kind)
            times[key] += 1
            if attempt.result == Result.CHANNEL_CLOSED:
                if self.message.template != WORDS:
                    # Words that wait for a window believe the ledger, where that no shut it: what
                    # is open by now was opened since.
                    closed.add(key)
            elif attempt.result == Result.NEVER:
                closed.add(key)
            elif attempt.result == Result.OPERATOR and attempt.ended_at is not None:
                refused_us[key] = attempt.ended_at
            refused = attempt.result == Result.NEVER
        return _Tried(frozenset(closed), refused_us, times, refused)


def _in_trouble(way: Way) -> bool:
    return way.state is not None and way.state.trouble is not None
