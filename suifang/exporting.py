"""FHIR and a person's own data as files, for the operator. Every export stands in the audit trail."""

from __future__ import annotations

import os
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from sqlmodel import Session, col, select

from records import audit, erasing
from records.erasing import EraseError
from records.reader import ERASED, MERGED
from records.tables import Facility, Person
from reports import own_copy
from reports.fhir import export, resources
from reports.fhir.resources import Resource
from suifang import clock
from suifang.errors import ConfigurationError
from suifang.importing import facility_named
from suifang.installation import Installation

_NOBODY = (MERGED, ERASED)
_NOT_NOW = {
    "gone": "没有这个人，或者已经删除。",
    "open_case": "这个人还有没结案的情况，可能要联系，先结案再删除。",
}


def export_person(
    installation: Installation, person_id: str, folder: Path, *, identified: bool
) -> Path:
    """One person as a Bundle."""
    now = clock.now()
    with installation.database.transaction() as session:
        person = person_of(session, person_id)
        found = export.facilities_above(session, person.facility_id)
        found += export.of_person(session, installation.vault, person, identified=identified)
        text = export.as_json(export.bundle(found, now))
        _note(session, "person.exported", person_id, person.facility_id, now, person_id)
    path = folder / f"person-{person_id[-12:]}.json"
    with _private(path) as file:
        file.write(text)
    return path


def export_catchment(
    installation: Installation, screen: Console, facility: str, folder: Path, *, identified: bool
) -> dict[str, int]:
    """Everybody of a catchment, one file for each type of resource. Returns how many of each."""
    root = facility_named(installation, facility)
    ids, places = _of_catchment(installation, root)
    counts: dict[str, int] = {}
    files: dict[str, TextIOWrapper] = {}

    def write(resource: Resource) -> None:
        kind = str(resource["resourceType"])
        if kind not in files:
            files[kind] = _private(folder / f"{kind}.ndjson")
        files[kind].write(export.as_json(resource) + "\n")
        counts[kind] = counts.get(kind, 0) + 1

    try:
        for resource in places:
            write(resource)
        with Progress(console=screen, transient=True) as progress:
            for person_id in progress.track(ids, description="导出"):
                with installation.database.reading() as session:
                    person = session.get_one(Person, person_id)
                    vault = installation.vault
                    for one in export.of_person(session, vault, person, identified=identified):
                        write(one)
    finally:
        for file in files.values():
            file.close()
    with installation.database.transaction() as session:
        _note(session, "catchment.exported", root.id, root.id, clock.now())
    return counts


def copy_for_person(installation: Installation, person_id: str, folder: Path) -> Path:
    """Everything kept about a person, for herself."""
    with installation.database.transaction() as session:
        person = person_of(session, person_id)
        content = own_copy.as_zip(own_copy.own_copy(session, installation.vault, person))
        facility_id = person.facility_id
        _note(session, "person.copied", person_id, facility_id, clock.now(), person_id)
    path = folder / f"person-{person_id[-12:]}.zip"
    with _private(path) as file:
        file.buffer.write(content)
    return path


def erase_person(installation: Installation, person_id: str) -> int:
    """Erase a person. Returns how many messages went."""
    try:
        with installation.database.transaction() as session:
            found = erasing.erase(
                session, installation.vault, person_id, actor="operator", now=clock.now()
            )
    except EraseError as error:
        raise ConfigurationError(_NOT_NOW[error.code]) from error
    return len(found.inbound) + len(found.outbound)


def person_of(session: Session, person_id: str) -> Person:
    """A person who is there to be exported or erased."""
    person = session.get(Person, person_id)
    if person is None or person.status in _NOBODY:
        msg = f"没有这个人：{person_id}。"
        raise ConfigurationError(msg)
    return person


def _of_catchment(installation: Installation, root: Facility) -> tuple[list[str], list[Resource]]:
    with installation.database.reading() as session:
        inside = select(Facility).where(col(Facility.path).startswith(root.path, autoescape=True))
        found = session.exec(inside).all()
        places = export.facilities_above(session, root.id)
        known = {one["id"] for one in places}
        places += [resources.organization(one) for one in found if one.id not in known]
        people = (
            select(Person.id)
            .where(col(Person.facility_id).in_([one.id for one in found]))
            .where(col(Person.status).not_in(_NOBODY))
            .order_by(col(Person.id))
        )
        return list(session.exec(people).all()), places


def _private(path: Path) -> TextIOWrapper:
    """A file that only its owner may read, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return TextIOWrapper(os.fdopen(os.open(path, flags, 0o600), "wb"), encoding="utf-8")


def _note(
    session: Session,
    action: str,
    subject_id: str,
    facility_id: str | None,
    now: datetime,
    person_id: str | None = None,
) -> None:
    audit.note(
        session,
        actor="operator",
        action=action,
        subject="person" if person_id else "facility",
        subject_id=subject_id,
        person_id=person_id,
        facility_id=facility_id,
        now=now,
    )
