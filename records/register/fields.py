"""The fields of a person that a register may fill, in one canonical writing, sealed and opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

from records.people import name_of
from records.register.identities import canonical_of
from records.tables import Person
from records.vault import Vault

NUMBER, PHONE, EMERGENCY = "persons.identity_number", "persons.phone", "persons.emergency"


def values_of(vault: Vault, person: Person) -> dict[str, str]:
    """What the record holds now."""
    found = {
        "name": name_of(vault, person),
        "identity_number": vault.open(person.identity_number_sealed, NUMBER, person.id),
        "phone": vault.open(person.phone_sealed, PHONE, person.id),
        "sex": person.sex or "",
        "born_on": person.born_on.isoformat() if person.born_on else "",
        "height_cm": f"{person.height_cm:g}" if person.height_cm else "",
        "drugs": ",".join(sorted(person.drugs)),
        "emergency": _in_order(vault.open(person.emergency_sealed, EMERGENCY, person.id)),
        "facility_id": person.facility_id or "",
    }
    return {key: value for key, value in found.items() if value}


def put(vault: Vault, person: Person, key: str, value: str) -> None:
    """Write one field, sealed where it must be."""
    _WRITERS[key](vault, person, value)


def _in_order(text: str) -> str:
    """One writing of a JSON object, whoever wrote it; empty values say nothing."""
    found = {key: value for key, value in json.loads(text or "{}").items() if value}
    return json.dumps(found, ensure_ascii=False, sort_keys=True) if found else ""


def _name(vault: Vault, person: Person, value: str) -> None:
    person.name_sealed = vault.seal(value, "persons.name", person.id)


def _number(vault: Vault, person: Person, value: str) -> None:
    """Found by its eighteen-digit form, however it was written."""
    person.identity_number_sealed = vault.seal(value, NUMBER, person.id)
    person.identity_number_index = vault.index(canonical_of(value), "identity")


def _phone(vault: Vault, person: Person, value: str) -> None:
    person.phone_sealed = vault.seal(value, PHONE, person.id)
    person.phone_index = vault.index(value, "phone")


def _sex(_vault: Vault, person: Person, value: str) -> None:
    person.sex = value


def _born(_vault: Vault, person: Person, value: str) -> None:
    person.born_on = date.fromisoformat(value)


def _height(_vault: Vault, person: Person, value: str) -> None:
    person.height_cm = float(value)


def _drugs(_vault: Vault, person: Person, value: str) -> None:
    person.drugs = value.split(",")


def _emergency(vault: Vault, person: Person, value: str) -> None:
    person.emergency_sealed = vault.seal(value, EMERGENCY, person.id)


def _facility(_vault: Vault, person: Person, value: str) -> None:
    person.facility_id = value


_WRITERS: dict[str, Callable[[Vault, Person, str], None]] = {
    "name": _name,
    "identity_number": _number,
    "phone": _phone,
    "sex": _sex,
    "born_on": _born,
    "height_cm": _height,
    "drugs": _drugs,
    "emergency": _emergency,
    "facility_id": _facility,
}
