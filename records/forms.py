"""The sheet of a follow-up: the form as it stands, what fills it, and what was signed before.

Loaded for many follow-ups at once with a fixed number of queries, for one just the same.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from care.classify import VisitClass
from care.entry import Entry, Known, as_drafted
from care.filling import readings as measured
from care.form import Form, Mode, form
from care.line import Setting
from care.ordinary import Draft, remarks
from care.prefill import Origin, Taken, prefill
from care.protocol import protocol
from care.reading import Reading
from care.situation import Background, Programme
from records.caseload import LIST_LIMIT, readable
from records.escalations import CLOSED
from records.follow_ups import DRAFT, OPEN, PLANNED, SIGNED, SILENT
from records.people import age_on, china_date
from records.reader import Reader
from records.readings import OBJECTION_TIME, STORED, as_reading
from records.tables import Enrolment, Escalation, Facility, FollowUp, Person, StoredReading
from records.times import CHINA
from records.vault import Vault, VaultError

WORDS = "follow_ups.words"
SIGNABLE = (PLANNED, OPEN, SILENT, DRAFT)
_LOOKS_BACK = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Who:
    """The person a form is about."""

    id: str
    name: str
    sex: str | None
    born_on: date | None
    village: str | None
    phone: str | None
    facility_id: str | None
    status: str
    height_cm: float | None
    drugs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A follow-up with its form. `origins` say why an entry stands there before anybody saved it.

    `known.last` holds the last signed form, from `last_on`. `stamp` changes whenever the row does.
    """

    id: str
    programme: Programme
    state: str
    mode: Mode
    due_on: date
    held_on: date
    who: Who
    form: Form
    values: Mapping[str, Any]
    origins: Mapping[str, Origin]
    known: Known
    last_on: date | None
    home: tuple[StoredReading, ...]
    clinic: tuple[StoredReading, ...]
    alarmed: bool
    signed_by: str | None
    signed_at: datetime | None
    saved: bool
    stamp: str
    measured: tuple[Reading, ...]

    def draft(self, today: date) -> tuple[Entry, tuple[str, ...]]:
        """The form entered as it stands, and why a doctor must look at it (nothing: ordinary)."""
        entry, filled = as_drafted(
            self.form, self.values, self.mode, self.known, held_on=self.held_on, today=today
        )
        drafted = Draft(
            self.form,
            filled,
            self.mode,
            entry.proposal,
            self.known.previous,
            self.alarmed,
            self.held_on,
        )
        return entry, remarks(drafted, today)


def sheet(
    session: Session, vault: Vault, reader: Reader, follow_up_id: str, now: datetime
) -> Sheet | None:
    """One follow-up's form; None outside the reader's catchment."""
    found = _sheets(session, vault, reader, col(FollowUp.id) == follow_up_id, now)
    return found[0] if found else None


def named(
    session: Session, vault: Vault, reader: Reader, follow_up_ids: Sequence[str], now: datetime
) -> tuple[Sheet, ...]:
    """The forms of these follow-ups, as far as the reader may see them."""
    return _sheets(session, vault, reader, col(FollowUp.id).in_(follow_up_ids), now)


def drafts(session: Session, vault: Vault, reader: Reader, now: datetime) -> tuple[Sheet, ...]:
    """The drafts of the catchment that wait longest for a signature, the oldest first."""
    return _sheets(session, vault, reader, col(FollowUp.state) == DRAFT, now, LIST_LIMIT)


def next_draft(session: Session, reader: Reader) -> str | None:
    """The draft that waits longest."""
    return session.exec(
        select(FollowUp.id)
        .join(Person, col(Person.id) == col(FollowUp.person_id))
        .where(FollowUp.state == DRAFT)
        .where(reader.people())
        .order_by(col(FollowUp.closed_at), col(FollowUp.id))
        .limit(1)
    ).first()


def drafts_waiting(session: Session, reader: Reader) -> int:
    """How many drafts of the catchment wait for a signature."""
    return session.exec(
        select(func.count())
        .select_from(FollowUp)
        .join(Person, col(Person.id) == col(FollowUp.person_id))
        .where(FollowUp.state == DRAFT)
        .where(reader.people())
    ).one()


