"""Collects what belongs to a person, makes resources of it and lets the FHIR models check each.

A doctor's export holds name, phone and identity number: it goes to whoever treats the person next.
Without them, people get a pseudonym that only this installation's index key can make again.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from care.form import form
from care.situation import Programme
from records.follow_ups import SIGNED
from records.forms import open_words
from records.people import china_date
from records.readings import VALID
from records.register.fields import values_of
from records.tables import Consent, Enrolment, Facility, FollowUp, Person, StoredReading
from records.times import CHINA
from records.vault import Vault
from reports.fhir import resources
from reports.fhir.resources import Resource

# In a Bundle, "Patient/x" is found beside a full address of the same base.
_BASE = "http://suifang.invalid/fhir"
_HELD = (SIGNED, "draft")


class FhirError(ValueError):
    """A resource that FHIR's own models refuse: our mistake. Says which, never what was in it."""


def of_person(
    session: Session, vault: Vault, person: Person, *, identified: bool = True
) -> list[Resource]:
    """Everything of one person, the person first. Checked."""
    found = list(_of_person(session, vault, person, identified=identified))
    for resource in found:
        check(resource)
    return found


def facilities_above(session: Session, facility_id: str | None) -> list[Resource]:
    """The facility a person belongs to and those above it, so that every reference resolves."""
    place = session.get(Facility, facility_id) if facility_id else None
    found = []
    while place is not None:
        found.append(resources.organization(place))
        place = session.get(Facility, place.parent_id) if place.parent_id else None
    for resource in found:
        check(resource)
    return found


def bundle(found: list[Resource], now: datetime) -> Resource:
    """One person's resources in one Bundle. Checked."""
    made: Resource = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": now.astimezone(CHINA).isoformat(timespec="seconds"),
        "entry": [
            {"fullUrl": f"{_BASE}/{one['resourceType']}/{one['id']}", "resource": one}
            for one in found
        ],
    }
    check(made)
    return made


def check(resource: Resource) -> None:
    """Let the library's R4B models look at a resource.

    Raises:
        FhirError: with the names of the fields that are wrong.
    """
    kind = resource["resourceType"]
    # Imported by whoever exports: the models take a quarter of a second and 27 MB.
    module = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
    try:
        getattr(module, kind).model_validate(resource)
    except ValueError as error:
        fields: list[dict[str, Any]] = getattr(error, "errors", list)()
        places = {".".join(map(str, one.get("loc", ()))) for one in fields}
        msg = f"{kind}: {', '.join(sorted(places)) or type(error).__name__}"
        raise FhirError(msg) from None


def as_json(resource: Resource) -> str:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":"))


def _of_person(
    session: Session, vault: Vault, person: Person, *, identified: bool
) -> Iterator[Resource]:
    subject = person.id if identified else vault.index(person.id, "fhir.pseudonym")[:32]
    values = values_of(vault, person)
    shown = {key: values.get(key, "") for key in ("name", "phone", "identity_number")}
    yield resources.patient(person, subject, shown if identified else {})
    mine: dict[str, Any] = {"person": person.id}
    for enrolment in session.exec(_rows(Enrolment, **mine)):
        yield resources.condition(enrolment, subject)
    for reading in session.exec(_rows(StoredReading, **mine)):
        if reading.state in VALID:
            made = resources.observation(reading, subject, person.facility_id)
            if made is not None:
                yield made
    for row in session.exec(_rows(FollowUp, **mine)):
        if row.state in _HELD:
            yield from _contact(vault, person, row, subject, identified=identified)
    for agreed in session.exec(_rows(Consent, **mine)):
        yield resources.consent(agreed, subject)


def _contact(
    vault: Vault, person: Person, row: FollowUp, subject: str, *, identified: bool
) -> Iterator[Resource]:
    held_on = row.held_on or (china_date(row.closed_at) if row.closed_at else row.due_on)
    yield resources.encounter(row, subject, person.facility_id, held_on)
    if row.state != SIGNED:
        return
    # What a doctor wrote in words may name anybody.
    words = open_words(vault, row.words_sealed, row.id) if identified else {}
    paper = form(Programme(row.programme))
    yield resources.questionnaire_response(row, subject, paper, row.form, words)


def _rows(table: Any, *, person: str) -> Any:
    return select(table).where(table.person_id == person).order_by(col(table.id))
