"""The simulator's clock; tests put their own in its place to move 48 hours at once."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

Clock: TypeAlias = Callable[[], datetime]

PEOPLES_ZONE = ZoneInfo("Asia/Shanghai")


def system_clock() -> datetime:
    return datetime.now(PEOPLES_ZONE)
