"""Access tokens: the stable kind, the old kind, and how long each is believed."""

import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from simulator.clock import PEOPLES_ZONE
from simulator.errors import ApiError

LIFETIME = timedelta(seconds=7200)
OVERLAP = timedelta(minutes=5)
FORCED_APART = timedelta(seconds=30)
FORCED_PER_DAY = 20
PLAIN_PER_DAY = 2000


@dataclass(slots=True)
class _Token:
    value: str
    expires_at: datetime


class TokenDesk:
    """Issues and checks tokens. `stable` and `plain` tokens do not disturb each other."""

    def __init__(self) -> None:
        self._issued: dict[str, _Token] = {}
        self._replaced: set[str] = set()
        self._stable: _Token | None = None
        self._plain: _Token | None = None
        self._forced_at: datetime | None = None
        self._calls: Counter[tuple[str, date]] = Counter()

    def stable(self, now: datetime, *, force: bool = False) -> tuple[str, int]:
        """Return the token and the seconds it is good for.

        Without force the same token comes back until five minutes before its end. A forced
        refresh within 30 s of the last one changes nothing; more than 20 a day are refused.
        """
        current = self._stable
        if force and current and not self._forced_lately(now):
            self._count("forced", now, FORCED_PER_DAY)
            self._forced_at = now
            current = None
        if current is None or current.expires_at - now <= OVERLAP:
            self._retire(self._stable, now)
            current = self._stable = self._issue(now)
        return current.value, int((current.expires_at - now).total_seconds())

    def plain(self, now: datetime) -> tuple[str, int]:
        """Return a new token; the one before dies five minutes later."""
        self._count("plain", now, PLAIN_PER_DAY)
        self._retire(self._plain, now)
        self._plain = self._issue(now)
        return self._plain.value, int(LIFETIME.total_seconds())

    def check(self, value: str | None, now: datetime) -> None:
        if not value:
            raise ApiError(41001)
        token = self._issued.get(value)
        if token is None:
            raise ApiError(40001)
        if now >= token.expires_at:
            raise ApiError(40001 if value in self._replaced else 42001)

    def revoke_all(self) -> None:
        """Make every token unknown, as a refresh by somebody else would."""
        self._issued.clear()
        self._stable = self._plain = None

    def _issue(self, now: datetime) -> _Token:
        token = _Token(secrets.token_urlsafe(96), now + LIFETIME)
        self._issued[token.value] = token
        return token

    def _retire(self, token: _Token | None, now: datetime) -> None:
        if token is not None and token.expires_at > now + OVERLAP:
            token.expires_at = now + OVERLAP
            self._replaced.add(token.value)

    def _forced_lately(self, now: datetime) -> bool:
        return self._forced_at is not None and now - self._forced_at < FORCED_APART

    def _count(self, what: str, now: datetime, limit: int) -> None:
        key = (what, now.astimezone(PEOPLES_ZONE).date())
        if self._calls[key] >= limit:
            raise ApiError(45009)
        self._calls[key] += 1
