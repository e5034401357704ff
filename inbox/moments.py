"""Times as a doctor says them: 刚刚, 4 分钟前, 今天 09:12, 还有 6 分钟转乡镇."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from records.people import age_on, china_date
from records.times import CHINA

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_EXACT_HOURS = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WEEKDAYS = "一二三四五六日"


def clock(moment: datetime, now: datetime) -> str:
    """The wall clock where the people live, with as much of the date as is needed."""
    there, today = moment.astimezone(CHINA), now.astimezone(CHINA)
    time = f"{there:%H:%M}"
    days = (today.date() - there.date()).days
    near = {0: "今天", 1: "昨天", 2: "前天", -1: "明天", -2: "后天"}
    if days in near:
        return f"{near[days]} {time}"
    if there.year == today.year:
        return f"{there.month}月{there.day}日 {time}"
    return f"{there.year}年{there.month}月{there.day}日 {time}"


def full(moment: datetime) -> str:
    """The whole date and time, for titles and for the table of readings."""
    there = moment.astimezone(CHINA)
    weekday = _WEEKDAYS[there.weekday()]
    return f"{there.year}年{there.month}月{there.day}日 星期{weekday} {there:%H:%M}"


def day(when: date) -> str:
    return f"{when.year}年{when.month}月{when.day}日"


def hour(moment: datetime) -> str:
    """The time of day alone: under a heading that names the day."""
    return f"{moment.astimezone(CHINA):%H:%M}"


def heading(moment: datetime, now: datetime) -> str:
    """The day as a heading between messages: 今天, 昨天, 11月20日 星期五."""
    there = moment.astimezone(CHINA)
    near = clock(moment, now).partition(" ")[0]
    if not near[0].isdigit():
        return near
    return f"{near} 星期{_WEEKDAYS[there.weekday()]}"


def stamp(moment: datetime) -> int:
    """Microseconds since 1970: a moment that fits into an address."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def short(when: date, now: datetime) -> str:
    """A day without its year, unless it is another year."""
    this = now.astimezone(CHINA).year
    return f"{when.month}月{when.day}日" if when.year == this else day(when)


def lasting(length: timedelta) -> str:
    """A length of time in its largest unit: 4 分钟, 2 小时, 3 天."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < _HOUR:
        return f"{max(1, seconds // _MINUTE)} 分钟"
    if seconds < _DAY:
        hours, minutes = seconds // _HOUR, seconds % _HOUR // _MINUTE
        exact = minutes and hours <= _EXACT_HOURS
        return f"{hours} 小时 {minutes} 分" if exact else f"{hours} 小时"
    return f"{seconds // _DAY} 天"


def ago(moment: datetime, now: datetime) -> str:
    length = now - moment
    return "刚刚" if length < timedelta(minutes=1) else f"{lasting(length)}前"


def minutes_left(moment: datetime, now: datetime) -> int:
    """Whole minutes until then, rounded up; zero or less when it has passed."""
    return -int((now - moment).total_seconds() // _MINUTE)


def age(born_on: date | None, now: datetime) -> int | None:
    """Completed years where the person lives; None when the birthday is unknown."""
    return age_on(born_on, china_date(now))