def signed_forms(
    session: Session,
    vault: Vault,
    reader: Reader,
    person_id: str,
    programme: Programme,
    now: datetime,
) -> tuple[Sheet, ...]:
    """The signed forms of a person and programme, the oldest first."""
    wanted = (
        (col(FollowUp.person_id) == person_id)
        & (col(FollowUp.programme) == programme)
        & (col(FollowUp.state) == SIGNED)
    )
    found = _sheets(session, vault, reader, wanted, now)
    return tuple(sorted(found, key=lambda one: (one.held_on, one.id)))


def blank(
    session: Session, vault: Vault, reader: Reader, person_id: str, now: datetime
) -> tuple[Sheet, ...]:
    """A fresh form for each programme the person is under management in; none outside the catchment."""
    person = session.execute(
        select(Person, Facility.name)
        .outerjoin(Facility, col(Facility.id) == col(Person.facility_id))
        .where(col(Person.id) == person_id)
        .where(reader.people())
    ).first()
    if person is None:
        return ()
    today = china_date(now)
    running = session.exec(
        select(Enrolment.programme)
        .where(Enrolment.person_id == person_id)
        .where(col(Enrolment.ended_on).is_(None))
        .order_by(col(Enrolment.programme))
    ).all()
    rows = [
        FollowUp(id="", person_id=person_id, programme=name, due_on=today, mode=Mode.FACE_TO_FACE)
        for name in running
    ]
    around = _Around.load(session, [person_id], now)
    return tuple(_sheet(vault, row, person[0], person[1], around, now) for row in rows)


def open_words(
    vault: Vault, sealed: bytes | None, row_id: str, place: str = WORDS
) -> dict[str, str]:
    """The words of a form; none when they do not open: a form that is half readable beats none."""
    if sealed is None:
        return {}
    try:
        found: dict[str, str] = json.loads(vault.open(sealed, place, row_id))
    except VaultError:
        return {}
    return found


def seal_words(
    vault: Vault, words: Mapping[str, str], row_id: str, place: str = WORDS
) -> bytes | None:
    if not words:
        return None
    return vault.seal(json.dumps(dict(words), ensure_ascii=False), place, row_id)


def stamp_of(row: FollowUp, words: Mapping[str, str]) -> str:
    """A short digest of what can change, so that a page knows whether somebody else was there."""
    content = json.dumps(
        [row.state, row.mode, row.form, sorted(words.items()), str(row.signed_at)], sort_keys=True
    )
    return hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Around:
    """What the sheets of several people need, by person."""

    readings: Mapping[str, list[StoredReading]]
    history: Mapping[str, list[FollowUp]]
    programmes: Mapping[str, set[Programme]]
    alarms: Mapping[str, list[Escalation]]

    @classmethod
    def load(cls, session: Session, person_ids: Iterable[str], now: datetime) -> _Around:
        ids = list(set(person_ids))
        readings = session.exec(
            select(StoredReading)
            .where(col(StoredReading.person_id).in_(ids))
            .where(StoredReading.state == STORED)
            .where(StoredReading.basis == "measured")
            .where(col(StoredReading.taken_at) >= now - _LOOKS_BACK)
            .order_by(col(StoredReading.taken_at), col(StoredReading.id))
        ).all()
        history = session.exec(
            select(FollowUp)
            .where(col(FollowUp.person_id).in_(ids))
            .where(col(FollowUp.classification).is_not(None))
            .order_by(col(FollowUp.due_on).desc(), col(FollowUp.id).desc())
        ).all()
        enrolments = session.exec(
            select(Enrolment)
            .where(col(Enrolment.person_id).in_(ids))
            .where(col(Enrolment.ended_on).is_(None))
        ).all()
        alarms = session.exec(
            select(Escalation)
            .where(col(Escalation.person_id).in_(ids))
            .where(or_(Escalation.state != CLOSED, col(Escalation.opened_at) >= now - _LOOKS_BACK))
        ).all()
        programmes: dict[str, set[Programme]] = defaultdict(set)
        for one in enrolments:
            programmes[one.person_id].add(Programme(one.programme))
        return cls(_by_person(readings), _by_person(history), programmes, _by_person(alarms))


def _by_person(rows: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.person_id].append(row)
    return found


