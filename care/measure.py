"""What rules compare: the numbers of a reading, and comparisons with named values as facts."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from care.reading import GlucoseContext, Kind, Reading


class Measure(StrEnum):
    """A number a rule may compare. `glucose` is any; those below it say when it was taken.

    `glucose.fasting.second` is the second highest of several fasting values told together.
    """

    SYSTOLIC = "systolic"
    DIASTOLIC = "diastolic"
    GLUCOSE = "glucose"
    FASTING = "glucose.fasting"
    FASTING_SECOND = "glucose.fasting.second"
    POSTPRANDIAL = "glucose.postprandial"
    OTHER_GLUCOSE = "glucose.other"
    PULSE = "pulse"
    HBA1C = "hba1c"
    WEIGHT = "weight"
    TEMP = "temp"
    AGE = "age"


_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
_BY_CONTEXT = {
    GlucoseContext.FASTING: Measure.FASTING,
    GlucoseContext.POSTPRANDIAL: Measure.POSTPRANDIAL,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`measure operator threshold`, a fact when it is true of any present value."""

    fact: str
    measure: Measure
    sign: str
    threshold: float

    @property
    def upward(self) -> bool:
        return self.sign.startswith(">")

    def holds(self, value: float) -> bool:
        return _OPERATORS[self.sign](value, self.threshold)


def comparison(words: str, named: Mapping[str, float]) -> Comparison | None:
    """The comparison written as "systolic >= crisis_systolic"; None when it is not one."""
    match words.split():
        case [measure, sign, value] if (
            measure in set(Measure) and sign in _OPERATORS and value in named
        ):
            return Comparison(words, Measure(measure), sign, named[value])
        case _:
            return None


def range_name(measure: Measure) -> str:
    """The entry of plausibility.toml for a measure: all kinds of glucose share one."""
    return measure.split(".", maxsplit=1)[0]


def numbers(reading: Reading) -> Iterator[tuple[Measure, float]]:
    """The numbers of a reading, both ends of a reported range included."""
    if reading.kind is Kind.BP:
        for value in (reading.systolic, reading.low, reading.high):
            if value is not None:
                yield Measure.SYSTOLIC, value
        if reading.diastolic is not None:
            yield Measure.DIASTOLIC, reading.diastolic
        return
    measures = _measures(reading)
    for value in (reading.value, reading.low, reading.high):
        if value is not None:
            for measure in measures:
                yield measure, value


def repeated(readings: Iterable[Reading]) -> Iterator[tuple[Measure, float]]:
    """What several readings say together: at least twice a fasting value this high."""
    fasting = sorted(
        (max(value for _, value in numbers(reading)) for reading in readings if _fasting(reading)),
        reverse=True,
    )
    if len(fasting) > 1:
        yield Measure.FASTING_SECOND, fasting[1]


def _fasting(reading: Reading) -> bool:
    return (
        reading.kind is Kind.GLUCOSE
        and reading.context is GlucoseContext.FASTING
        and reading.value is not None
    )


def _measures(reading: Reading) -> Iterable[Measure]:
    if reading.kind is not Kind.GLUCOSE:
        return (Measure(reading.kind.value),)
    context = reading.context
    return (
        Measure.GLUCOSE,
        Measure.OTHER_GLUCOSE
        if context is None
        else _BY_CONTEXT.get(context, Measure.OTHER_GLUCOSE),
    )
