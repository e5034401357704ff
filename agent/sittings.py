"""Several pressures of one person in one message: one sitting, averaged as the guideline says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from agent.decision import NewReading
from care.average import Average, sitting
from care.reading import Kind
from records.readings import MEASURED

# Values whose words give no time, or times this close, were taken in one sitting.
_ONE_SITTING = timedelta(minutes=30)
_FEWEST = 2


def repeated(readings: Sequence[NewReading]) -> Average | None:
    """The average of a message that holds nothing but one sitting of one person."""
    pressures = [one for one in readings if one.reading.kind is Kind.BP]
    same = len({one.person_id for one in readings}) == 1
    return _of_newest(pressures, _FEWEST) if same and _one_sitting(pressures) else None


def newest(readings: Sequence[NewReading]) -> Average | None:
    """The pressure of the newest sitting among these of one person; None without a whole one."""
    whole = [one for one in readings if _whole(one)]
    if not whole:
        return None
    last = max(_at(one) for one in whole)
    return _of_newest([one for one in whole if last - _at(one) <= _ONE_SITTING.total_seconds()], 1)


def _of_newest(readings: Sequence[NewReading], fewest: int) -> Average | None:
    whole = [one.reading for one in readings if _whole(one)]
    return sitting(whole) if len(whole) == len(readings) >= fewest else None


def _one_sitting(readings: Sequence[NewReading]) -> bool:
    times = [_at(one) for one in readings]
    return len(times) > 1 and max(times) - min(times) <= _ONE_SITTING.total_seconds()


def _whole(one: NewReading) -> bool:
    reading = one.reading
    both = reading.systolic is not None and reading.diastolic is not None
    return reading.kind is Kind.BP and both and one.basis == MEASURED


def _at(one: NewReading) -> float:
    return one.taken_at.timestamp() if one.taken_at else float("inf")
