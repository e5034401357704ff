"""Rows as FHIR resources. Each function makes one resource as plain JSON; nothing is read here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from care.form import BlankKind, Form
from care.reading import GlucoseContext, Kind
from care.situation import Programme
from records.readings import UNCONFIRMED
from records.tables import Consent, Enrolment, Facility, FollowUp, Person, StoredReading
from records.times import CHINA
from reports.fhir.codes import (
    BLOOD_PRESSURE,
    CONDITIONS,
    DIASTOLIC,
    ENCOUNTERS,
    GENDERS,
    GLUCOSE,
    HL7,
    ICD10,
    IDENTITY_CARD,
    KINDS,
    LOINC,
    OWN,
    PURPOSES,
    SETTINGS,
    SYSTOLIC,
    UCUM,
    Measured,
)

Resource = dict[str, Any]


def organization(facility: Facility) -> Resource:
    found: Resource = {"resourceType": "Organization", "id": facility.id, "name": facility.name}
    if facility.phone:
        found["telecom"] = [{"system": "phone", "value": facility.phone}]
    if facility.parent_id:
        found["partOf"] = _to("Organization", facility.parent_id)
    return found


def patient(person: Person, subject: str, shown: Mapping[str, str]) -> Resource:
    """`shown` holds name, phone and identity number; it is empty for an export without them."""
    found: Resource = {
        "resourceType": "Patient",
        "id": subject,
        "active": person.status not in {"deceased", "merged", "erased"},
        "gender": GENDERS.get(person.sex or "", "unknown"),
    }
    if shown.get("identity_number"):
        kind = [{"system": f"{HL7}v2-0203", "code": "NI"}]
        value = shown["identity_number"]
        found["identifier"] = [{"type": {"coding": kind}, "system": IDENTITY_CARD, "value": value}]
    if shown.get("name"):
        found["name"] = [{"use": "official", "text": shown["name"]}]
    if shown.get("phone"):
        found["telecom"] = [{"system": "phone", "value": shown["phone"]}]
    if person.born_on:
        # A birthday is a name in a small village: without names only the year goes out.
        found["birthDate"] = person.born_on.isoformat() if shown else str(person.born_on.year)
    if person.facility_id:
        found["managingOrganization"] = _to("Organization", person.facility_id)
    if person.status == "deceased":
        found["deceasedBoolean"] = True
    return found


def condition(row: Enrolment, subject: str) -> Resource:
    code, display, text = CONDITIONS[Programme(row.programme)]
    found: Resource = {
        "resourceType": "Condition",
        "id": row.id,
        "clinicalStatus": _concept(
            f"{HL7}condition-clinical", "inactive" if row.ended_on else "active"
        ),
        "code": {"coding": [{"system": ICD10, "code": code, "display": display}], "text": text},
        "subject": _to("Patient", subject),
        "recordedDate": row.enrolled_on.isoformat(),
    }
    if row.diagnosed:
        found["onsetDateTime"] = row.diagnosed
    return found


def observation(row: StoredReading, subject: str, facility_id: str | None) -> Resource | None:
    """A measured value; None for a kind that has no code here."""
    measured = _measured(row)
    if measured is None:
        return None
    found: Resource = {
        "resourceType": "Observation",
        "id": row.id,
        "status": "preliminary" if row.state == UNCONFIRMED else "final",
        "category": [_concept(f"{HL7}observation-category", measured.category)],
        "code": _code(measured),
        "subject": _to("Patient", subject),
        "effectiveDateTime": _instant(row.taken_at),
        "issued": _instant(row.recorded_at),
        "method": {"text": SETTINGS.get(row.setting, row.setting)},
    }
    if row.setting == "home":
        found["performer"] = [_to("Patient", subject)]
    elif facility_id:
        found["performer"] = [_to("Organization", facility_id)]
    if row.approximate:
        found["note"] = [{"text": "约数"}]
    if row.kind == Kind.BP:
        parts = ((SYSTOLIC, row.systolic), (DIASTOLIC, row.diastolic))
        found["component"] = [{"code": _code(part), **_value(part, value)} for part, value in parts]
    else:
        found |= _value(measured, row.value)
    return found


def encounter(row: FollowUp, subject: str, facility_id: str | None, held_on: date) -> Resource:
    code, display, text = ENCOUNTERS.get(row.mode, ENCOUNTERS["message"])
    found: Resource = {
        "resourceType": "Encounter",
        "id": row.id,
        "status": "finished",
        "class": {"system": f"{HL7}v3-ActCode", "code": code, "display": display},
        "type": [{"text": text}],
        "subject": _to("Patient", subject),
        "period": {"start": held_on.isoformat(), "end": held_on.isoformat()},
    }
    if facility_id:
        found["serviceProvider"] = _to("Organization", facility_id)
    return found


def questionnaire_response(
    row: FollowUp, subject: str, form: Form, filled: Mapping[str, Any], words: Mapping[str, str]
) -> Resource:
    """The signed form: every blank that holds something. A signature stays on paper."""
    items = []
    for key, blank in form.blanks.items():
        value = words.get(key) if blank.kind is BlankKind.TEXT else filled.get(key)
        answers = _answers(form, key, value)
        if answers:
            text = blank.label or form.row_of[key].name
            items.append({"linkId": key, "text": text, "answer": answers})
    found: Resource = {
        "resourceType": "QuestionnaireResponse",
        "id": f"{row.id}-form",
        "questionnaire": f"{OWN}form:{form.programme}|{form.version}",
        "status": "completed",
        "subject": _to("Patient", subject),
        "encounter": _to("Encounter", row.id),
        "item": items,
    }
    if row.signed_at:
        found["authored"] = _instant(row.signed_at)
    return found


def consent(row: Consent, subject: str) -> Resource:
    period = {"start": _instant(row.given_at)}
    if row.revoked_at:
        period["end"] = _instant(row.revoked_at)
    purpose = {
        "system": f"{OWN}consent",
        "code": row.purpose,
        "display": PURPOSES.get(row.purpose, row.purpose),
    }
    return {
        "resourceType": "Consent",
        "id": row.id,
        "status": "inactive" if row.revoked_at else "active",
        "scope": _concept(f"{HL7}consentscope", "patient-privacy"),
        "category": [_concept(LOINC, "59284-0")],
        "patient": _to("Patient", subject),
        "dateTime": _instant(row.given_at),
        "policyRule": {"text": "中华人民共和国个人信息保护法"},
        "provision": {"type": "permit", "period": period, "purpose": [purpose]},
    }


def _answers(form: Form, key: str, value: Any) -> list[Resource]:
    blank = form.blanks[key]
    if value is None or value in ("", []):
        return []
    match blank.kind:
        case BlankKind.CODE | BlankKind.CODES:
            system = f"{OWN}form:{form.programme}:{key}"
            codes = value if isinstance(value, list) else [value]
            return [
                {
                    "valueCoding": {
                        "system": system,
                        "code": str(code),
                        "display": blank.codes.get(str(code), "—"),
                    }
                }
                for code in codes
            ]
        case BlankKind.NUMBER:
            return [{"valueDecimal": value}]
        case BlankKind.DATE:
            return [{"valueDate": str(value)}]
        case BlankKind.TEXT:
            return [{"valueString": str(value)}]
        case BlankKind.SIGNATURE:
            return []


def _measured(row: StoredReading) -> Measured | None:
    if row.kind == Kind.BP:
        return BLOOD_PRESSURE
    if row.kind == Kind.GLUCOSE:
        return GLUCOSE[GlucoseContext(row.context or GlucoseContext.RANDOM)]
    return KINDS.get(Kind(row.kind))


def _value(measured: Measured, value: float | None) -> Resource:
    if value is None:
        return {"dataAbsentReason": _concept(f"{HL7}data-absent-reason", "unknown")}
    unit = {"unit": measured.unit, "system": UCUM, "code": measured.unit}
    return {"valueQuantity": {"value": value, **unit}}


def _code(measured: Measured) -> Resource:
    coding = {"system": LOINC, "code": measured.code, "display": measured.display}
    return {"coding": [coding], "text": measured.text}


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _to(kind: str, row: str) -> Resource:
    return {"reference": f"{kind}/{row}"}


def _instant(moment: datetime) -> str:
    return moment.astimezone(CHINA).isoformat(timespec="seconds")
