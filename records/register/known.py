"""Who of a chunk of rows is known already: asked in a few queries for all of them at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlmodel import Session, col, select

from records.people import name_of
from records.reader import ERASED, MERGED
from records.register.entry import Entry
from records.tables import Facility, ImportRow, Person
from records.vault import Vault


@dataclass(slots=True)
class Known:
    """People found by what the rows say. `name` of a person is opened only when it is compared."""

    vault: Vault
    places: dict[str, Facility]
    by_identity: dict[str, Person] = field(default_factory=dict)
    by_key: dict[str, Person] = field(default_factory=dict)
    by_birth: dict[date, list[Person]] = field(default_factory=lambda: defaultdict(list))
    by_phone: dict[str, list[Person]] = field(default_factory=lambda: defaultdict(list))
    names: dict[str, str] = field(default_factory=dict)

    def name(self, person: Person) -> str:
        if person.id not in self.names:
            self.names[person.id] = name_of(self.vault, person)
        return self.names[person.id]

    def add(self, person: Person, key: str) -> None:
        """Remember somebody who was just registered or changed."""
        self.by_key[key] = person
        if person.identity_number_index:
            self.by_identity[person.identity_number_index] = person
        if person.born_on and person not in self.by_birth[person.born_on]:
            self.by_birth[person.born_on].append(person)
        if person.phone_index and person not in self.by_phone[person.phone_index]:
            self.by_phone[person.phone_index].append(person)

    def same(self, entry: Entry, place: Facility) -> Person | None:
        """The person of this village who is certainly meant, though no identity number says so."""
        name = entry.values["name"]
        for person in self._alike(entry):
            if person.facility_id == place.id and self.name(person) == name:
                return person
        return None

    def resembles(self, entry: Entry) -> bool:
        """Whether somebody of this catchment might be the same person."""
        name = entry.values["name"]
        return any(
            person.facility_id in self.places and self.name(person) == name
            for person in self._alike(entry)
        )

    def _alike(self, entry: Entry) -> list[Person]:
        """Same birthday, or same phone and no other birthday; never two identity numbers."""
        values = entry.values
        born = date.fromisoformat(values["born_on"]) if "born_on" in values else None
        found = list(self.by_birth.get(born, [])) if born else []
        if "phone" in values:
            on_phone = self.by_phone.get(self.vault.index(values["phone"], "phone"), [])
            found += [one for one in on_phone if born is None or one.born_on in {None, born}]
        index = self.vault.index(entry.identity, "identity") if entry.identity else None
        return [one for one in found if index is None or one.identity_number_index in {None, index}]


def key_of(vault: Vault, entry: Entry, place: Facility) -> str:
    """What finds this row again in a later sheet."""
    if entry.identity:
        return vault.index(entry.identity, "register.identity")
    values = entry.values
    parts = [values["name"], values.get("born_on", ""), place.id]
    if "born_on" not in values:
        parts.append(values.get("phone", ""))
    return vault.index("\x1f".join(parts), "register.row")


def look_up(
    session: Session,
    vault: Vault,
    places: dict[str, Facility],
    entries: Iterable[tuple[Entry, str]],
) -> Known:
    """Everybody the rows could mean. `entries` come with their keys."""
    known = Known(vault, places)
    rows = list(entries)
    _by_column(session, known, rows)
    keys = [key for _, key in rows]
    found = session.exec(
        select(ImportRow.key_index, Person)
        .join(Person, col(Person.id) == col(ImportRow.person_id))
        .where(col(ImportRow.key_index).in_(keys))
        .order_by(col(ImportRow.settled_at), col(ImportRow.id))
    ).all()
    for key, person in found:
        standing = _standing(session, person)
        if key and standing is not None:
            known.by_key[key] = standing
    return known


def _by_column(session: Session, known: Known, rows: list[tuple[Entry, str]]) -> None:
    vault = known.vault
    entries = [entry for entry, _ in rows]
    identities = [vault.index(one.identity, "identity") for one in entries if one.identity]
    phones = [vault.index(one.values["phone"], "phone") for one in entries if "phone" in one.values]
    born = [date.fromisoformat(one.values["born_on"]) for one in entries if "born_on" in one.values]
    people = select(Person).where(Person.status != MERGED)
    for person in session.exec(people.where(col(Person.identity_number_index).in_(identities))):
        known.by_identity[str(person.identity_number_index)] = person
    inside = people.where(col(Person.facility_id).in_(known.places))
    for person in session.exec(inside.where(col(Person.phone_index).in_(phones))):
        known.by_phone[str(person.phone_index)].append(person)
    for person in session.exec(inside.where(col(Person.born_on).in_(born))):
        if person.born_on:
            known.by_birth[person.born_on].append(person)


def _standing(session: Session, person: Person) -> Person | None:
    """The record that is kept, when this one was merged."""
    seen = set()
    while person.status == MERGED and person.merged_into and person.id not in seen:
        seen.add(person.id)
        kept = session.get(Person, person.merged_into)
        if kept is None:
            return None
        person = kept
    return None if person.status in {MERGED, ERASED} else person
