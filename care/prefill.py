"""What may stand on a form before the doctor looks: from what was said and what was measured.

Each entry carries where it came from, so that a page can show why. Rows that only a doctor can fill
are never touched, whatever is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from care.average import period, sitting
from care.form import FOLDER, BlankKind, Form
from care.line import Setting
from care.protocol import protocol
from care.protocol_file import read
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Programme

_ORDER = (Setting.CLINIC, Setting.HOME)
_LATEST = {Kind.PULSE: "heart_rate", Kind.WEIGHT: "weight", Kind.HBA1C: "hba1c"}
_METRES = 0.01  # in a centimetre


@dataclass(frozen=True, slots=True)
class Taken:
    """A reading, where and when it was taken."""

    reading: Reading
    setting: Setting
    at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """Why an entry stands there: a code for the page, and how many values went in."""

    why: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Prefilled:
    """Entries and where each came from."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)

    def put(self, form: Form, key: str, value: Any, why: str, count: int = 1) -> None:
        """Enter a value, unless the form has no such blank or only a doctor may fill it."""
        if key in form.blanks and not form.row_of[key].doctor_only:
            self.values[key] = value
            self.origins[key] = Origin(why, count)


@dataclass(frozen=True, slots=True)
class Heard:
    """What findings mean beside the symptom boxes."""

    reactions: frozenset[str]
    hypo: Mapping[str, str]
    adherence: Mapping[str, str]


def prefill(
    form: Form, answers: Mapping[str, Any], taken: Sequence[Taken], height_cm: float | None = None
) -> Prefilled:
    """The draft of a form. Readings in the order they were taken."""
    filled = Prefilled()
    _measured(form, filled, taken)
    if height_cm and "weight" in filled.values:
        value = body_mass_index(filled.values["weight"], height_cm)
        filled.put(form, "bmi", value, "computed")
    if "symptoms" in answers:
        _told(form, filled, [str(code) for code in answers["symptoms"]])
    if "medicine_taken" in answers and "med_adherence" not in filled.values:
        regular, irregular = list(form.blanks["med_adherence"].codes)[:2]
        code = regular if answers["medicine_taken"] else irregular
        filled.put(form, "med_adherence", code, "said" if code == regular else "said_irregular")
    return filled


def reacts(codes: Iterable[str]) -> bool:
    """Whether any of these findings is a reaction to a medicine."""
    known = protocol().concepts
    return any(known[code].flag in heard().reactions for code in codes if code in known)


def body_mass_index(weight: float, height_cm: float) -> float:
    """Weight in kg over the height squared, to one decimal as the form has it."""
    metres = height_cm * _METRES
    return round(weight / metres / metres, 1)


@lru_cache(maxsize=1)
def heard() -> Heard:
    """The meaning of findings, read once per process."""
    file = read("heard.toml", FOLDER)
    return Heard(
        reactions=frozenset(file.entry("reactions").texts("flags")),
        hypo=file.entry("hypo_reaction").entry("codes").data,
        adherence=file.entry("med_adherence").entry("codes").data,
    )


def _measured(form: Form, filled: Prefilled, taken: Sequence[Taken]) -> None:
    """At the clinic the sitting counts; at home all readings of the contact are averaged."""
    for setting in _ORDER:
        pressures = [t for t in taken if t.setting is setting and _whole(t.reading)]
        if pressures and "systolic" not in filled.values:
            if setting is Setting.CLINIC:
                last = pressures[-1].at.date()
                found = sitting([t.reading for t in pressures if t.at.date() == last])
            else:
                found = period([t.reading for t in pressures])
            for key, half in (
                ("systolic", found.reading.systolic),
                ("diastolic", found.reading.diastolic),
            ):
                filled.put(form, key, _tidy(half), setting, found.count)
    for one in taken:
        blank = _blank_of(one.reading)
        if blank and one.reading.value is not None:
            filled.put(form, blank, _tidy(one.reading.value), one.setting)


def _blank_of(reading: Reading) -> str | None:
    if reading.kind is Kind.GLUCOSE:
        return "fpg" if reading.context is GlucoseContext.FASTING else "other_glucose"
    return _LATEST.get(reading.kind)


def _told(form: Form, filled: Prefilled, codes: list[str]) -> None:
    known = protocol().concepts
    meaning = heard()
    for code in codes:
        if code in meaning.adherence:
            filled.put(form, "med_adherence", meaning.adherence[code], "said")
    complaints = [code for code in codes if code not in meaning.adherence]
    if codes and not complaints:
        return
    _symptoms(form, filled, complaints)
    labels = [known[c].label for c in complaints if reacts([c])]
    none, some = form.blanks["adr"].codes
    if labels:
        filled.put(form, "adr", some, "said")
        filled.put(form, "adr_text", "、".join(labels), "said")
    elif not complaints:
        filled.put(form, "adr", none, "said_well")
    if form.programme is Programme.TYPE2_DIABETES:
        _low_sugar(form, filled, complaints)


def _symptoms(form: Form, filled: Prefilled, complaints: list[str]) -> None:
    blank = next(iter(form.of_kind(BlankKind.CODES)))
    if not complaints:
        filled.put(form, blank.key, [blank.alone], "said")
        return
    known = protocol().concepts
    chosen = {code for one in complaints for code in form.boxes.get(one, ())}
    others = [one for one in complaints if one not in form.boxes]
    if others:
        chosen.add(max(blank.codes, key=int))
        said = "、".join(known[one].label if one in known else one for one in others)
        filled.put(form, "symptoms_other", said, "said")
    filled.put(form, blank.key, [code for code in blank.codes if code in chosen], "said")


def _low_sugar(form: Form, filled: Prefilled, complaints: list[str]) -> None:
    """No complaint counts as no reaction only while no measured value was low."""
    codes = [heard().hypo[one] for one in complaints if one in heard().hypo]
    line = protocol().number("hypoglycaemia")
    sugars = [filled.values[key] for key in ("fpg", "other_glucose") if key in filled.values]
    if codes or any(value < line for value in sugars):
        some = list(form.blanks["hypo_reaction"].codes)[1]
        filled.put(form, "hypo_reaction", max([*codes, some]), "said")
    elif not complaints:
        filled.put(
            form, "hypo_reaction", next(iter(form.blanks["hypo_reaction"].codes)), "said_well"
        )


def _whole(reading: Reading) -> bool:
    return reading.kind is Kind.BP and None not in (reading.systolic, reading.diastolic)


def _tidy(value: float | None) -> float | None:
    return int(value) if value is not None and float(value).is_integer() else value
