"""A visit or a call that a doctor writes down on the spot: signed at once, one form per programme."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

from sqlmodel import Session, col, select

from care.entry import Entry
from care.protocol import protocol
from care.situation import Programme
from records.follow_ups import CANCELLED, OPEN, PLANNED, SIGNED, SILENT
from records.identity import new_id
from records.reader import Reader
from records.signing import Signed, write_signature
from records.tables import FollowUp, Person, SignedForm
from records.vault import Vault


def write_down(
    session: Session,
    vault: Vault,
    reader: Reader,
    person_id: str,
    entries: Mapping[Programme, Entry],
    *,
    once: str,
    now: datetime,
) -> tuple[Signed, ...] | None:
    """Sign a visit. `once` comes from the page: the same page sent twice is one visit."""
    person = session.exec(
        select(Person).where(Person.id == person_id).where(reader.people()).with_for_update()
    ).first()
    if person is None:
        return None
    done: list[Signed] = []
    for programme, entry in entries.items():
        version_id = str(uuid5(NAMESPACE_OID, f"visit:{person_id}:{programme}:{once}"))
        known = session.get(SignedForm, version_id)
        if known is not None:
            done.append(Signed(True, known.follow_up_id, person_id, SIGNED))
            continue
        row = _row(session, person_id, programme, entry.held_on)
        if row is None:
            done.append(_signed_today(session, person_id, programme, entry.held_on))
            continue
        done.append(
            write_signature(session, vault, reader, row, entry, now=now, version_id=version_id)
        )
    return tuple(done)


def _row(session: Session, person_id: str, programme: Programme, held_on: date) -> FollowUp | None:
    """The follow-up this contact fulfils, else a new one; None when the day's form is signed.

    What is being asked or was never answered comes first, then what is planned for these weeks.
    A draft of a message stays what it is: another contact.
    """
    near = held_on + timedelta(days=protocol().whole("unsatisfactory_days"))
    rows = session.exec(
        select(FollowUp)
        .where(FollowUp.person_id == person_id)
        .where(FollowUp.programme == programme)
        .where(col(FollowUp.due_on) <= near)
        .order_by(col(FollowUp.due_on).desc())
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for state in (OPEN, SILENT, PLANNED):
        waiting = [row for row in rows if row.state == state]
        if waiting:
            return waiting[0]
    today = next((row for row in rows if row.due_on == held_on), None)
    if today is None:
        row = FollowUp(
            id=new_id(),
            person_id=person_id,
            programme=programme,
            due_on=held_on,
            reason="visit",
            state=OPEN,
        )
        session.add(row)
        session.flush()
        return row
    return today if today.state == CANCELLED else None


def _signed_today(session: Session, person_id: str, programme: Programme, held_on: date) -> Signed:
    row = session.exec(
        select(FollowUp)
        .where(FollowUp.person_id == person_id)
        .where(FollowUp.programme == programme)
        .where(FollowUp.due_on == held_on)
    ).one()
    return Signed(False, row.id, person_id, row.state)
