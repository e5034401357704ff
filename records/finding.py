"""Find anyone of the catchment by whatever the doctor remembers, and the list of everybody.

Names and numbers are sealed, so the reader's catchment is opened in memory for the length of one
query; nothing of it is kept. Each word must fit: a name in characters, pinyin or initials, the end
of a phone or identity number, or the village.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, exists, func, select

from care.reading import Kind
from records.caseload import readable
from records.reader import Reader
from records.readings import VALID
from records.spelling import place_of, sort_key
from records.tables import Enrolment, Facility, Person, PersonContact, StoredReading
from records.vault import Vault

PAGE = 30
QUIET = timedelta(days=91)
LONGEST_WORDS = 40
MERGED = "merged"
# Who is not looked after any more is found when asked for, but does not fill the list.
GONE = ("deceased", "moved", MERGED, "dismissed")
SHORTEST_TAIL = 4
_NUMBER = re.compile(r"\d+[xX]?")
_SHOWN_KINDS = (Kind.BP, Kind.GLUCOSE)
_BY_VILLAGE = 50


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for. Everything left empty does not narrow the list."""

    words: str = ""
    facility_id: str = ""
    programme: str = ""
    status: str = ""
    unbound: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list. `phone_tail` tells two of the same name apart."""

    id: str
    name: str
    sex: str | None
    born_on: date | None
    status: str
    village: str | None
    phone_tail: str
    programmes: tuple[str, ...]
    bound: bool
    last: StoredReading | None


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found, and how many there are in all and in the catchment."""

    entries: tuple[Entry, ...]
    total: int
    everybody: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Place:
    """A facility one can narrow the list to."""

    id: str
    name: str
    depth: int


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    name: str
    village: str
    tail: str = ""


