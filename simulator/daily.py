"""How often an account may call each part of the API on one day."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime

from simulator.clock import PEOPLES_ZONE
from simulator.errors import ApiError

# What a new account is given.
PER_DAY: Mapping[str, int] = {
    "message/custom/send": 500_000,
    "message/template/send": 100_000,
    "message/subscribe/bizsend": 100_000,
    "qrcode/create": 100_000,
    "media/upload": 100_000,
    "media/get": 200_000,
    "menu/create": 1_000,
}


class DailyCalls:
    """Counts calls by Chinese days."""

    def __init__(self, changed: Mapping[str, int]) -> None:
        self._limits = {**PER_DAY, **changed}
        self._calls: Counter[tuple[str, date]] = Counter()

    def count(self, path: str, now: datetime) -> None:
        """Count one call, or raise 45009."""
        key = (path, now.astimezone(PEOPLES_ZONE).date())
        if self._calls[key] >= self._limits.get(path, 5_000_000):
            raise ApiError(45009)
        self._calls[key] += 1
