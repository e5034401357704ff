"""When a value was taken, and the time that makes once it is known when the message came.

A time is never in the future, and words that leave several open mean the latest that has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from language.lexicon import table

_DAY_HOURS = 24
_HALF_DAY = 12
_WEEK = 7
# Until then people still call the day before today.
_NIGHT_ENDS = 5
_NOON_BEGINS = 11
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Moment:
    """What was said of the time; None where nothing was. `minutes_ago` 0 is now.

    `days_ago` counts calendar days; `part` is a key of data/moments.toml.
    """

    days_ago: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    part: str | None = None
    hour: int | None = None
    minute: int = 0
    minutes_ago: int | None = None

    @property
    def dated(self) -> bool:
        return not self.days_ago is self.day is self.weekday is None


def instant_of(moment: Moment, received: datetime) -> datetime:
    """The time of a moment. `received` is in the zone of the people and is the latest answer."""
    if moment.minutes_ago is not None:
        return received - timedelta(minutes=moment.minutes_ago)
    day = _day(moment, received.date())
    if day is None:
        return received
    if moment.part is None and moment.hour is None:
        return _some_time(received, day)
    at = _at(moment, received, day)
    if at <= received:
        return at
    if moment.dated and not _may_be_the_night_before(moment, received):
        return received
    # 晚上十二点零一分, heard at midnight: it may be the night before the last.
    before = at - timedelta(days=1)
    return before if before <= received else before - timedelta(days=1)


def _some_time(received: datetime, day: date) -> datetime:
    """Only the day was said: the same hour of it."""
    return received - timedelta(days=(received.date() - day).days)


def _may_be_the_night_before(moment: Moment, received: datetime) -> bool:
    """Soon after midnight 今晚 and 今天 are still the day that just ended."""
    return moment.days_ago == 0 and received.hour < _NIGHT_ENDS


def _day(moment: Moment, today: date) -> date | None:
    if moment.days_ago is not None:
        return today - timedelta(days=moment.days_ago)
    if moment.weekday is not None:
        return today - timedelta(days=(today.isoweekday() - moment.weekday) % _WEEK)
    if moment.day is not None:
        return _date(moment.month, moment.day, today)
    return today


def _date(month: int | None, day: int, today: date) -> date | None:
    """The latest such date: 31号 on the second of January is of the year before."""
    if month is not None:
        found = (_valid(today.year - back, month, day) for back in (0, 1))
        return next((one for one in found if one is not None and one <= today), None)
    for back in range(_MONTHS):
        months = today.year * _MONTHS + today.month - 1 - back
        one = _valid(months // _MONTHS, months % _MONTHS + 1, day)
        if one is not None and one <= today:
            return one
    return None


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _at(moment: Moment, received: datetime, day: date) -> datetime:
    midnight = datetime.combine(day, datetime.min.time(), tzinfo=received.tzinfo)
    if moment.hour is None:
        return _about(moment, received, midnight)
    minutes = timedelta(hours=_hour(moment), minutes=moment.minute)
    at = midnight + minutes
    later = at + timedelta(hours=_HALF_DAY)
    open_either_way = moment.part is None and 0 < moment.hour < _HALF_DAY
    return later if open_either_way and day == received.date() and later <= received else at


def _about(moment: Moment, received: datetime, midnight: datetime) -> datetime:
    """The usual hour of a part of the day, or the hour of the message where that lies within it."""
    begin, usual, end = table("moments")["parts"][moment.part]["hours"]
    if moment.part == "night" and moment.days_ago:
        return midnight + timedelta(hours=_DAY_HOURS - 1)
    hours = (received - midnight).total_seconds() / 3600
    return received if begin <= hours < end and hours < usual else midnight + timedelta(hours=usual)


def _hour(moment: Moment) -> int:
    """晚上8点 is 20, 昨晚两点 is 2 of the next day, 中午1点 is 13."""
    hour = moment.hour or 0
    entry = table("moments")["parts"].get(moment.part or "", {"hours": [0, 0, 0]})
    late = entry.get("late", False)
    if moment.part == "night" and not moment.days_ago:
        return hour % _HALF_DAY if hour <= _NIGHT_ENDS or hour == _HALF_DAY else _evening(hour)
    if late and (hour == _HALF_DAY or hour < _NIGHT_ENDS):
        return hour % _HALF_DAY + _DAY_HOURS
    if entry["hours"][0] >= _NOON_BEGINS and hour < min(_HALF_DAY, _NOON_BEGINS):
        return hour + _HALF_DAY
    if late:
        return _evening(hour)
    return 0 if moment.part == "dawn" and hour == _HALF_DAY else hour


def _evening(hour: int) -> int:
    return hour + _HALF_DAY if hour < _HALF_DAY else hour
