"""How often and when we may speak: tries, pauses, quiet hours and the daily fuse. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from hashlib import sha256

from records.outbound import EDUCATION, REMINDER, SAFETY
from records.providers import Breaker
from records.tables import OutboundMessage
from records.times import CHINA


@dataclass(frozen=True, slots=True)
class Limits:
    """The operator's limits. Quiet hours and the fuse bind only messages that we start.

    `reserved` keeps sends of a window for more important words. `fuse` is a safety catch against
    ourselves: so many messages that we start per patient and day, then no more. `sends_per_second`
    goes before what each provider's module says. `recheck`: how soon to look whether the one who
    tries a provider again got through. `look_again`: how soon to look whether what a row waits for
    (a window, the end of a stop, room in the line) is there, should nobody tell; up to twice that.
    `longest_safety_wait`: no safety text waits longer than that for anything; one that was not said
    within `safety_unsaid` is said by telephone, too. `booked_ahead`: what we start gets a moment of a
    provider no further ahead than that, a lesson less far than a reminder; a moment that passed
    longer than `booking_holds` ago is void.
    `doctor_sms_cap`: notices by SMS to one doctor's phone and day; emergencies go all the same.
    """

    retries: int = 3
    unknown_safety_tries: int = 3
    first_pause: timedelta = timedelta(seconds=5)
    longest_pause: timedelta = timedelta(minutes=5)
    operator_pause: timedelta = timedelta(minutes=5)
    quiet_from: time = time(20, 0)
    quiet_until: time = time(8, 0)
    fuse: int = 4
    doctor_sms_cap: int = 20
    reserved: Mapping[str, int] = field(default_factory=lambda: {REMINDER: 1, EDUCATION: 2})
    reserved_by_picture: int = 1
    sends_per_second: float | None = None
    breaker: Breaker = field(default_factory=Breaker)
    recheck: timedelta = timedelta(seconds=5)
    look_again: timedelta = timedelta(minutes=4)
    longest_safety_wait: timedelta = timedelta(minutes=1)
    safety_unsaid: timedelta = timedelta(minutes=5)
    booked_ahead: Mapping[str, timedelta] = field(
        default_factory=lambda: {
            REMINDER: timedelta(minutes=10),
            EDUCATION: timedelta(minutes=8),
        }
    )
    booking_holds: timedelta = timedelta(seconds=2)
    lease: timedelta = timedelta(seconds=60)
    call_seconds: float = 25.0
    lanes: int = 4

    def pause(self, key: str, tries: int) -> timedelta:
        """How long to wait after so many failed tries: three times longer each, 70–130 % of it."""
        full = min(self.first_pause * 3.0 ** min(tries - 1, 10), self.longest_pause)
        return full * (0.7 + 0.6 * spread(f"{key}:{tries}"))

    def again(self, message: OutboundMessage, now: datetime) -> datetime:
        """When to look again at a row that waits for something, each at its own moment."""
        if message.purpose == SAFETY:
            return now + self.longest_safety_wait
        return now + self.look_again * (1 + spread(message.id))

    def is_quiet(self, now: datetime) -> bool:
        """Whether people are left in peace now."""
        clock = now.astimezone(CHINA).time()
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= clock < self.quiet_until
        return clock >= self.quiet_from or clock < self.quiet_until

    def quiet_ends(self, now: datetime) -> datetime:
        """The next end of the quiet hours, here or tomorrow."""
        local = now.astimezone(CHINA)
        end = datetime.combine(local.date(), self.quiet_until, CHINA)
        return end if end > local else end + timedelta(days=1)


def spread(key: str) -> float:
    """A number from 0 to 1 that is always the same for a key: nobody comes back together."""
    return sha256(key.encode()).digest()[0] / 255


def peace_ended_at(now: datetime) -> datetime:
    """The last end of the quiet hours: what we start could not have gone before."""
    return Limits().quiet_ends(now) - timedelta(days=1)


def day_began(now: datetime) -> datetime:
    """Midnight where the people live."""
    return datetime.combine(now.astimezone(CHINA).date(), time.min, CHINA)
