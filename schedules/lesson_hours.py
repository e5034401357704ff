"""When a phone has its lesson: a weekday and a minute of its own, the same every week. Pure.

Nobody's hour is everybody's: the weekday and the minute follow from the phone's id. What was missed
(a stopped machine, an open alarm) comes at the phone's own minute of a later day of the same week,
so that a machine that comes back does not write to everybody at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256

from care.quiet import may_start
from records.times import CHINA

_HOUR = 60
# How long after its own minute a phone may still have the lesson of the day.
_STANDS = 60
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Timetable:
    """The days (Monday is 0) and hours of lessons, and the least time between two of them."""

    first_hour: int = 9
    last_hour: int = 18
    weekdays: frozenset[int] = EVERY_DAY
    gap: timedelta = timedelta(days=7)


def is_time(
    table: Timetable, phone_id: str, now: datetime, *, hour: int | None, fleeting: bool
) -> bool:
    """Whether a phone may have its lesson at this moment.

    Args:
        table: the installation's days and hours.
        phone_id: whose time it is.
        now: this moment.
        hour: the hour that the holder asked for, if any.
        fleeting: the phone can be written to only for a while (an open window), so that its own
            weekday is not waited for.
    """
    local = now.astimezone(CHINA)
    if not may_start(now) or local.weekday() not in table.weekdays:
        return False
    if not fleeting and local.weekday() < own_weekday(table, phone_id):
        return False
    minute = own_minute(table, phone_id, local.date(), hour)
    passed = local.hour * _HOUR + local.minute - minute
    return 0 <= passed < _STANDS


def own_weekday(table: Timetable, phone_id: str) -> int:
    """The day of the week of a phone."""
    days = sorted(table.weekdays)
    return days[_number(phone_id, "weekday") % len(days)]


def own_minute(table: Timetable, phone_id: str, day: date, hour: int | None) -> int:
    """The minute of the day of a phone: within the hour asked for, if we may write then at all."""
    number = _number(phone_id, "minute")
    if hour is not None and may_start(datetime.combine(day, time(hour), tzinfo=CHINA)):
        return hour * _HOUR + number % (_HOUR // 2)
    span = (table.last_hour - table.first_hour) * _HOUR - _STANDS
    return table.first_hour * _HOUR + number % max(span, 1)


def _number(phone_id: str, what: str) -> int:
    return int.from_bytes(sha256(f"{what}:{phone_id}".encode()).digest()[:8])
