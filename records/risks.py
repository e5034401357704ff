"""What the record says of a person that decides which lesson helps: codes, never values.

Only what is written down counts. Nothing is guessed: a code that is missing means "not known".
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from care.average import period
from care.line import Setting
from care.protocol import protocol
from care.reading import Kind, Reading
from care.situation import Background
from care.targets import controlled
from records import people, readings
from records.follow_ups import DRAFT, SIGNED
from records.readings import STORED, as_reading
from records.tables import Enrolment, Escalation, FollowUp, Person, StoredReading

PRESSURE_HIGH, PRESSURE_LOW = "pressure_high", "pressure_low"
SUGAR_HIGH, LOW_SUGAR = "sugar_high", "low_sugar"
NEW, PREGNANT = "new", "pregnant"
_DATA = Path(__file__).with_name("risks.toml")
_MOST = 60
_FORMS = 4
_HYPO = "hypo"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A blank of the official forms and the codes in it that mean a risk; of one programme or all.

    `several`: the blank is a list of codes.
    """

    blank: str
    codes: frozenset[str]
    risk: str
    programme: str = ""
    several: bool = False


@dataclass(frozen=True, slots=True)
class _Rules:
    """The data of risks.toml."""

    values: timedelta
    forms: timedelta
    new: timedelta
    entries: tuple[_Entry, ...]
    counted: Mapping[str, str]


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    raw = tomllib.loads(_DATA.read_text("utf-8"))
    days = {name: timedelta(days=number) for name, number in raw["days"].items()}
    entries = (_Entry(**{**one, "codes": frozenset(one["codes"])}) for one in raw["entry"])
    return _Rules(**days, entries=tuple(entries), counted=raw["counted"])


def risks(session: Session, person: Person, now: datetime) -> frozenset[str]:
    """Everything the record says today, as codes."""
    known = people.background(session, person, people.china_date(now))
    found = {f"drug:{drug}" for drug in known.drugs} | known.ailments
    if person.pregnant:
        found.add(PREGNANT)
    if _newly_enrolled(session, person.id, people.china_date(now)):
        found.add(NEW)
    found |= set(_measured(_values(session, person.id, now), known))
    found |= set(_written(_forms(session, person.id, now)))
    if _alarmed_by_low_sugar(session, person.id, now):
        found.add(LOW_SUGAR)
    return frozenset(found)


def _newly_enrolled(session: Session, person_id: str, today: date) -> bool:
    """Enrolled lately, and not known to have had the disease for long."""
    rows = session.exec(
        select(Enrolment)
        .where(Enrolment.person_id == person_id)
        .where(col(Enrolment.ended_on).is_(None))
        .where(col(Enrolment.enrolled_on) > today - _rules().new)
    ).all()
    return any(row.diagnosed is None or row.diagnosed >= str(today.year - 1) for row in rows)


def _values(session: Session, person_id: str, now: datetime) -> list[StoredReading]:
    rows = readings.recent(session, person_id, since=now - _rules().values, limit=_MOST)
    return [row for row in rows if row.state == STORED and row.basis == readings.MEASURED]


def _measured(rows: Sequence[StoredReading], known: Background) -> Iterator[str]:
    pressures = [row for row in rows if row.kind == Kind.BP]
    if pressures:
        # The place of the newest value; home and clinic are never mixed in one average.
        place = pressures[0].setting
        whole = [as_reading(row) for row in pressures if row.setting == place]
        yield from _pressure([one for one in whole if _whole(one)], known, Setting(place))
    sugars = [as_reading(row) for row in rows if row.kind == Kind.GLUCOSE]
    low = protocol().number("glucose_low")
    if any(one.value is not None and one.value <= low for one in sugars):
        yield LOW_SUGAR
    judged = (controlled(as_reading(row), known) for row in rows if row.kind != Kind.BP)
    if next((one for one in judged if one is not None), None) is False:
        yield SUGAR_HIGH


def _pressure(values: Sequence[Reading], known: Background, place: Setting) -> Iterator[str]:
    if not values:
        return
    if controlled(period(values).reading, known, place) is False:
        yield PRESSURE_HIGH
    newest, rules = values[0], protocol()
    systolic, diastolic = newest.systolic or 0, newest.diastolic or 0
    if systolic < rules.number("low_systolic") or diastolic < rules.number("low_diastolic"):
        yield PRESSURE_LOW


def _whole(reading: Reading) -> bool:
    return reading.systolic is not None and reading.diastolic is not None


def _forms(session: Session, person_id: str, now: datetime) -> list[FollowUp]:
    """The newest form of each programme comes first; older ones fill nothing in."""
    rows = session.exec(
        select(FollowUp)
        .where(FollowUp.person_id == person_id)
        .where(col(FollowUp.state).in_((DRAFT, SIGNED)))
        .where(col(FollowUp.due_on) > people.china_date(now - _rules().forms))
        .order_by(col(FollowUp.due_on).desc(), col(FollowUp.id))
        .limit(_FORMS)
    ).all()
    newest: dict[str, FollowUp] = {}
    for row in rows:
        newest.setdefault(row.programme, row)
    return list(newest.values())


def _written(rows: Iterable[FollowUp]) -> Iterator[str]:
    for row in rows:
        form: Mapping[str, Any] = row.form
        yield from (one.risk for one in _rules().entries if _entered(row, one))
        yield from (
            risk for blank, risk in _rules().counted.items() if _number(form.get(blank)) > 0
        )
        if "exercise_times" in form and _number(form["exercise_times"]) == 0:
            yield "inactive"
        if row.answers.get("medicine_taken") is False:
            yield "misses_medicine"


def _entered(row: FollowUp, entry: _Entry) -> bool:
    if entry.programme not in {"", row.programme}:
        return False
    value = row.form.get(entry.blank)
    if entry.several:
        return not entry.codes.isdisjoint(_codes(value))
    return str(value) in entry.codes


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0


def _codes(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def _alarmed_by_low_sugar(session: Session, person_id: str, now: datetime) -> bool:
    rows = session.exec(
        select(Escalation.reasons)
        .where(Escalation.person_id == person_id)
        .where(col(Escalation.opened_at) > now - _rules().values)
    ).all()
    return any(_HYPO in reasons for reasons in rows)
