"""What leaves as FHIR is FHIR, holds what was measured, and holds names only when it may."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from care.reading import GlucoseContext, Kind, Reading
from care.situation import Programme
from records import people, readings
from records.db import Database
from records.identity import new_id
from records.people import Registration
from records.tables import Consent, Facility, FollowUp, Person
from records.vault import Vault
from reports.fhir import export
from reports.fhir.export import FhirError

NUMBER = "11010519491231002X"


@pytest.fixture
def person(sqlite_database: Database, vault: Vault, now: datetime) -> str:
    """Somebody with a value of every kind, a signed form, a message, a consent and its end."""
    with sqlite_database.transaction() as session:
        place = Facility(kind="village_clinic", name="东沟村卫生室", path="", phone="0571-88001234")
        place.path = f"{place.id}/"
        session.add(place)
        session.flush()
        registration = Registration(
            name="王桂芳",
            facility_id=place.id,
            sex="female",
            born_on=date(1949, 12, 31),
            phone="13800001111",
            identity_number=NUMBER,
            programmes=(Programme.HYPERTENSION, Programme.TYPE2_DIABETES),
        )
        found = people.register(session, vault, registration, now)
        values = [
            Reading(Kind.BP, systolic=152, diastolic=94),
            Reading(Kind.BP, systolic=149),
            Reading(Kind.GLUCOSE, value=7.4, context=GlucoseContext.FASTING),
            Reading(Kind.GLUCOSE, value=9.8, context=GlucoseContext.POSTPRANDIAL, approximate=True),
            Reading(Kind.PULSE, value=72),
            Reading(Kind.WEIGHT, value=61.5),
            Reading(Kind.HBA1C, value=7.1),
            Reading(Kind.TEMP, value=36.7),
        ]
        for number, value in enumerate(values):
            home = readings.Provenance(setting="home" if number % 2 else "clinic")
            at = now - timedelta(days=number)
            readings.store(session, found.id, value, home, taken_at=at, now=at)
        unsure = readings.Provenance(certainty="heard")
        readings.store(
            session, found.id, Reading(Kind.PULSE, value=80), unsure, taken_at=now, now=now
        )
        gone = readings.store(
            session, found.id, Reading(Kind.PULSE, value=190), unsure, taken_at=now, now=now
        )
        session.flush()
        readings.withdraw(session, [gone.id])
        signed = FollowUp(
            id=new_id(),
            person_id=found.id,
            programme="hypertension",
            due_on=date(2026, 11, 20),
            held_on=date(2026, 11, 21),
            state="signed",
            mode="face_to_face",
            signed_at=now,
            form={"systolic": 152, "symptoms": ["2", "4"], "held_on": "2026-11-21"},
        )
        signed.words_sealed = vault.seal(
            json.dumps({"drug1_name": "氨氯地平"}), "follow_ups.words", signed.id
        )
        message = FollowUp(
            person_id=found.id, programme="type2_diabetes", due_on=date(2026, 11, 1), state="draft"
        )
        session.add_all([signed, message])
        session.add(Consent(person_id=found.id, purpose="readings", given_at=now))
        ended = Consent(person_id=found.id, purpose="education", given_at=now, revoked_at=now)
        session.add(ended)
        return found.id


def exported(
    database: Database, vault: Vault, person_id: str, *, identified: bool = True
) -> list[dict[str, Any]]:
    with database.reading() as session:
        row = session.get_one(Person, person_id)
        return export.of_person(session, vault, row, identified=identified)


def of_kind(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in found if one["resourceType"] == kind]


def test_every_kind_of_value_has_its_loinc_code_and_unit(
    sqlite_database: Database, vault: Vault, person: str
) -> None:
    found = of_kind(exported(sqlite_database, vault, person), "Observation")
    values = [
        (
            one["code"]["coding"][0]["code"],
            one["valueQuantity"]["value"],
            one["valueQuantity"]["code"],
        )
        for one in found
        if "valueQuantity" in one
    ]
    assert sorted(values) == [
        ("14771-0", 7.4, "mmol/L"),
        ("15074-8", 9.8, "mmol/L"),
        ("29463-7", 61.5, "kg"),
        ("4548-4", 7.1, "%"),
        ("8310-5", 36.7, "Cel"),
        ("8867-4", 72, "/min"),
        ("8867-4", 80, "/min"),
    ]
    panels = [one["component"] for one in found if one["code"]["coding"][0]["code"] == "85354-9"]
    assert [
        (part["code"]["coding"][0]["code"], part.get("valueQuantity", {}).get("value"))
        for panel in panels
        for part in panel
    ] == [("8480-6", 152), ("8462-4", 94), ("8480-6", 149), ("8462-4", None)]
    assert "dataAbsentReason" in panels[1][1]
    assert [one["status"] for one in found].count("preliminary") == 1


def test_a_signed_form_is_a_questionnaire_response_and_a_message_is_no_visit(
    sqlite_database: Database, vault: Vault, person: str
) -> None:
    found = exported(sqlite_database, vault, person)
    classes = [one["class"]["code"] for one in of_kind(found, "Encounter")]
    assert sorted(classes) == ["AMB", "VR"]
    (paper,) = of_kind(found, "QuestionnaireResponse")
    answers = {item["linkId"]: item["answer"] for item in paper["item"]}
    assert answers["systolic"] == [{"valueDecimal": 152}]
    assert [one["valueCoding"]["code"] for one in answers["symptoms"]] == ["2", "4"]
    assert [one["status"] for one in of_kind(found, "Consent")] == ["active", "inactive"]


def test_without_names_nothing_tells_who_it_is(
    sqlite_database: Database, vault: Vault, person: str
) -> None:
    text = json.dumps(
        exported(sqlite_database, vault, person, identified=False), ensure_ascii=False
    )
    for told in ("王桂芳", "13800001111", NUMBER, "1949-12-31", person, "氨氯地平"):
        assert told not in text
    shown = json.dumps(exported(sqlite_database, vault, person), ensure_ascii=False)
    for told in ("王桂芳", "13800001111", NUMBER, "1949-12-31", person):
        assert told in shown


def test_every_reference_of_a_bundle_resolves_inside_it(
    sqlite_database: Database, vault: Vault, person: str, now: datetime
) -> None:
    with sqlite_database.reading() as session:
        row = session.get_one(Person, person)
        found = export.facilities_above(session, row.facility_id)
        found += export.of_person(session, vault, row)
    made = export.bundle(found, now)
    there = {f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in made["entry"]}

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["reference"]] if "reference" in value else []
            return own + [one for part in value.values() for one in references(part)]
        return (
            [one for part in value for one in references(part)] if isinstance(value, list) else []
        )

    assert set(references(made)) <= there
    assert json.loads(export.as_json(made)) == made


def test_a_resource_that_is_not_fhir_is_refused_without_saying_whose_it_is() -> None:
    with pytest.raises(FhirError, match="Patient: birthDate") as refused:
        export.check({"resourceType": "Patient", "birthDate": "王桂芳"})
    assert "王桂芳" not in str(refused.value)
