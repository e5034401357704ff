"""Two records of one person become one, and two again when it was a mistake.

Every row that names the merged person is moved to the one kept, and a journal says which, so that
undoing moves exactly those back. What cannot be moved, because the one kept has the same, stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Table, UniqueConstraint
from sqlmodel import Session, col, select, update

from records import audit
from records.follow_ups import CANCELLED, OPEN, PLANNED
from records.people import china_date
from records.reader import MERGED, Reader
from records.register.fields import put, values_of
from records.register.identities import canonical_of
from records.sms_contacts import follow_the_file
from records.tables import Enrolment, FollowUp, Merger, Person, PersonContact, metadata
from records.vault import Vault

_PERSONS = "persons.id"
# Evidence stays where it is; what is derived is derived again.
_STAYS = frozenset(
    {
        "audit_events",
        "closed_tallies",
        "distinctions",
        "import_rows",
        "last_looks",
        "mergers",
        "monthly_states",
        "state_revisions",
        "touched",
    }
)
_FILLED = ("phone", "identity_number", "sex", "born_on", "height_cm", "emergency", "drugs", "name")


class MergeError(ValueError):
    """These two cannot be put together. `code`: identity, gone or later."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def merge(
    session: Session, vault: Vault, reader: Reader, kept_id: str, merged_id: str, now: datetime
) -> Merger | None:
    """Put the second into the first. None when this reader may not see both.

    Raises:
        MergeError: their identity numbers say that they are two people.
    """
    found = {person.id: person for person in _locked(session, reader, (kept_id, merged_id))}
    if len(found) != 2 or MERGED in {one.status for one in found.values()}:  # noqa: PLR2004
        return None
    kept, merged = found[kept_id], found[merged_id]
    _same_identity(vault, kept, merged)
    journal: dict[str, Any] = {
        "before": {
            "status": merged.status,
            "since": merged.status_since.isoformat() if merged.status_since else None,
        },
        "cancelled": _one_plan_each(session, kept, merged),
        "moved": [],
    }
    for table, column in _links():
        moved = _move(session, table, column, merged.id, kept.id)
        if moved:
            journal["moved"].append([table.name, column.name, moved])
    journal["unlinked"] = _unlink(session, merged, now)
    journal["ended"] = _end(session, merged, now)
    journal["filled"] = _fill(vault, kept, merged)
    merged.status, merged.merged_into, merged.status_since = MERGED, kept.id, now
    # Nobody is found under two records by one phone or one identity number.
    merged.phone_index = merged.identity_number_index = None
    merger = Merger(
        kept_id=kept.id,
        merged_id=merged.id,
        journal=journal,
        merged_by=reader.practitioner_id,
        merged_at=now,
    )
    session.add_all([kept, merged, merger])
    _note(session, reader, "person.merged", merger, now)
    session.flush()
    follow_the_file(session, vault, kept, now)
    return merger


def undo(session: Session, vault: Vault, reader: Reader, merger_id: str, now: datetime) -> bool:
    """Make them two again. False when there is nothing to undo for this reader.

    Raises:
        MergeError: the one kept was merged into somebody else since; undo that first.
    """
    merger = session.exec(
        select(Merger).where(Merger.id == merger_id).with_for_update()
    ).one_or_none()
    if merger is None or merger.undone_at is not None:
        return False
    kept, merged = (
        session.get_one(Person, merger.kept_id),
        session.get_one(Person, merger.merged_id),
    )
    if kept.status == MERGED:
        raise MergeError("later")  # noqa: EM101 - a code
    if not _locked(session, reader, (kept.id,)) or merged.status != MERGED:
        return False
    tables = {table.name: table for table in metadata.tables.values()}
    for name, column, ids in merger.journal["moved"]:
        table = tables[name]
        session.execute(
            update(table)
            .where(table.c.id.in_(ids))
            .where(table.c[column] == kept.id)
            .values({column: merged.id})
        )
    _bring_back(session, merger.journal)
    _empty(vault, kept, merger.journal["filled"])
    before = merger.journal["before"]
    merged.status, merged.merged_into = before["status"], None
    merged.status_since = datetime.fromisoformat(before["since"]) if before["since"] else None
    _index_again(vault, merged)
    merger.undone_by, merger.undone_at = reader.practitioner_id, now
    session.add_all([kept, merged, merger])
    _note(session, reader, "person.unmerged", merger, now)
    session.flush()
    session.expire_all()
    follow_the_file(session, vault, kept, now)
    return True


def _locked(session: Session, reader: Reader, ids: tuple[str, ...]) -> list[Person]:
    """In one order, so that two doctors who press at once do not wait for each other for ever."""
    return list(
        session.exec(
            select(Person)
            .where(col(Person.id).in_(ids))
            .where(reader.people())
            .order_by(col(Person.id))
            .with_for_update()
        ).all()
    )


def _same_identity(vault: Vault, kept: Person, merged: Person) -> None:
    numbers = {
        canonical_of(number)
        for person in (kept, merged)
        if (number := values_of(vault, person).get("identity_number"))
    }
    if len(numbers) > 1:
        raise MergeError("identity")  # noqa: EM101 - a code