def _sheets(
    session: Session,
    vault: Vault,
    reader: Reader,
    wanted: ColumnElement[bool],
    now: datetime,
    most: int | None = None,
) -> tuple[Sheet, ...]:
    rows = session.execute(
        select(FollowUp, Person, Facility.name)
        .join(Person, col(Person.id) == col(FollowUp.person_id))
        .outerjoin(Facility, col(Facility.id) == col(Person.facility_id))
        .where(wanted)
        .where(reader.people())
        .order_by(col(FollowUp.closed_at), col(FollowUp.id))
        .limit(most)
    ).all()
    around = _Around.load(session, [row.person_id for row, *_ in rows], now)
    return tuple(_sheet(vault, row, person, place, around, now) for row, person, place in rows)


def _sheet(
    vault: Vault, row: FollowUp, person: Person, village: str | None, around: _Around, now: datetime
) -> Sheet:
    programme = Programme(row.programme)
    official = form(programme)
    today = china_date(now)
    words = open_words(vault, row.words_sealed, row.id)
    before = [
        one
        for one in around.history[person.id]
        if one.programme == row.programme
        and one.id != row.id
        and (one.held_on or one.due_on) <= (row.held_on or row.due_on if row.id else today)
    ]
    last = next((one for one in before if one.state == SIGNED and one.form), None)
    readings = around.readings[person.id]
    began, ended = _window(row, now)
    during = [one for one in readings if began <= one.taken_at <= ended]
    if row.mode == Mode.FACE_TO_FACE:
        # What was measured at home is not what the doctor measures now.
        during = [one for one in during if one.setting == Setting.CLINIC]
    taken = [Taken(as_reading(r), Setting(r.setting), r.taken_at) for r in during]
    drafted = prefill(official, row.answers, taken, person.height_cm)
    values: Mapping[str, Any] = {**row.form, **words}
    return Sheet(
        id=row.id,
        programme=programme,
        state=row.state,
        mode=Mode(row.mode),
        due_on=row.due_on,
        held_on=row.held_on or (china_date(row.closed_at) if row.closed_at else today),
        who=_who(vault, person, village),
        form=official,
        values=values or drafted.values,
        origins={} if values else drafted.origins,
        measured=measured(drafted.values),
        known=_known(vault, row, person, around, before, last, readings, began, today),
        last_on=last.held_on if last else None,
        home=tuple(r for r in reversed(readings) if r.setting == Setting.HOME),
        clinic=tuple(r for r in reversed(readings) if r.setting == Setting.CLINIC),
        alarmed=any(
            one.state != CLOSED or began <= one.opened_at <= ended
            for one in around.alarms[person.id]
        ),
        signed_by=row.signed_by,
        signed_at=row.signed_at,
        saved=bool(row.form),
        stamp=stamp_of(row, words),
    )


def _who(vault: Vault, person: Person, village: str | None) -> Who:
    return Who(
        id=person.id,
        name=readable(vault, person.name_sealed, "persons.name", person.id) or "",
        sex=person.sex,
        born_on=person.born_on,
        village=village,
        phone=readable(vault, person.phone_sealed, "persons.phone", person.id) or None,
        facility_id=person.facility_id,
        status=person.status,
        height_cm=person.height_cm,
        drugs=tuple(person.drugs),
    )


def _known(
    vault: Vault,
    row: FollowUp,
    person: Person,
    around: _Around,
    before: Sequence[FollowUp],
    last: FollowUp | None,
    readings: Sequence[StoredReading],
    began: datetime,
    today: date,
) -> Known:
    findings = protocol().concepts
    said = row.answers.get("symptoms", ())
    return Known(
        background=Background(
            age=age_on(person.born_on, today),
            conditions=frozenset(around.programmes[person.id]),
            pregnant=person.pregnant,
            drugs=frozenset(person.drugs),
        ),
        previous=tuple(VisitClass(one.classification) for one in before if one.classification),
        recent=tuple(as_reading(one) for one in readings if one.taken_at < began),
        findings=frozenset(code for code in said if code in findings),
        last={**last.form, **open_words(vault, last.words_sealed, last.id)} if last else {},
        height_cm=person.height_cm,
    )


def _window(row: FollowUp, now: datetime) -> tuple[datetime, datetime]:
    """The time of the contact: what was measured in it may stand on its form."""
    morning = datetime.combine(china_date(now), time.min, tzinfo=CHINA)
    began = row.opened_at or (min(morning, row.closed_at) if row.closed_at else morning)
    ended = row.closed_at + OBJECTION_TIME if row.closed_at else now
    return began, max(ended, began)
