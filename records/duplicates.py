"""Who may be registered twice: proposed by what is equal, decided by somebody who knows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations

from sqlmodel import Session, col, func, select

from records import audit
from records.identity import new_id
from records.insertion import insert_once
from records.people import name_of
from records.reader import Reader
from records.register.fields import values_of
from records.spelling import sound
from records.tables import Distinction, Enrolment, Facility, Merger, Person, StoredReading
from records.vault import Vault

IDENTITY, BIRTH, PHONE = "identity", "birth", "phone"
_MOST = 20
# A phone that half a village has given is nobody's.
_SHARED = 8
_TYPO = timedelta(days=370)


@dataclass(frozen=True, slots=True)
class Side:
    """One of two, as they are laid side by side."""

    id: str
    name: str
    sex: str | None
    born_on: date | None
    phone: str
    identity_tail: str
    village: str
    programmes: tuple[str, ...]
    readings: int
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one person, and why. The fuller one stands first."""

    first: Side
    second: Side
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposals:
    """The first pairs, and how many there are."""

    pairs: tuple[Pair, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Done:
    """A merger that can be undone."""

    id: str
    kept_id: str
    name: str
    other_name: str
    merged_at: datetime


def propose(session: Session, vault: Vault, reader: Reader) -> Proposals:
    """Pairs of this reader's people, the surest first."""
    people = session.exec(select(Person).where(reader.people())).all()
    by_id = {person.id: person for person in people}
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for reason, found in (
        (IDENTITY, _same_identity(people)),
        (BIRTH, _same_birth(vault, people)),
        (PHONE, _same_phone(vault, people)),
    ):
        for pair in found:
            reasons[pair].append(reason)
    looked_at = {(one.first_id, one.second_id) for one in session.exec(select(Distinction)).all()}
    open_pairs = [pair for pair in reasons if pair not in looked_at and not _two(by_id, pair)]
    order = {IDENTITY: 0, BIRTH: 1, PHONE: 2}
    open_pairs.sort(key=lambda pair: (order[reasons[pair][0]], pair))
    shown = open_pairs[:_MOST]
    sides = _sides(session, vault, [by_id[one] for pair in shown for one in pair])
    return Proposals(
        tuple(_pair(sides[a], sides[b], tuple(reasons[a, b])) for a, b in shown), len(open_pairs)
    )


def distinguish(session: Session, reader: Reader, first: str, second: str, now: datetime) -> bool:
    """These are two people; never ask again. False when this reader may not see both."""
    low, high = sorted((first, second))
    seen = session.exec(
        select(Person.id).where(col(Person.id).in_((low, high))).where(reader.people())
    ).all()
    if len(seen) != 2:  # noqa: PLR2004 - a pair
        return False
    row = Distinction(
        id=new_id(),
        first_id=low,
        second_id=high,
        decided_by=reader.practitioner_id,
        decided_at=now,
    )
    if insert_once(session, row):
        audit.note(
            session,
            actor=reader.actor,
            action="person.distinguished",
            subject="distinction",
            subject_id=row.id,
            person_id=low,
            now=now,
        )
    return True


def done(session: Session, vault: Vault, reader: Reader) -> tuple[Done, ...]:
    """The last mergers of this reader's people that were not undone."""
    rows = session.exec(
        select(Merger, Person)
        .join(Person, col(Person.id) == col(Merger.kept_id))
        .where(col(Merger.undone_at).is_(None))
        .where(reader.people())
        .order_by(col(Merger.merged_at).desc())
        .limit(_MOST)
    ).all()
    return tuple(
        Done(
            merger.id,
            kept.id,
            name_of(vault, kept),
            name_of(vault, session.get_one(Person, merger.merged_id)),
            merger.merged_at,
        )
        for merger, kept in rows
    )


def _same_identity(people: Iterable[Person]) -> set[tuple[str, str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for person in people:
        if person.identity_number_index:
            groups[person.identity_number_index].append(person.id)
    return _pairs(groups.values())


def _same_birth(vault: Vault, people: Iterable[Person]) -> set[tuple[str, str]]:
    """Same birthday and same name. Names are opened only where a birthday is shared."""
    days: dict[date, list[Person]] = defaultdict(list)
    for person in people:
        if person.born_on and person.name_sealed:
            days[person.born_on].append(person)
    groups: dict[tuple[date, str], list[str]] = defaultdict(list)
    for day, born in days.items():
        if len(born) > 1:
            for person in born:
                groups[day, name_of(vault, person)].append(person.id)
    return _pairs(groups.values())


def _same_phone(vault: Vault, people: Iterable[Person]) -> set[tuple[str, str]]:
    """Same phone and a similar name. Couples share a phone, and are not similar."""
    phones: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        if person.phone_index and person.name_sealed:
            phones[person.phone_index].append(person)
    found = set()
    for group in phones.values():
        if not 1 < len(group) <= _SHARED:
            continue
        names = {person.id: name_of(vault, person) for person in group}
        for one, other in combinations(group, 2):
            if similar(names[one.id], names[other.id]) and not _apart(one, other):
                found.add(_ordered(one.id, other.id))
    return found


def similar(one: str, other: str) -> bool:
    """Equal, sounding alike, or one character apart after the same surname."""
    if one == other or sound(one) == sound(other):
        return True
    if not one or not other or one[0] != other[0] or len(one) != len(other):
        return False
    return sum(a != b for a, b in zip(one, other, strict=True)) == 1 and len(one) > 2  # noqa: PLR2004


def _apart(one: Person, other: Person) -> bool:
    if one.sex and other.sex and one.sex != other.sex:
        return True
    if one.born_on is None or other.born_on is None:
        return False
    return abs(one.born_on - other.born_on) > _TYPO


def _two(people: dict[str, Person], pair: tuple[str, str]) -> bool:
    """Two identity numbers are two people, whatever else is equal."""
    numbers = {people[one].identity_number_index for one in pair} - {None}
    return len(numbers) > 1


def _pairs(groups: Iterable[list[str]]) -> set[tuple[str, str]]:
    return {_ordered(*two) for group in groups for two in combinations(group, 2)}


def _ordered(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _sides(session: Session, vault: Vault, people: list[Person]) -> dict[str, Side]:
    ids = [person.id for person in people]
    places = {row[0]: row[1] for row in session.exec(select(Facility.id, Facility.name))}
    counted = session.exec(
        select(StoredReading.person_id, func.count())
        .where(col(StoredReading.person_id).in_(ids))
        .group_by(col(StoredReading.person_id))
    )
    readings = {one: int(number) for one, number in counted}
    programmes: dict[str, list[str]] = defaultdict(list)
    for one in session.exec(
        select(Enrolment)
        .where(col(Enrolment.person_id).in_(ids))
        .where(col(Enrolment.ended_on).is_(None))
    ):
        programmes[one.person_id].append(one.programme)
    sides = {}
    for person in people:
        values = values_of(vault, person)
        sides[person.id] = Side(
            id=person.id,
            name=values.get("name", ""),
            sex=person.sex,
            born_on=person.born_on,
            phone=values.get("phone", ""),
            identity_tail=values.get("identity_number", "")[-4:],
            village=places.get(person.facility_id or "", ""),
            programmes=tuple(sorted(programmes[person.id])),
            readings=readings.get(person.id, 0),
            registered_at=person.registered_at,
        )
    return sides


def _pair(one: Side, other: Side, reasons: tuple[str, ...]) -> Pair:
    def weight(side: Side) -> tuple[int, int, float]:
        known = sum(map(bool, (side.identity_tail, side.phone, side.born_on, side.sex)))
        return side.readings, known, -side.registered_at.timestamp()

    first, second = sorted((one, other), key=weight, reverse=True)
    return Pair(first, second, reasons)