def _links() -> Iterator[tuple[Table, Column[Any]]]:
    """Every column of every table that names a person."""
    for table in metadata.sorted_tables:
        if table.name in _STAYS:
            continue
        for column in table.columns:
            if any(key.target_fullname == _PERSONS for key in column.foreign_keys):
                yield table, column


def _move(session: Session, table: Table, column: Column[Any], merged: str, kept: str) -> list[str]:
    """Move the rows that may be moved. Returns their ids."""
    unique = [
        [one for one in constraint.columns if one.name != column.name]
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint) and column.name in constraint.columns
    ]
    ids = {
        str(one) for one in session.execute(select(table.c.id).where(column == merged)).scalars()
    }
    for others in unique:
        taken = {tuple(row) for row in session.execute(select(*others).where(column == kept))}
        rows = session.execute(select(table.c.id, *others).where(column == merged)).all()
        ids -= {str(row[0]) for row in rows if tuple(row[1:]) in taken}
    if ids:
        session.execute(update(table).where(table.c.id.in_(ids)).values({column.name: kept}))
    return sorted(ids)


def _one_plan_each(session: Session, kept: Person, merged: Person) -> dict[str, str]:
    """A programme has one plan ahead: where the one kept has one, the other's is cancelled."""
    rows = session.exec(
        select(FollowUp)
        .where(col(FollowUp.person_id).in_((kept.id, merged.id)))
        .where(col(FollowUp.state).in_((PLANNED, OPEN)))
    ).all()
    has = {row.programme for row in rows if row.person_id == kept.id}
    cancelled = {}
    for row in rows:
        if row.person_id == merged.id and row.programme in has:
            cancelled[row.id] = row.state
            row.state = CANCELLED
            session.add(row)
    session.flush()
    return cancelled


def _unlink(session: Session, merged: Person, now: datetime) -> list[str]:
    """Links the one kept has too."""
    rows = session.exec(
        select(PersonContact)
        .where(PersonContact.person_id == merged.id)
        .where(col(PersonContact.unlinked_at).is_(None))
    ).all()
    for row in rows:
        row.unlinked_at = now
    session.add_all(rows)
    return [row.id for row in rows]


def _end(session: Session, merged: Person, now: datetime) -> list[str]:
    """Programmes the one kept is in too: nobody is counted twice."""
    rows = session.exec(
        select(Enrolment)
        .where(Enrolment.person_id == merged.id)
        .where(col(Enrolment.ended_on).is_(None))
    ).all()
    for row in rows:
        row.ended_on, row.ended_reason = china_date(now), MERGED
    session.add_all(rows)
    return [row.id for row in rows]


def _fill(vault: Vault, kept: Person, merged: Person) -> dict[str, str]:
    """Give the one kept what it lacks; the journal remembers by blind index what was given."""
    have, other = values_of(vault, kept), values_of(vault, merged)
    filled = {}
    for name in _FILLED:
        if name in other and name not in have:
            put(vault, kept, name, other[name])
            filled[name] = vault.index(other[name], f"merger.{name}")
    return filled


def _empty(vault: Vault, kept: Person, filled: dict[str, str]) -> None:
    """Take back what was given, unless somebody changed it since."""
    now = values_of(vault, kept)
    for name, told in filled.items():
        if vault.index(now.get(name, ""), f"merger.{name}") != told:
            continue
        if name in {"sex", "born_on", "height_cm"}:
            setattr(kept, name, None)
        elif name == "drugs":
            kept.drugs = []
        else:
            setattr(kept, f"{name}_sealed", None)
            if name in {"phone", "identity_number"}:
                setattr(kept, f"{name}_index", None)


def _bring_back(session: Session, journal: dict[str, Any]) -> None:
    for follow_up_id, state in journal["cancelled"].items():
        session.execute(
            update(FollowUp)
            .where(col(FollowUp.id) == follow_up_id)
            .where(col(FollowUp.state) == CANCELLED)
            .values(state=state)
        )
    session.execute(
        update(PersonContact)
        .where(col(PersonContact.id).in_(journal["unlinked"]))
        .values(unlinked_at=None)
    )
    none: date | None = None
    session.execute(
        update(Enrolment)
        .where(col(Enrolment.id).in_(journal["ended"]))
        .where(col(Enrolment.ended_reason) == MERGED)
        .values(ended_on=none, ended_reason=None)
    )


def _index_again(vault: Vault, person: Person) -> None:
    values = values_of(vault, person)
    if "phone" in values:
        person.phone_index = vault.index(values["phone"], "phone")
    if "identity_number" in values:
        number = canonical_of(values["identity_number"])
        person.identity_number_index = vault.index(number, "identity")


def _note(session: Session, reader: Reader, action: str, merger: Merger, now: datetime) -> None:
    for person_id in (merger.kept_id, merger.merged_id):
        audit.note(
            session,
            actor=reader.actor,
            action=action,
            subject="merger",
            subject_id=merger.id,
            person_id=person_id,
            now=now,
        )
