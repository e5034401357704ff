"""Lines a value is judged by: reporting cut-offs and treatment targets, never one constant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from care.protocol_file import PROVENANCE_KEYS, Entry, Provenance, Review, Source, provenance
from care.reading import GlucoseContext, Kind


class Setting(StrEnum):
    """Where a pressure was taken; home and clinic readings are never mixed in a rate."""

    CLINIC = "clinic"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class PressureCutoff:
    """Reporting cut-off: controlled means both halves BELOW it."""

    setting: Setting
    age_from: int
    systolic: float
    diastolic: float
    origin: Provenance


@dataclass(frozen=True, slots=True)
class PressureTarget:
    """Treatment target: below it, and below `then` once that is tolerated."""

    age_from: int
    systolic: float
    diastolic: float
    then: tuple[float, float] | None
    origin: Provenance


@dataclass(frozen=True, slots=True)
class SugarCutoff:
    """Reporting cut-off for a kind of measurement; `context` None is every other glucose."""

    kind: Kind
    context: GlucoseContext | None
    value: float
    origin: Provenance


@dataclass(frozen=True, slots=True)
class SugarTarget:
    """Treatment targets of a person with diabetes."""

    fasting_from: float
    fasting_below: float
    nonfasting_below: float
    hba1c_below: float
    systolic: float
    diastolic: float
    origin: Provenance


@dataclass(frozen=True, slots=True)
class Lines:
    """All lines of both programmes, in the order of the files: the first that fits is used."""

    pressure_cutoffs: tuple[PressureCutoff, ...]
    pressure_targets: tuple[PressureTarget, ...]
    sugar_cutoffs: tuple[SugarCutoff, ...]
    sugar_targets: tuple[SugarTarget, ...]


def lines(pressure: Entry, sugar: Entry, known: Mapping[str, Source]) -> Lines:
    """The `[[cutoff]]` and `[[target]]` tables of the two programmes."""
    return Lines(
        tuple(_pressure_cutoff(e, known, _review(pressure)) for e in pressure.entries("cutoff")),
        tuple(_pressure_target(e, known, _review(pressure)) for e in pressure.entries("target")),
        tuple(_sugar_cutoff(e, known, _review(sugar)) for e in sugar.entries("cutoff")),
        tuple(_sugar_target(e, known, _review(sugar)) for e in sugar.entries("target")),
    )


def _review(file: Entry) -> Review:
    return file.entry("meta").one_of("review", Review)


def _age_from(entry: Entry) -> int:
    return entry.whole("age_from") if "age_from" in entry.data else 0


def _pressure_cutoff(entry: Entry, known: Mapping[str, Source], review: Review) -> PressureCutoff:
    entry.only("setting", "age_from", "systolic", "diastolic", *PROVENANCE_KEYS)
    return PressureCutoff(
        entry.one_of("setting", Setting),
        _age_from(entry),
        entry.number("systolic"),
        entry.number("diastolic"),
        provenance(entry, known, review),
    )


def _pressure_target(entry: Entry, known: Mapping[str, Source], review: Review) -> PressureTarget:
    later = ("then_systolic", "then_diastolic")
    entry.only("age_from", "systolic", "diastolic", *later, *PROVENANCE_KEYS)
    then = (entry.number(later[0]), entry.number(later[1])) if later[0] in entry.data else None
    return PressureTarget(
        _age_from(entry),
        entry.number("systolic"),
        entry.number("diastolic"),
        then,
        provenance(entry, known, review),
    )


def _sugar_cutoff(entry: Entry, known: Mapping[str, Source], review: Review) -> SugarCutoff:
    entry.only("kind", "context", "value", *PROVENANCE_KEYS)
    return SugarCutoff(
        entry.one_of("kind", Kind),
        entry.one_of("context", GlucoseContext) if "context" in entry.data else None,
        entry.number("value"),
        provenance(entry, known, review),
    )


def _sugar_target(entry: Entry, known: Mapping[str, Source], review: Review) -> SugarTarget:
    names = ("fasting_from", "fasting_below", "nonfasting_below", "hba1c_below")
    entry.only(*names, "systolic", "diastolic", *PROVENANCE_KEYS)
    low, fasting, nonfasting, hba1c = (entry.number(name) for name in names)
    return SugarTarget(
        low,
        fasting,
        nonfasting,
        hba1c,
        entry.number("systolic"),
        entry.number("diastolic"),
        provenance(entry, known, review),
    )
