"""How urgent something is. The four names below are the only urgency names in the product."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """Urgency, ordered: `Level.URGENT > Level.ROUTINE`.

    emergency: call 120 now. urgent: a doctor the same day. routine: a doctor within two weeks.
    """

    NONE = "none"
    ROUTINE = "routine"
    URGENT = "urgent"
    EMERGENCY = "emergency"

    @property
    def rank(self) -> int:
        return _ORDER.index(self)

    def __lt__(self, other: str) -> bool:
        return self.rank < Level(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Level(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Level(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Level(other).rank


_ORDER = [Level.NONE, Level.ROUTINE, Level.URGENT, Level.EMERGENCY]
