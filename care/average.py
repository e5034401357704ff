"""One pressure from several, as the 2025 primary-care guideline takes it (HTN_PC_2025).

In one sitting: two readings are averaged; when they differ too much a third is asked for and the
last two count. Over days at home: ALL readings are averaged. The 2019 home-monitoring guideline
drops the first day instead; we do not, and say so on every report (`METHOD`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from statistics import fmean

from care.plausibility import third_needed
from care.reading import Kind, Reading

METHOD = "HTN_PC_2025"
_LAST = 2


@dataclass(frozen=True, slots=True)
class Average:
    """The averaged pressure, how many readings went in, and whether a third should be taken."""

    reading: Reading
    count: int
    third_needed: bool = False
    method: str = METHOD


def sitting(readings: Sequence[Reading]) -> Average:
    """The pressure of one sitting, from its readings in the order they were taken.

    Raises:
        ValueError: none is a whole blood pressure.
    """
    whole = _whole(readings)
    used = whole[-_LAST:]
    wide = len(whole) == _LAST and third_needed(*whole)
    return Average(_mean(used), len(used), wide)


def period(readings: Sequence[Reading]) -> Average:
    """The home pressure of a period: the mean of all readings.

    Raises:
        ValueError: none is a whole blood pressure.
    """
    whole = _whole(readings)
    return Average(_mean(whole), len(whole))


def _whole(readings: Sequence[Reading]) -> list[Reading]:
    whole = [
        r
        for r in readings
        if r.kind is Kind.BP and r.systolic is not None and r.diastolic is not None
    ]
    if not whole:
        message = "no blood pressure with both halves to average"
        raise ValueError(message)
    return whole


def _mean(readings: Sequence[Reading]) -> Reading:
    if len(readings) == 1:
        return readings[0]
    return Reading(
        Kind.BP,
        systolic=_rounded([r.systolic for r in readings if r.systolic is not None]),
        diastolic=_rounded([r.diastolic for r in readings if r.diastolic is not None]),
        approximate=any(r.approximate for r in readings),
    )


def _rounded(values: Sequence[float]) -> float:
    """To whole mmHg, half upwards: 139.5 is 140 and so not controlled, the safer side."""
    return float(Decimal(str(fmean(values))).quantize(Decimal(1), ROUND_HALF_UP))
