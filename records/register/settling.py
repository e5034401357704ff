"""Puts one row into the records: a new person, or what changed in a known one, with its audit.

Three sides are compared: what the last import left, what the record holds now, and what the sheet
says. Somebody who changed the record since is never overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlmodel import Session, SQLModel, col, select

from care.cadence import Purpose, add_months
from care.protocol import protocol
from care.reading import Reading
from records import audit, readings
from records.identity import new_id
from records.people import china_date
from records.register.entry import Entry
from records.register.fields import put, values_of
from records.register.identities import canonical_of
from records.register.known import Known
from records.register.reasons import Note
from records.sms_contacts import follow_the_file
from records.tables import Enrolment, Facility, FollowUp, ImportRow, Person, StoredReading
from records.times import CHINA
from records.vault import Vault

CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"
REPEATED, FAILED, LEFT_OUT, WAITING = "repeated", "failed", "left_out", "waiting"
REGISTER = "register"
_ACTIVE = "active"
# A register tells the day of a visit, not the hour.
_NOON = time(12, 0, tzinfo=CHINA)
# Overdue people of a whole township do not all ring on the day of the import.
_SPREAD_DAYS = 28


@dataclass(slots=True)
class Settled:
    """What became of a row."""

    state: str
    person: Person | None = None
    notes: list[Note] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Desk:
    """What settling a row needs beside the row."""

    session: Session
    vault: Vault
    known: Known
    actor: str
    run_id: str
    now: datetime
    later: list[SQLModel] = field(default_factory=list)

    def flush(self) -> None:
        """People first: what belongs to them refers to their rows."""
        self.session.flush()
        self.session.add_all(self.later)
        self.later.clear()
        self.session.flush()


def settle(
    desk: Desk, entry: Entry, place: Facility, key: str, number: int, above: bool
) -> Settled:
    """Register or bring up to date. `above`: an earlier row of this sheet is the same person."""
    found = _meant(desk, entry, place, key)
    if isinstance(found, Note):
        return Settled(FAILED, None, [*entry.notes, found])
    if found is None:
        return _create(desk, entry, place, key, number)
    return _update(desk, entry, place, found, key, above=above)


def _meant(desk: Desk, entry: Entry, place: Facility, key: str) -> Person | Note | None:
    known, vault = desk.known, desk.vault
    if entry.identity:
        person = known.by_identity.get(vault.index(entry.identity, "identity"))
        if person is not None:
            if person.facility_id is not None and person.facility_id not in known.places:
                return Note("identity_elsewhere", "identity_number")
            if known.name(person) not in {"", entry.values["name"]}:
                return Note("identity_other_name", "name")
            return person
    person = known.by_key.get(key) or known.same(entry, place)
    if person is None or not entry.identity or not person.identity_number_index:
        return person
    return Note("identity_differs", "identity_number")


def _create(desk: Desk, entry: Entry, place: Facility, key: str, number: int) -> Settled:
    vault, now = desk.vault, desk.now
    resembles = desk.known.resembles(entry)
    person = Person(id=new_id(), registered_at=now, status=entry.status or _ACTIVE)
    if person.status != _ACTIVE:
        person.status_since = now
    for name, value in entry.values.items():
        put(vault, person, name, value)
    person.facility_id = place.id
    desk.session.add(person)
    desk.later += _enrolments(entry, person, china_date(now))
    if person.status == _ACTIVE:
        desk.later += _plans(entry, person, number, china_date(now))
    desk.later += [_stored(desk, entry, reading, person.id) for reading in entry.readings]
    _note(desk, "person.registered", person, sorted(entry.values))
    desk.known.add(person, key)
    notes = [*entry.notes, Note("looks_like", "name")] if resembles else entry.notes
    return Settled(
        CREATED, person, notes, _written(vault, {**entry.values, "facility_id": place.id})
    )


def _update(
    desk: Desk, entry: Entry, place: Facility, person: Person, key: str, *, above: bool
) -> Settled:
    desk.flush()
    change = _compared(desk, {**entry.values, "facility_id": place.id}, person, above=above)
    touched = [*change.touched, *_more(desk, entry, person)]
    notes = [*entry.notes, *change.notes]
    if entry.status and entry.status != person.status:
        notes.append(Note("status_by_hand", "status"))
    if touched:
        desk.session.add(person)
        if "phone" in touched:
            follow_the_file(desk.session, desk.vault, person, desk.now)
        _note(desk, "person.imported", person, touched)
    desk.known.add(person, key)
    if above:
        notes.append(Note("same_person_above", ""))
        return Settled(REPEATED, person, list(dict.fromkeys(notes)), change.written)
    return Settled(UPDATED if touched else UNCHANGED, person, notes, change.written)


@dataclass(slots=True)
class _Change:
    touched: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)


def _compared(desk: Desk, wanted: dict[str, str], person: Person, *, above: bool) -> _Change:
    """Write what is blank, and what nobody has changed since the last import wrote it."""
    vault, now = desk.vault, values_of(desk.vault, person)
    left = _last_import(desk.session, person.id)
    change = _Change(written=dict(left))
    for name, value in wanted.items():
        have, told = now.get(name), _index(vault, name, value)
        if have is not None and not _same(name, have, value):
            if above:
                change.notes.append(Note("same_person_above", name))
                continue
            if left.get(name) == told:
                continue
            if left.get(name) != _index(vault, name, have):
                change.notes.append(Note("kept_newer", name))
                continue
        # Of two writings of one identity number the longer one is today's.
        if have is None or not _same(name, have, value) or len(have) < len(value):
            put(vault, person, name, value)
            change.touched.append(name)
        change.written[name] = told
    return change


def _same(name: str, have: str, value: str) -> bool:
    """The old and the new form of an identity number are one number."""
    if name == "identity_number":
        return canonical_of(have) == canonical_of(value)
    return have == value


def _more(desk: Desk, entry: Entry, person: Person) -> list[str]:
    """Programmes, the date of a diagnosis and readings that are not there yet."""
    session = desk.session
    enrolled = {
        one.programme: one
        for one in session.exec(select(Enrolment).where(Enrolment.person_id == person.id))
    }
    added = []
    for row in _enrolments(entry, person, china_date(desk.now)):
        known = enrolled.get(row.programme)
        if known is None:
            session.add(row)
            added.append("programme")
        elif known.diagnosed is None and row.diagnosed:
            known.diagnosed = row.diagnosed
            session.add(known)
            added.append("diagnosed")
    if "programme" in added and person.status == _ACTIVE:
        new = [
            one
            for one in _plans(entry, person, 0, china_date(desk.now))
            if one.programme not in enrolled
        ]
        session.add_all(new)
    return added + [
        reading.kind for reading in entry.readings if _read_again(desk, entry, reading, person)
    ]


def _read_again(desk: Desk, entry: Entry, reading: Reading, person: Person) -> bool:
    """Store a reading unless it is there; a corrected one replaces what an import brought before."""
    row = _stored(desk, entry, reading, person.id)
    there = desk.session.exec(
        select(StoredReading)
        .where(StoredReading.person_id == person.id)
        .where(StoredReading.source == REGISTER)
        .where(StoredReading.kind == row.kind)
        .where(StoredReading.taken_at == row.taken_at)
    ).all()
    values = (row.systolic, row.diastolic, row.value)
    if any((one.systolic, one.diastolic, one.value) == values for one in there):
        return False
    desk.session.add(row)
    desk.session.flush()
    readings.replace(desk.session, [one.id for one in there], row.id)
    return True


def _stored(desk: Desk, entry: Entry, reading: Reading, person_id: str) -> StoredReading:
    day = date.fromisoformat(str(entry.last_visit))
    return StoredReading(
        id=new_id(),
        person_id=person_id,
        kind=reading.kind,
        systolic=reading.systolic,
        diastolic=reading.diastolic,
        value=reading.value,
        context=reading.context,
        setting="clinic",
        source=REGISTER,
        taken_at=datetime.combine(day, _NOON),
        recorded_at=desk.now,
        recorded_by=desk.actor.removeprefix("practitioner:"),
    )


def _enrolments(entry: Entry, person: Person, today: date) -> list[Enrolment]:
    since = date.fromisoformat(entry.enrolled_on) if entry.enrolled_on else today
    return [
        Enrolment(
            person_id=person.id, programme=programme, enrolled_on=since, diagnosed=entry.diagnosed
        )
        for programme in entry.programmes
    ]


def _plans(entry: Entry, person: Person, number: int, today: date) -> list[FollowUp]:
    """The next contact: three months after the last visit; what is overdue is spread over weeks."""
    due = today
    if entry.last_visit:
        last = date.fromisoformat(entry.last_visit)
        due = add_months(last, protocol().whole("routine_months"))
    if due <= today:
        due = today + timedelta(days=1 + number % _SPREAD_DAYS)
    return [
        FollowUp(person_id=person.id, programme=programme, due_on=due, reason=Purpose.ROUTINE)
        for programme in entry.programmes
    ]


def _last_import(session: Session, person_id: str) -> dict[str, str]:
    found = session.exec(
        select(ImportRow.written)
        .where(ImportRow.person_id == person_id)
        .where(col(ImportRow.settled_at).is_not(None))
        .order_by(col(ImportRow.settled_at).desc(), col(ImportRow.id).desc())
        .limit(1)
    ).first()
    return dict(found or {})


def _written(vault: Vault, values: dict[str, str]) -> dict[str, str]:
    return {name: _index(vault, name, value) for name, value in values.items()}


def _index(vault: Vault, name: str, value: str) -> str:
    return vault.index(value, f"register.value.{name}")


def _note(desk: Desk, action: str, person: Person, fields: list[str]) -> None:
    audit.note(
        desk.session,
        actor=desk.actor,
        action=action,
        subject="person",
        subject_id=person.id,
        person_id=person.id,
        facility_id=person.facility_id,
        now=desk.now,
        detail={"import": desk.run_id, "fields": fields},
    )
