"""A calendar month where the people live."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from records.times import CHINA

_WRITTEN = re.compile(r"(\d{4})-(\d{2})")
_MONTHS = 12


class MonthError(ValueError):
    """Not a month: it is written 2026-11."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A year and a month. Both ends are those of the calendar in China, whatever the server's."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> Month:
        """The month a moment lies in."""
        there = moment.astimezone(CHINA)
        return cls(there.year, there.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read "2026-11".

        Raises:
            MonthError: it is written differently, or no such month exists.
        """
        found = _WRITTEN.fullmatch(text)
        if not found or not date.min.year <= int(found[1]) < date.max.year:
            raise MonthError(text)
        if not 1 <= int(found[2]) <= _MONTHS:
            raise MonthError(text)
        return cls(int(found[1]), int(found[2]))

    @property
    def first_on(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_on(self) -> date:
        return self.following().first_on - timedelta(days=1)

    @property
    def begins_at(self) -> datetime:
        """The first instant of the month."""
        return datetime(self.year, self.month, 1, tzinfo=CHINA)

    @property
    def ends_at(self) -> datetime:
        """The first instant after the month."""
        return self.following().begins_at

    @property
    def year_begins_at(self) -> datetime:
        return datetime(self.year, 1, 1, tzinfo=CHINA)

    @property
    def year_began_on(self) -> date:
        return date(self.year, 1, 1)

    @property
    def number(self) -> int:
        """Months since the year nought: differences of months are differences of these."""
        return self.year * _MONTHS + self.month - 1

    @classmethod
    def on(cls, day: date) -> Month:
        """The month of a calendar day."""
        return cls(day.year, day.month)

    def earlier(self, months: int) -> Month:
        """The month so many months before."""
        number = self.number - months
        return Month(number // _MONTHS, number % _MONTHS + 1)

    def until(self, last: Month) -> list[Month]:
        """All months from this one to the last, both included."""
        return [last.earlier(back) for back in range(last.number - self.number, -1, -1)]

    def following(self) -> Month:
        return Month(self.year + self.month // _MONTHS, self.month % _MONTHS + 1)

    def preceding(self) -> Month:
        return Month(self.year - (self.month == 1), (self.month - 2) % _MONTHS + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
