"""Lists of facilities: the tree of county, townships and villages out of a spreadsheet."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from records.register.cells import Cell, is_empty, squeezed
from records.register.phones import read_phones
from records.register.reasons import RefusedError
from records.register.workbook import Line
from records.tables import Facility

_FILE = Path(__file__).with_name("facilities.toml")
_HEADER_WITHIN = 8
_LEVELS = (("county", "county"), ("town", "township_health_centre"), ("village", "village_clinic"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A facility as the list names it. `above` is the code or the name of what it belongs to."""

    number: int
    name: str
    kind: str
    above: str
    code: str | None = None
    phone: str | None = None


@dataclass(slots=True)
class Placed:
    """What came of a list: how many are new, how many changed, and the rows that could not be used."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[tuple[int, str]] | None = None

    def refuse(self, number: int, why: str) -> None:
        self.refused = [*(self.refused or []), (number, why)]


def place(session: Session, lines: Sequence[Line]) -> Placed:
    """Make the tree as the list says. Safe to run again; nothing is ever removed or moved."""
    placed = Placed()
    known = {one.id: one for one in session.exec(select(Facility)).all()}
    waiting = list(_wanted(lines, placed))
    # A list need not name the county before its townships.
    while waiting:
        later = [one for one in waiting if not _placed(session, one, known, placed)]
        if len(later) == len(waiting):
            for one in later:
                placed.refuse(one.number, f"没有找到上级机构“{one.above}”，或有几个同名的")
            break
        waiting = later
    return placed


def _placed(session: Session, wanted: Wanted, known: dict[str, Facility], placed: Placed) -> bool:
    """True when the row is dealt with; False when what is above it is not there yet."""
    above = None
    if wanted.above:
        found = [one for one in known.values() if wanted.above in {one.code, one.name, one.id}]
        if len(found) != 1:
            return False
        above = found[0]
    same = [
        one
        for one in known.values()
        if (wanted.code and one.code == wanted.code)
        or (one.name == wanted.name and one.parent_id == (above.id if above else None))
    ]
    if same:
        _refresh(session, same[0], wanted, placed)
        return True
    row = Facility(
        parent_id=above.id if above else None,
        kind=wanted.kind,
        name=wanted.name,
        path="",
        phone=wanted.phone,
        code=wanted.code,
    )
    row.path = f"{above.path if above else ''}{row.id}/"
    session.add(row)
    session.flush()
    known[row.id] = row
    placed.created += 1
    return True


def _refresh(session: Session, row: Facility, wanted: Wanted, placed: Placed) -> None:
    """Names, codes and phones may change; the place in the tree is where people's rows hang."""
    new: dict[str, Any] = {"name": wanted.name, "code": wanted.code, "phone": wanted.phone}
    changed = {key: value for key, value in new.items() if value and getattr(row, key) != value}
    for key, value in changed.items():
        setattr(row, key, value)
    session.add(row)
    if changed:
        placed.updated += 1
    else:
        placed.unchanged += 1


def _wanted(lines: Sequence[Line], placed: Placed) -> Iterator[Wanted]:
    header, columns = _header(lines)
    seen: set[tuple[str, str]] = set()
    for line in lines[header + 1 :]:
        row = {key: line.cells[i] for key, i in columns.items() if i < len(line.cells)}
        phone = _phone(row, line.number, placed)
        if "village" in columns or "town" in columns:
            for one in _levels(row, line.number, phone):
                if (one.above, one.name) not in seen:
                    seen.add((one.above, one.name))
                    yield one
            continue
        name = squeezed(row.get("name"))
        if not name:
            continue
        kind = _kind(squeezed(row.get("kind"))) or _kind(name)
        if kind is None:
            placed.refuse(line.number, "看不出是县、乡镇卫生院还是村卫生室")
            continue
        above = squeezed(row.get("above"))
        code = squeezed(row.get("code")) or None
        yield Wanted(line.number, name, kind, above, code, phone)


def _levels(row: dict[str, Cell], number: int, phone: str | None) -> Iterator[Wanted]:
    """A row of county, township and village: the last one named is what the row is about."""
    names = [(kind, squeezed(row.get(key))) for key, kind in _LEVELS if not is_empty(row.get(key))]
    above = ""
    for index, (kind, name) in enumerate(names):
        last = index == len(names) - 1
        code = (squeezed(row.get("code")) or None) if last else None
        yield Wanted(number, name, kind, above, code, phone if last else None)
        above = name


def _phone(row: dict[str, Cell], number: int, placed: Placed) -> str | None:
    try:
        found = read_phones(row.get("phone"))
    except RefusedError:
        placed.refuse(number, "电话没有导入：不是手机号，也不是带区号的座机")
        return None
    return found.number if found else None


def _header(lines: Sequence[Line]) -> tuple[int, dict[str, int]]:
    best: tuple[int, dict[str, int]] = (0, {})
    for index, line in enumerate(lines[:_HEADER_WITHIN]):
        words = [squeezed(cell) for cell in line.cells]
        columns = {
            key: words.index(name)
            for key, names in _data()["columns"].items()
            for name in reversed(names)
            if name in words
        }
        if len(columns) > len(best[1]):
            best = index, columns
    return best


def _kind(text: str) -> str | None:
    found = None
    for kind, words in _data()["kinds"].items():
        if any(text.endswith(word) for word in words):
            found = found or str(kind)
    return found


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text("utf-8"))
