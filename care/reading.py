"""One measured value, with its unit. `Reading` is the only name for a measured value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What was measured. Units: mmHg, mmol/L, beats per minute, %, kg, degrees Celsius."""

    BP = "bp"
    GLUCOSE = "glucose"
    PULSE = "pulse"
    HBA1C = "hba1c"
    WEIGHT = "weight"
    TEMP = "temp"


UNITS: dict[Kind, str] = {
    Kind.BP: "mmHg",
    Kind.GLUCOSE: "mmol/L",
    Kind.PULSE: "次/分",
    Kind.HBA1C: "%",
    Kind.WEIGHT: "kg",
    Kind.TEMP: "℃",
}


class GlucoseContext(StrEnum):
    """When a glucose value was taken relative to food and sleep."""

    FASTING = "fasting"
    POSTPRANDIAL = "postprandial"
    BEDTIME = "bedtime"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Reading:
    """A value in the unit of its kind (see `UNITS`).

    Blood pressure uses `systolic`/`diastolic` (either may be None); every other kind uses `value`.
    `low`/`high` keep a reported range ("145-155"), systolic for blood pressure; `original` keeps
    the value as it was said when a unit was converted ("198 mg/dL").
    """

    kind: Kind
    systolic: float | None = None
    diastolic: float | None = None
    value: float | None = None
    context: GlucoseContext | None = None
    approximate: bool = False
    low: float | None = None
    high: float | None = None
    original: str | None = None

    def __str__(self) -> str:
        if self.kind is not Kind.BP:
            return f"{self.value:g}"
        systolic = "?" if self.systolic is None else f"{self.systolic:g}"
        diastolic = "?" if self.diastolic is None else f"{self.diastolic:g}"
        return f"{systolic}/{diastolic}"
