"""The one column type for instants. SQLite forgets the zone, so naive values are refused here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, Dialect, TypeDecorator
from sqlmodel import Field

CHINA = ZoneInfo("Asia/Shanghai")

# A phone without signal, a modem switched off over a holiday: later than that nothing comes. Into
# the future a clock is wrong by its zone at most.
LATEST, AHEAD = timedelta(days=31), timedelta(days=1)


def credible(told: datetime, now: datetime) -> datetime:
    """The time somebody else told, or now where it cannot be: no such time is worth a message."""
    return told if -LATEST <= told - now <= AHEAD else now


class NaiveTimeError(ValueError):
    """A time without a zone reached the database."""


class Instant(TypeDecorator[datetime]):
    """An aware datetime, stored as UTC and returned as aware UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "A time without a zone cannot be stored; pass an aware datetime."
            raise NaiveTimeError(msg)
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def instant(*, index: bool = False) -> Any:
    """A required instant column."""
    return Field(sa_type=Instant, index=index)


def optional_instant(*, index: bool = False) -> Any:
    """An instant column that may be empty."""
    return Field(default=None, sa_type=Instant, nullable=True, index=index)
