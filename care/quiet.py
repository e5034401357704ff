"""The hours in which messages that WE start may go out. Answers and safety texts never ask here."""

from __future__ import annotations

from datetime import datetime, timedelta

from care.hours import Hours
from care.protocol import protocol


def may_start(now: datetime) -> bool:
    """Whether a message that we start may be sent at this moment."""
    return within(protocol().sending, now)


def next_allowed(now: datetime) -> datetime:
    """This moment, or the next one at which a message that we start may be sent."""
    return next_within(protocol().sending, now)


def within(hours: Hours, now: datetime) -> bool:
    """Whether the moment lies in the hours; the end itself does not.

    Raises:
        ValueError: the moment has no zone.
    """
    return hours.start <= _local(hours, now).time() < hours.end


def next_within(hours: Hours, now: datetime) -> datetime:
    """The moment itself when it lies in the hours, otherwise their next start."""
    local = _local(hours, now)
    if hours.start <= local.time() < hours.end:
        return now
    day = local.date() if local.time() < hours.start else local.date() + timedelta(days=1)
    start = datetime.combine(day, hours.start, tzinfo=hours.zone)
    return start.astimezone(now.tzinfo)


def after_minutes_within(hours: Hours, start: datetime, minutes: int) -> datetime:
    """The moment when so many minutes of these hours have passed since the start."""
    left = timedelta(minutes=minutes)
    moment = next_within(hours, start)
    while True:
        closing = _closing(hours, moment)
        if moment + left <= closing:
            return moment + left
        left -= closing - moment
        moment = next_within(hours, closing)


def _closing(hours: Hours, now: datetime) -> datetime:
    day = _local(hours, now).date()
    return datetime.combine(day, hours.end, tzinfo=hours.zone).astimezone(now.tzinfo)


def _local(hours: Hours, now: datetime) -> datetime:
    if now.tzinfo is None:
        message = "a moment without a zone"
        raise ValueError(message)
    return now.astimezone(hours.zone)
