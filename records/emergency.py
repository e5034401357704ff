"""Whom to phone when something happened to a person: name, number and relation, sealed."""

from __future__ import annotations

import json
import re
from datetime import datetime

from sqlmodel import Session, select

from records import audit
from records.dossier import EMERGENCY
from records.reader import Reader
from records.tables import Person
from records.vault import Vault

RELATIONS = ("spouse", "son", "daughter", "child", "father", "mother", "sibling", "other")
LONGEST_NAME = 20
# A mobile, a landline with its area code, or 120-like short numbers never: nobody lives there.
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|\d{7,8}")
_BETWEEN = re.compile(r"[\s－—-]+")


class EmergencyError(ValueError):
    """A contact that cannot be used: `code` is name, phone or relation."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def keep(
    session: Session,
    vault: Vault,
    reader: Reader,
    person_id: str,
    *,
    name: str,
    phone: str,
    relation: str,
    now: datetime,
) -> bool:
    """Write down the contact; with nothing given, forget it. False outside the catchment.

    Raises:
        EmergencyError: what was typed cannot be used.
    """
    person = session.exec(
        select(Person).where(Person.id == person_id).where(reader.people()).with_for_update()
    ).first()
    if person is None:
        return False
    if name or phone:
        known = {"name": _name(name), "phone": phone_of(phone), "relation": _relation(relation)}
        text = json.dumps(known, ensure_ascii=False)
        person.emergency_sealed = vault.seal(text, EMERGENCY, person.id)
    else:
        person.emergency_sealed = None
    session.add(person)
    audit.note(
        session,
        actor=reader.actor,
        action="person.emergency",
        subject="person",
        subject_id=person.id,
        person_id=person.id,
        facility_id=person.facility_id,
        now=now,
        detail={"kept": person.emergency_sealed is not None},
    )
    return True


def phone_of(typed: str) -> str:
    """A number that can be dialled; raises `EmergencyError` for anything else."""
    plain = _BETWEEN.sub("", typed).removeprefix("+86")
    if not _PHONE.fullmatch(plain):
        code = "phone"
        raise EmergencyError(code)
    return plain


def _name(typed: str) -> str:
    if not 1 <= len(typed) <= LONGEST_NAME:
        code = "name"
        raise EmergencyError(code)
    return typed


def _relation(typed: str) -> str:
    if typed not in RELATIONS:
        code = "relation"
        raise EmergencyError(code)
    return typed
