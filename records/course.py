"""The course of one person: contacts held, what is due, what waits, medicines as they were told.

Whoever asks has found the person through `records.dossier` with a reader; nothing here widens that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, func, select

from records.caseload import called, readable
from records.escalations import CLOSED
from records.follow_ups import DRAFT, OPEN, PLANNED, SIGNED, SILENT
from records.people import china_date
from records.register.medicines import told_of
from records.tables import Escalation, FollowUp, Practitioner, Task
from records.talk import Bubble
from records.vault import Vault

WORDS = "follow_ups.words"
CONTACTS_SHOWN = 8
TASKS_SHOWN = 8
_QUOTES = 2
_ROWS = 40


@dataclass(frozen=True, slots=True)
class Contact:
    """One follow-up that was held, or that nobody answered."""

    id: str
    programme: str
    state: str
    mode: str
    on: date
    classification: str | None
    by: str | None
    pressure: str | None
    glucose: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """A follow-up still to come, being asked about, or waiting for a signature."""

    id: str
    programme: str
    state: str
    on: date
    overdue: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task of this person that nobody has done."""

    id: str
    kind: str
    reason: str
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Told:
    """What was said about medicines, in the words that were used, and when.

    `source` is form (a doctor wrote it down) or message (the person's own words).
    """

    words: str
    on: date
    source: str


@dataclass(frozen=True, slots=True)
class Course:
    """Everything of a person that has a date."""

    contacts: tuple[Contact, ...]
    due: tuple[Due, ...]
    waiting: tuple[Waiting, ...]
    told: tuple[Told, ...]
    taken: tuple[bool, date] | None
    alarm_level: str | None


NO_COURSE = Course((), (), (), (), None, None)


def course(
    session: Session,
    vault: Vault,
    person_id: str,
    bubbles: Sequence[Bubble],
    now: datetime,
) -> Course:
    """What happened to the person and what is open. Three queries."""
    today = china_date(now)
    rows = _follow_ups(session, person_id)
    held = [(row, by) for row, by in rows if row.state in (SIGNED, DRAFT, SILENT)]
    held.sort(key=lambda one: _day(one[0]), reverse=True)
    return Course(
        contacts=tuple(_contact(vault, row, by) for row, by in held[:CONTACTS_SHOWN]),
        due=tuple(
            Due(row.id, row.programme, row.state, row.due_on, row.due_on < today)
            for row, _ in sorted(rows, key=lambda one: one[0].due_on)
            if row.state in (PLANNED, OPEN, DRAFT)
        ),
        waiting=_waiting(session, person_id),
        told=tuple(_told(vault, [row for row, _ in held], bubbles)),
        taken=_taken([row for row, _ in rows], now),
        alarm_level=_alarm_level(session, person_id),
    )


def _follow_ups(session: Session, person_id: str) -> list[tuple[FollowUp, Practitioner | None]]:
    rows = session.execute(
        select(FollowUp, Practitioner)
        .outerjoin(Practitioner, col(Practitioner.id) == col(FollowUp.signed_by))
        .where(FollowUp.person_id == person_id)
        .where(col(FollowUp.state).in_((PLANNED, OPEN, DRAFT, SIGNED, SILENT)))
        .order_by(func.coalesce(col(FollowUp.held_on), col(FollowUp.due_on)).desc())
        .limit(_ROWS)
    ).all()
    return [(row, by) for row, by in rows]


def _contact(vault: Vault, row: FollowUp, by: Practitioner | None) -> Contact:
    return Contact(
        id=row.id,
        programme=row.programme,
        state=row.state,
        mode=row.mode,
        on=_day(row),
        classification=row.classification,
        by=called(vault, by),
        pressure=_pressure(row),
        glucose=_glucose(row),
    )


def _day(row: FollowUp) -> date:
    if row.held_on:
        return row.held_on
    return china_date(row.closed_at) if row.closed_at else row.due_on


def _pressure(row: FollowUp) -> str | None:
    """The pressure on the form, else the one that was told."""
    both = row.form.get("systolic"), row.form.get("diastolic")
    if None in both:
        both = tuple(row.answers.get("bp", ())) or (None, None)
    if None in both:
        return None
    return "/".join(f"{value:g}" for value in both if value is not None)


def _glucose(row: FollowUp) -> str | None:
    value = row.form.get("fpg") or next(iter(row.answers.get("glucose", ())), None)
    return f"{value:g}" if value is not None else None


def _waiting(session: Session, person_id: str) -> tuple[Waiting, ...]:
    rows = session.exec(
        select(Task)
        .where(Task.person_id == person_id)
        .where(col(Task.closed_at).is_(None))
        .order_by(col(Task.opened_at))
        .limit(TASKS_SHOWN)
    ).all()
    return tuple(Waiting(row.id, row.kind, row.reason, row.due_on) for row in rows)


def _alarm_level(session: Session, person_id: str) -> str | None:
    return session.exec(
        select(Escalation.level)
        .where(Escalation.person_id == person_id)
        .where(Escalation.state != CLOSED)
    ).first()


def _told(vault: Vault, held: Sequence[FollowUp], bubbles: Sequence[Bubble]) -> Iterator[Told]:
    """The medicines on the latest form that names any, and the last words about them."""
    for row in held:
        named = list(_named(vault, row))
        if named:
            yield Told("；".join(named), _day(row), "form")
            break
    said = (
        Told(bubble.text, china_date(bubble.at), "message")
        for bubble in reversed(bubbles)
        if bubble.speaker == "patient" and bubble.text and told_of(bubble.text)
    )
    yield from _first(said, _QUOTES)


def _named(vault: Vault, row: FollowUp) -> Iterator[str]:
    words = _words(vault, row)
    for number in ("1", "2", "3", "_other"):
        name = words.get(f"drug{number}_name")
        if name:
            times, dose = row.form.get(f"drug{number}_times"), words.get(f"drug{number}_dose")
            use = words.get("drug_other_use") if number == "_other" else None
            each = f"每日 {times:g} 次" if isinstance(times, int | float) else None
            yield "，".join(part for part in (name, each, dose, use) if part)


def _words(vault: Vault, row: FollowUp) -> Mapping[str, str]:
    text = readable(vault, row.words_sealed, WORDS, row.id)
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _taken(rows: Iterable[FollowUp], now: datetime) -> tuple[bool, date] | None:
    """Whether she said that she takes them, and when she said so last."""
    said = (
        (bool(row.answers["medicine_taken"]), _day(row) if row.closed_at else china_date(now))
        for row in rows
        if "medicine_taken" in row.answers
    )
    return max(said, key=lambda one: one[1], default=None)


def _first(told: Iterable[Told], most: int) -> list[Told]:
    found: list[Told] = []
    for one in told:
        if len(found) == most:
            break
        found.append(one)
    return found
