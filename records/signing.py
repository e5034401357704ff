"""Saving and signing the form of a follow-up, alone or many unremarkable ones at once.

A signed form is never overwritten: a correction is one more row of `signed_forms`. Signing plans the
next follow-up, keeps what was measured, and takes the person off the call list, all or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, or_, select, update

from care.cadence import Purpose
from care.entry import REASON, Entry
from care.filling import words
from care.form import Mode
from care.reading import Reading
from records import audit, follow_ups, life
from records.caseload import called
from records.follow_ups import DRAFT, SIGNED
from records.forms import SIGNABLE, Sheet, named, open_words, seal_words, sheet, stamp_of
from records.identity import new_id
from records.measuring import keep_measured
from records.people import china_date
from records.reader import Reader
from records.tables import FollowUp, Person, Practitioner, SignedForm, Task
from records.tasks import CALL
from records.vault import Vault

FORM_WORDS = "signed_forms.words"
# Why a person stood on the call list, and no longer does once a contact is signed.
_ANSWERED = ("silent", "overdue", "not_bound", "call_later")
_OUTCOME = {Mode.MESSAGE: "done", Mode.PHONE: "reached", Mode.FACE_TO_FACE: "visited"}


@dataclass(frozen=True, slots=True)
class Signed:
    """What pressing the button did. When somebody was faster, `by` says who.

    `state`: signed, saved, changed (the form changed meanwhile), or the state that it has now.
    """

    done: bool
    follow_up_id: str
    person_id: str
    state: str
    by: str | None = None
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A draft that was not signed with the others, and why."""

    sheet: Sheet
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """How signing many at once went."""

    signed: tuple[Sheet, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One signed version of a form."""

    number: int
    by: str | None
    at: datetime
    mode: str
    classification: str | None


def save(
    session: Session,
    vault: Vault,
    reader: Reader,
    follow_up_id: str,
    entry: Entry,
    *,
    typed_stamp: str,
    now: datetime,
) -> Signed | None:
    """Keep what was filled in so far; nothing is signed by it."""
    found = _locked(session, vault, reader, follow_up_id, now)
    if found is None:
        return None
    row, _ = found
    if row.state not in SIGNABLE or _stamp(vault, row) != typed_stamp:
        return _too_late(session, vault, row)
    row.held_on, row.mode = entry.held_on, entry.mode
    _put(vault, row, entry, without=entry.by_rules)
    session.add(row)
    _note(session, reader, "save", row, now, mode=entry.mode)
    return Signed(done=True, follow_up_id=row.id, person_id=row.person_id, state="saved")


def sign(
    session: Session,
    vault: Vault,
    reader: Reader,
    follow_up_id: str,
    entry: Entry,
    *,
    typed_stamp: str,
    now: datetime,
) -> Signed | None:
    """Sign a form, or a correction of a signed one.

    The stamp is that of the row the doctor had in front of her: of two doctors one wins. The same
    form sent twice is one signature.
    """
    found = _locked(session, vault, reader, follow_up_id, now)
    if found is None:
        return None
    row, before = found
    if _same(vault, row, entry, reader):
        return Signed(True, row.id, row.person_id, SIGNED)
    if row.state not in (*SIGNABLE, SIGNED) or _stamp(vault, row) != typed_stamp:
        return _too_late(session, vault, row)
    return write_signature(session, vault, reader, row, entry, now=now, already=before.measured)


def write_signature(
    session: Session,
    vault: Vault,
    reader: Reader,
    row: FollowUp,
    entry: Entry,
    *,
    now: datetime,
    already: tuple[Reading, ...] = (),
    version_id: str | None = None,
) -> Signed:
    """Everything that a signature does, on a row the caller holds.

    `already`: what the contact's own readings put on the form; it is not stored a second time.
    """
    corrected = row.state == SIGNED
    row.state, row.mode, row.held_on = SIGNED, entry.mode, entry.held_on
    row.signed_by, row.signed_at = reader.practitioner_id, now
    row.closed_at = row.closed_at or now
    row.next_step_at = None
    found = entry.decided.result.visit_class
    row.classification = found.value if found else None
    row.next_due_on = entry.next_on
    _put(vault, row, entry)
    session.add(row)
    session.flush()
    number = _add_version(session, vault, reader, row, entry, now=now, version_id=version_id)
    case_id = keep_measured(session, vault, reader, row, entry, already, now=now)
    _plan_next(session, row, entry)
    _off_the_call_list(session, reader, row, now)
    _note(
        session,
        reader,
        "correct" if corrected else "sign",
        row,
        now,
        mode=entry.mode,
        number=number,
        classification=row.classification,
        proposed=entry.proposal.result.visit_class,
    )
    return Signed(True, row.id, row.person_id, SIGNED, case_id=case_id)


def sign_many(
    session: Session, vault: Vault, reader: Reader, follow_up_ids: Sequence[str], now: datetime
) -> Batch:
    """Sign those that are still unremarkable, each looked at again now."""
    today = china_date(now)
    signed: list[Sheet] = []
    left: list[Left] = []
    held = _held(session, follow_up_ids)
    for one in named(session, vault, reader, follow_up_ids, now):
        row = held[one.id]
        entry, why = one.draft(today)
        if row.state != DRAFT:
            left.append(Left(one, ("not_a_draft",)))
        elif why or entry.problems:
            left.append(Left(one, why or ("complete",)))
        else:
            write_signature(session, vault, reader, row, entry, now=now, already=one.measured)
            signed.append(one)
    return Batch(tuple(signed), tuple(left))


def versions(session: Session, vault: Vault, follow_up_id: str) -> tuple[Version, ...]:
    """The signed versions of a form, the first one first."""
    rows = session.execute(
        select(SignedForm, Practitioner)
        .outerjoin(Practitioner, col(Practitioner.id) == col(SignedForm.signed_by))
        .where(SignedForm.follow_up_id == follow_up_id)
        .order_by(col(SignedForm.number))
    ).all()
    return tuple(
        Version(row.number, called(vault, by), row.signed_at, row.mode, row.classification)
        for row, by in rows
    )


def _locked(
    session: Session, vault: Vault, reader: Reader, follow_up_id: str, now: datetime
) -> tuple[FollowUp, Sheet] | None:
    """The row, held until the transaction ends, and its sheet; None outside the catchment."""
    before = sheet(session, vault, reader, follow_up_id, now)
    if before is None:
        return None
    return _held(session, [follow_up_id])[follow_up_id], before


def _held(session: Session, follow_up_ids: Sequence[str]) -> dict[str, FollowUp]:
    """These rows as they are now, held until the transaction ends."""
    rows = session.exec(
        select(FollowUp)
        .where(col(FollowUp.id).in_(follow_up_ids))
        .order_by(col(FollowUp.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    return {row.id: row for row in rows}


def _stamp(vault: Vault, row: FollowUp) -> str:
    return stamp_of(row, open_words(vault, row.words_sealed, row.id))


def _put(vault: Vault, row: FollowUp, entry: Entry, without: frozenset[str] = frozenset()) -> None:
    values = {key: value for key, value in entry.values.items() if key not in without}
    coded, said = words(entry.form, values)
    if entry.reason:
        said[REASON] = entry.reason
    row.form, row.words_sealed = coded, seal_words(vault, said, row.id)


def _same(vault: Vault, row: FollowUp, entry: Entry, reader: Reader) -> bool:
    """Whether this very reader signed this very form already: a second tap on the same button."""
    if row.state != SIGNED or row.signed_by != reader.practitioner_id:
        return False
    coded, said = words(entry.form, entry.values)
    if entry.reason:
        said[REASON] = entry.reason
    known = (row.mode, row.form, open_words(vault, row.words_sealed, row.id))
    return known == (entry.mode, coded, said)


def _add_version(
    session: Session,
    vault: Vault,
    reader: Reader,
    row: FollowUp,
    entry: Entry,
    *,
    now: datetime,
    version_id: str | None,
) -> int:
    last = session.exec(
        select(func.max(SignedForm.number)).where(SignedForm.follow_up_id == row.id)
    ).one()
    number = (last or 0) + 1
    version = SignedForm(
        id=version_id or new_id(),
        follow_up_id=row.id,
        person_id=row.person_id,
        number=number,
        mode=row.mode,
        held_on=entry.held_on,
        form=dict(row.form),
        classification=row.classification,
        next_due_on=row.next_due_on,
        signed_by=reader.practitioner_id,
        signed_at=now,
    )
    said = open_words(vault, row.words_sealed, row.id)
    version.words_sealed = seal_words(vault, said, version.id, FORM_WORDS)
    session.add(version)
    session.flush()
    return number


def _plan_next(session: Session, row: FollowUp, entry: Entry) -> None:
    """Nothing more is planned for who died, moved or refuses; for who is away, on the return."""
    person = session.get_one(Person, row.person_id)
    if person.status in life.GONE:
        return
    purpose, on = entry.decided.due.purpose, entry.next_on
    if on > entry.decided.due.on:
        purpose = Purpose.ROUTINE
    if person.status == life.AWAY and person.away_until is not None:
        on = max(on, person.away_until)
    follow_ups.replan(session, row.person_id, row.programme, on, purpose)


def _off_the_call_list(session: Session, reader: Reader, row: FollowUp, now: datetime) -> None:
    """Whoever was reached need not be phoned for the same thing."""
    this_one = col(Task.follow_up_id) == row.id
    reasons = or_(this_one, col(Task.reason).in_(_ANSWERED))
    session.execute(
        update(Task)
        .where(col(Task.person_id) == row.person_id)
        .where(col(Task.kind) == CALL)
        .where(col(Task.closed_at).is_(None))
        .where(this_one if row.mode == Mode.MESSAGE else reasons)
        .values(closed_at=now, closed_by=reader.practitioner_id, outcome=_OUTCOME[Mode(row.mode)])
        .execution_options(synchronize_session=False)
    )


def _too_late(session: Session, vault: Vault, row: FollowUp) -> Signed:
    by = called(vault, session.get(Practitioner, row.signed_by)) if row.signed_by else None
    state = row.state if row.state == SIGNED else "changed"
    return Signed(False, row.id, row.person_id, state, by=by)


def _note(
    session: Session, reader: Reader, action: str, row: FollowUp, now: datetime, **detail: object
) -> None:
    audit.note(
        session,
        actor=reader.actor,
        action=action,
        subject="follow_up",
        subject_id=row.id,
        person_id=row.person_id,
        facility_id=reader.facility_id,
        now=now,
        detail={"programme": row.programme, **detail},
    )
