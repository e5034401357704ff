"""The customer-service quota: how many messages an account may send after what a person did."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from simulator.errors import ApiError


class Trigger(Enum):
    """What a person did, with the messages it allows and for how long."""

    MESSAGE = ("message", 5, timedelta(hours=48))
    MENU = ("menu", 3, timedelta(minutes=1))
    FOLLOW = ("follow", 3, timedelta(minutes=1))
    SCAN = ("scan", 3, timedelta(minutes=1))

    def __init__(self, label: str, count: int, window: timedelta) -> None:
        self.label = label
        self.count = count
        self.window = window


@dataclass(slots=True)
class _Grant:
    left: int
    until: datetime


class QuotaLedger:
    """Grants are replaced, never added up: a new trigger renews its own, the largest one counts."""

    def __init__(self) -> None:
        self._grants: dict[str, dict[Trigger, _Grant]] = {}

    def grant(self, openid: str, trigger: Trigger, now: datetime) -> None:
        self._grants.setdefault(openid, {})[trigger] = _Grant(trigger.count, now + trigger.window)

    def left(self, openid: str, now: datetime) -> int:
        return max((grant.left for grant in self._open(openid, now)), default=0)

    def closes_at(self, openid: str, now: datetime) -> datetime | None:
        return max((grant.until for grant in self._open(openid, now)), default=None)

    def spend(self, openid: str, now: datetime) -> None:
        """Take one message from every open grant, since they do not add up."""
        grants = self._open(openid, now)
        if not grants:
            raise ApiError(45015)
        if all(grant.left == 0 for grant in grants):
            raise ApiError(45047)
        for grant in grants:
            grant.left = max(0, grant.left - 1)

    def forget(self, openid: str) -> None:
        self._grants.pop(openid, None)

    def _open(self, openid: str, now: datetime) -> list[_Grant]:
        return [grant for grant in self._grants.get(openid, {}).values() if now < grant.until]
