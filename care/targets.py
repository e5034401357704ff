"""Is a value below its line? Reporting cut-off, HEARTS line and treatment target, kept apart.

The reporting cut-off (达标口径) decides rates and the follow-up class; the treatment target is for
the doctor and is never announced to a patient; HEARTS is a third yardstick, for monthly cohorts.
"""

from __future__ import annotations

from collections.abc import Iterable

from care.line import (
    PressureCutoff,
    PressureTarget,
    Setting,
    SugarCutoff,
    SugarTarget,
)
from care.protocol import protocol
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Background

__all__ = [
    "Setting",
    "controlled",
    "controlled_all",
    "hearts_controlled",
    "hearts_worse",
    "pressure_cutoff",
    "pressure_target",
    "sugar_cutoff",
    "sugar_target",
]


def pressure_cutoff(background: Background, setting: Setting = Setting.CLINIC) -> PressureCutoff:
    """The reporting cut-off for this person. Unknown age: the line of the young, the stricter."""
    fitting = (
        cutoff
        for cutoff in protocol().lines.pressure_cutoffs
        if cutoff.setting is setting and _old_enough(background, cutoff.age_from)
    )
    return next(fitting)


def pressure_target(background: Background) -> PressureTarget:
    """The treatment target of the guideline, for the doctor's eyes."""
    fitting = (
        target
        for target in protocol().lines.pressure_targets
        if _old_enough(background, target.age_from)
    )
    return next(fitting)


def sugar_cutoff(kind: Kind, context: GlucoseContext | None = None) -> SugarCutoff | None:
    """The reporting cut-off for a glucose or HbA1c; None for any other kind."""
    cutoffs = [c for c in protocol().lines.sugar_cutoffs if c.kind is kind]
    exact = (c for c in cutoffs if c.context is context)
    general = (c for c in cutoffs if c.context is None)
    return next(exact, next(general, None))


def sugar_target() -> SugarTarget:
    """The treatment target of people with diabetes; the doctor makes it individual."""
    return protocol().lines.sugar_targets[0]


def controlled(
    reading: Reading, background: Background, setting: Setting = Setting.CLINIC
) -> bool | None:
    """Whether the reading is below the reporting cut-off; None when that cannot be said.

    Blood pressure needs BOTH halves below; one half at or above is enough for False, one half
    below while the other is missing says nothing.
    """
    if reading.kind is Kind.BP:
        cutoff = pressure_cutoff(background, setting)
        return _both_below(reading, cutoff.systolic, cutoff.diastolic)
    line = sugar_cutoff(reading.kind, reading.context)
    if line is None or reading.value is None:
        return None
    return reading.value < line.value


def controlled_all(
    readings: Iterable[Reading], background: Background, setting: Setting = Setting.CLINIC
) -> bool | None:
    """False when any reading is not controlled, True when every judged one is, None without one."""
    judged = [c for r in readings if (c := controlled(r, background, setting)) is not None]
    return all(judged) if judged else None


def hearts_controlled(reading: Reading) -> bool | None:
    """Controlled in the sense of HEARTS, the same at any age; None when it cannot be judged."""
    if reading.kind is Kind.BP:
        known = protocol()
        return _both_below(
            reading, known.number("hearts_systolic"), known.number("hearts_diastolic")
        )
    name = _hearts_name(reading)
    if name is None or reading.value is None:
        return None
    return reading.value < protocol().number(name)


def hearts_worse(reading: Reading) -> bool:
    """Whether a glucose or HbA1c lies in the second, worse class of HEARTS."""
    name = _hearts_name(reading)
    if name is None or reading.value is None:
        return False
    return reading.value >= protocol().number(f"{name}_worse")


def _hearts_name(reading: Reading) -> str | None:
    if reading.kind is Kind.HBA1C:
        return "hearts_hba1c"
    if reading.kind is not Kind.GLUCOSE:
        return None
    fasting = reading.context is GlucoseContext.FASTING
    return "hearts_fasting" if fasting else "hearts_other_glucose"


def _both_below(reading: Reading, systolic: float, diastolic: float) -> bool | None:
    pairs = ((reading.systolic, systolic), (reading.diastolic, diastolic))
    if any(value is not None and value >= line for value, line in pairs):
        return False
    return None if any(value is None for value, _ in pairs) else True


def _old_enough(background: Background, age_from: int) -> bool:
    return (background.age or 0) >= age_from
