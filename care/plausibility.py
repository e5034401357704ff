"""Whether a value can be: impossible (ask again), to be confirmed (read back) or fine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from care.measure import Measure, numbers, range_name
from care.protocol import Protocol, protocol
from care.reading import Kind, Reading


class Plausibility(StrEnum):
    """What to do with a value. Dangerous values are judged by the red flags first, whatever this says."""

    FINE = "fine"
    CONFIRM = "confirm"
    IMPOSSIBLE = "impossible"


class Doubt(StrEnum):
    """Why a value is doubted; decides what the person is asked."""

    OUT_OF_RANGE = "out_of_range"
    UNUSUAL = "unusual"
    REVERSED = "reversed"
    PULSE_PRESSURE = "pulse_pressure"
    MAYBE_MGDL = "maybe_mgdl"
    MAYBE_KPA = "maybe_kpa"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The plausibility of a reading and every doubt about it."""

    plausibility: Plausibility
    doubts: tuple[Doubt, ...] = ()


_CHANGE = {
    Kind.BP: "change_systolic",
    Kind.GLUCOSE: "change_glucose",
    Kind.WEIGHT: "change_weight",
}


def check(reading: Reading, recent: Sequence[Reading] = ()) -> Verdict:
    """Judges one reading against what can be and against the person's own recent values.

    Args:
        reading: in the unit of its kind.
        recent: the person's readings of `baseline_days`, the same kind is picked out.
    """
    known = protocol()
    doubts = tuple(dict.fromkeys(_doubts(reading, recent, known)))
    if Doubt.OUT_OF_RANGE in doubts:
        return Verdict(Plausibility.IMPOSSIBLE, doubts)
    return Verdict(Plausibility.CONFIRM if doubts else Plausibility.FINE, doubts)


def third_needed(first: Reading, second: Reading) -> bool:
    """Whether two readings of one sitting lie so far apart that a third is asked for."""
    limit = protocol().number("repeat_difference")
    pairs = ((first.systolic, second.systolic), (first.diastolic, second.diastolic))
    return any(a is not None and b is not None and abs(a - b) > limit for a, b in pairs)


def _doubts(reading: Reading, recent: Sequence[Reading], known: Protocol) -> Iterator[Doubt]:
    for measure, value in numbers(reading):
        span = known.spans[range_name(measure)]
        if not span.possible[0] <= value <= span.possible[1]:
            yield Doubt.OUT_OF_RANGE
        elif not span.usual[0] <= value <= span.usual[1]:
            yield Doubt.UNUSUAL
        if measure is Measure.GLUCOSE and _maybe_mgdl(value, known):
            yield Doubt.MAYBE_MGDL
    if reading.kind is Kind.BP:
        yield from _pressure(reading, known)
    if _changed(reading, recent, known):
        yield Doubt.CHANGED


def _maybe_mgdl(value: float, known: Protocol) -> bool:
    return known.number("mgdl_from") < value <= known.number("mgdl_to")


def _pressure(reading: Reading, known: Protocol) -> Iterator[Doubt]:
    if reading.systolic is None or reading.diastolic is None:
        return
    if 0 < reading.diastolic < reading.systolic <= known.number("kpa_systolic_to"):
        yield Doubt.MAYBE_KPA
        return
    difference = reading.systolic - reading.diastolic
    if difference <= 0:
        yield Doubt.REVERSED
    elif (
        not known.number("pulse_pressure_low") <= difference <= known.number("pulse_pressure_high")
    ):
        yield Doubt.PULSE_PRESSURE


def _changed(reading: Reading, recent: Sequence[Reading], known: Protocol) -> bool:
    name = _CHANGE.get(reading.kind)
    value = _headline(reading)
    before = [v for r in recent if r.kind is reading.kind and (v := _headline(r)) is not None]
    if name is None or value is None or not before:
        return False
    return abs(value - median(before)) > known.number(name)


def _headline(reading: Reading) -> float | None:
    return reading.systolic if reading.kind is Kind.BP else reading.value