def find(
    session: Session, vault: Vault, reader: Reader, wish: Wish, now: datetime, page: int = 1
) -> Found:
    """The people of the catchment who fit, the best match first, then in the order of names."""
    words = wish.words[:LONGEST_WORDS].split()
    rows = _rows(session, vault, reader, wish, words, now)
    placed = ((rank, row) for row in rows if (rank := _rank(words, row)) is not None)
    ordered = sorted(placed, key=lambda one: (one[0], _alphabetical(one[1])))
    pages = max(1, -(-len(ordered) // PAGE))
    page = min(max(1, page), pages)
    shown = [row.id for _, row in ordered[(page - 1) * PAGE : page * PAGE]]
    return Found(
        entries=_entries(session, vault, reader, shown, now),
        total=len(ordered),
        everybody=_everybody(session, reader),
        page=page,
        pages=pages,
    )


def places(session: Session, reader: Reader) -> tuple[Place, ...]:
    """The facilities below the reader, each under its parent."""
    rows = session.execute(
        select(Facility.id, Facility.name, Facility.path)
        .where(reader.catchment())
        .order_by(col(Facility.path))
    ).all()
    top = reader.facility_path.count("/")
    found = tuple(Place(row[0], row[1], row[2].count("/") - top) for row in rows)
    return found if len(found) > 1 else ()


def _rows(
    session: Session,
    vault: Vault,
    reader: Reader,
    wish: Wish,
    words: Sequence[str],
    now: datetime,
) -> list[_Row]:
    numbers = any(_is_number(word) for word in words)
    columns: list[Any] = [Person.id, Person.name_sealed, Facility.name]
    if numbers:
        columns += [Person.phone_sealed, Person.identity_number_sealed]
    rows = session.execute(
        select(*columns)
        .outerjoin(Facility, col(Facility.id) == col(Person.facility_id))
        .where(reader.people())
        .where(*_narrowed(wish, now, searching=bool(words)))
    ).all()
    return [_opened(vault, *row) for row in rows]


def _opened(
    vault: Vault,
    person_id: str,
    name: bytes | None,
    village: str | None,
    phone: bytes | None = None,
    identity: bytes | None = None,
) -> _Row:
    numbers = (
        readable(vault, phone, "persons.phone", person_id) or "",
        readable(vault, identity, "persons.identity_number", person_id) or "",
    )
    return _Row(
        person_id,
        readable(vault, name, "persons.name", person_id) or "",
        village or "",
        "\n".join(numbers).casefold(),
    )


def _alphabetical(row: _Row) -> tuple[bool, tuple[tuple[str, str], ...], str]:
    """By the sound of the name; who has none comes last."""
    return not row.name, sort_key(row.name), row.id


def _rank(words: Sequence[str], row: _Row) -> int | None:
    """How far down the list the row belongs; None when one of the words does not fit."""
    ranks = [_rank_of(word, row) for word in words]
    known = [rank for rank in ranks if rank is not None]
    return sum(known) if len(known) == len(ranks) else None


def _rank_of(word: str, row: _Row) -> int | None:
    if _is_number(word):
        ends = any(number.endswith(word.casefold()) for number in row.tail.split("\n") if number)
        return 0 if ends else None
    place = place_of(word, row.name)
    if place is not None:
        return place
    return _BY_VILLAGE if word in row.village else None


def _is_number(word: str) -> bool:
    return len(word) >= SHORTEST_TAIL and _NUMBER.fullmatch(word) is not None


def _narrowed(wish: Wish, now: datetime, *, searching: bool) -> list[ColumnElement[bool]]:
    found = [col(Person.status) != MERGED]
    if wish.status:
        found.append(col(Person.status) == wish.status)
    elif not searching:
        found.append(col(Person.status).not_in(GONE))
    if wish.facility_id:
        found.append(_below(wish.facility_id))
    if wish.programme:
        found.append(
            exists().where(
                col(Enrolment.person_id) == col(Person.id),
                col(Enrolment.programme) == wish.programme,
                col(Enrolment.ended_on).is_(None),
            )
        )
    if wish.unbound:
        found.append(~_bound())
    if wish.quiet:
        found.append(~_measured_since(now - QUIET))
    return found


def _below(facility_id: str) -> ColumnElement[bool]:
    """The place itself and everything under it, however deep."""
    top = select(Facility.path).where(Facility.id == facility_id).scalar_subquery()
    inside = select(Facility.id).where(col(Facility.path).startswith(top))
    return col(Person.facility_id).in_(inside)


def _bound() -> ColumnElement[bool]:
    return exists().where(
        and_(
            col(PersonContact.person_id) == col(Person.id),
            col(PersonContact.unlinked_at).is_(None),
        )
    )


def _measured_since(moment: datetime) -> ColumnElement[bool]:
    return exists().where(
        col(StoredReading.person_id) == col(Person.id),
        col(StoredReading.state).in_(VALID),
        col(StoredReading.taken_at) >= moment,
    )


def _everybody(session: Session, reader: Reader) -> int:
    return session.exec(
        select(func.count())
        .select_from(Person)
        .where(reader.people())
        .where(col(Person.status).not_in(GONE))
    ).one()


def _entries(
    session: Session, vault: Vault, reader: Reader, ids: Sequence[str], now: datetime
) -> tuple[Entry, ...]:
    rows = session.execute(
        select(Person, Facility.name, _bound())
        .outerjoin(Facility, col(Facility.id) == col(Person.facility_id))
        .where(col(Person.id).in_(ids))
        .where(reader.people())
    ).all()
    programmes = _programmes(session, ids)
    last = _last_readings(session, ids, now)
    made = {
        person.id: Entry(
            id=person.id,
            name=readable(vault, person.name_sealed, "persons.name", person.id) or "",
            sex=person.sex,
            born_on=person.born_on,
            status=person.status,
            village=village,
            phone_tail=(readable(vault, person.phone_sealed, "persons.phone", person.id) or "")[
                -SHORTEST_TAIL:
            ],
            programmes=tuple(programmes.get(person.id, ())),
            bound=bound,
            last=last.get(person.id),
        )
        for person, village, bound in rows
    }
    return tuple(made[one] for one in ids if one in made)


def _programmes(session: Session, ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows = session.execute(
        select(Enrolment.person_id, Enrolment.programme)
        .where(col(Enrolment.person_id).in_(ids))
        .where(col(Enrolment.ended_on).is_(None))
        .order_by(col(Enrolment.programme))
    ).all()
    for person_id, programme in rows:
        found.setdefault(person_id, []).append(programme)
    return found


def _last_readings(session: Session, ids: Sequence[str], now: datetime) -> dict[str, StoredReading]:
    """The newest valid pressure or glucose of each."""
    newest = (
        func.row_number()
        .over(
            partition_by=col(StoredReading.person_id),
            order_by=(col(StoredReading.taken_at).desc(), col(StoredReading.id).desc()),
        )
        .label("newest")
    )
    ranked = (
        select(StoredReading.id, newest)
        .where(col(StoredReading.person_id).in_(ids))
        .where(col(StoredReading.kind).in_(_SHOWN_KINDS))
        .where(col(StoredReading.state).in_(VALID))
        .where(col(StoredReading.taken_at) <= now + timedelta(days=1))
        .subquery()
    )
    rows = session.exec(
        select(StoredReading).where(
            col(StoredReading.id).in_(select(ranked.c.id).where(ranked.c.newest == 1))
        )
    ).all()
    return {row.person_id: row for row in rows}
