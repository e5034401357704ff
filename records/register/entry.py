"""One row of a register: what it says of a person, what was repaired and what was refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TypeVar

from care.reading import GlucoseContext, Reading
from care.situation import Programme
from records.register import days, identities, marks, phones
from records.register.cells import Cell, is_empty, is_formula, squeezed
from records.register.medicines import classes_in
from records.register.reasons import Note, Reason, RefusedError, Weight

T = TypeVar("T")

_NAME = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff·]{2,20}|[A-Za-z][A-Za-z .'-]{1,40}")
_DOT = re.compile(r"[•・．.●]")
_ASIDE = re.compile(r"[(\[].*?[)\]]")
_FOOTER = re.compile(
    r"^(合计|总计|小计|共计|共\d+人|填表|制表|填报|审核|审批|备注[:：]|说明|注[:：]|负责人|例[:：]|示例)"
)
_ENOUGH = 2

Row = Mapping[str, Cell]


@dataclass(slots=True)
class Entry:
    """What a row says. `values` are fields of the person in one canonical writing."""

    values: dict[str, str] = field(default_factory=dict)
    identity: str | None = None
    programmes: tuple[Programme, ...] = ()
    diagnosed: str | None = None
    enrolled_on: str | None = None
    last_visit: str | None = None
    readings: list[Reading] = field(default_factory=list)
    status: str | None = None
    notes: list[Note] = field(default_factory=list)

    @property
    def fatal(self) -> bool:
        return any(note.weight is Weight.FATAL for note in self.notes)


def is_no_person(cells: Sequence[Cell], row: Row) -> bool:
    """A footer, a header repeated on the next page, or a prefilled number in an empty row."""
    filled = [text for cell in cells if (text := squeezed(cell))]
    name = squeezed(row.get("name"))
    if name in {"姓名", "患者姓名"}:
        return True
    if not is_empty(row.get("identity_number")):
        return False
    if any(_FOOTER.match(text) for text in filled[:_ENOUGH]):
        return True
    return not name and len(filled) < _ENOUGH


def read_entry(row: Row, today: date) -> Entry:
    """Read every column of a row. Villages are looked up elsewhere."""
    entry = Entry()
    reader = _Reader(row, entry)
    _name(reader)
    _born_and_sex(reader, today)
    _phones(reader)
    height = reader.read("height", marks.read_height)
    if height is not None:
        entry.values["height_cm"] = f"{height:g}"
    _drugs(reader)
    entry.programmes = _programmes(reader)
    entry.diagnosed = reader.read("diagnosed", lambda cell: days.read_date(cell, today))
    entry.enrolled_on = _day(reader, "enrolled_on", today)
    entry.last_visit = _day(reader, "last_visit", today)
    entry.status = reader.read("status", marks.read_status)
    _readings(reader)
    return entry


@dataclass(slots=True)
class _Reader:
    row: Row
    entry: Entry

    def cell(self, key: str) -> Cell:
        return self.row.get(key)

    def read(self, key: str, how: Callable[[Cell], T | None]) -> T | None:
        """Read one cell; what is refused becomes a note."""
        cell = self.cell(key)
        if cell is None:
            return None
        if is_formula(cell):
            self.note("identity_formula" if key == "identity_number" else "formula", key)
            return None
        try:
            return how(cell)
        except RefusedError as error:
            self.note(error.code, key)
            return None

    def note(self, code: str, key: str) -> None:
        self.entry.notes.append(Note(code, key))


def _name(reader: _Reader) -> None:
    name = reader.read("name", name_of)
    if name:
        reader.entry.values["name"] = name
    elif not any(note.field == "name" for note in reader.entry.notes):
        reader.note("name_missing", "name")


def name_of(cell: Cell) -> str | None:
    """A name without the spaces of typesetting and without remarks in brackets."""
    if is_empty(cell):
        return None
    text = _ASIDE.sub("", squeezed(cell))
    if not text.isascii():
        text = _DOT.sub("·", text)
    if not _NAME.fullmatch(text):
        raise RefusedError(Reason.NAME_WRONG)
    return text


def _born_and_sex(reader: _Reader, today: date) -> None:
    """The identity number knows both; a column that disagrees stops the row."""
    values = reader.entry.values
    known = reader.read("identity_number", lambda cell: identities.read_identity(cell, today))
    born = reader.read("born_on", lambda cell: days.read_date(cell, today))
    sex = reader.read("sex", marks.read_sex)
    if known is not None:
        values["identity_number"], reader.entry.identity = known.number, known.canonical
        values["born_on"], values["sex"] = known.born_on.isoformat(), known.sex
        if born is not None and not days.agrees(born, known.born_on):
            reader.note("birthday_differs", "born_on")
        if sex is not None and sex != known.sex:
            reader.note("sex_differs", "sex")
        return
    if sex is not None:
        values["sex"] = sex
    if days.is_day(born):
        values["born_on"] = str(born)
    elif born is not None:
        reader.note("date_incomplete", "born_on")


def _phones(reader: _Reader) -> None:
    own = _phone(reader, "phone")
    if own:
        reader.entry.values["phone"] = own
    contact = {
        "name": reader.read("emergency_name", name_of),
        "phone": _phone(reader, "emergency_phone"),
        "relation": squeezed(reader.cell("emergency_relation"))[:10] or None,
    }
    if contact["name"] or contact["phone"]:
        filled = {key: value for key, value in contact.items() if value}
        reader.entry.values["emergency"] = json.dumps(filled, ensure_ascii=False, sort_keys=True)


def _phone(reader: _Reader, key: str) -> str | None:
    found = reader.read(key, phones.read_phones)
    if found is None:
        return None
    if found.repaired:
        reader.note("phone_repaired", key)
    if found.others:
        reader.note("phone_others", key)
    return found.number


def _drugs(reader: _Reader) -> None:
    cell = reader.cell("drugs")
    if is_empty(cell) or is_formula(cell):
        return
    text = squeezed(cell)
    found = classes_in(text)
    if found:
        reader.entry.values["drugs"] = ",".join(sorted(found))
    else:
        reader.note("drugs_unknown", "drugs")


def _programmes(reader: _Reader) -> tuple[Programme, ...]:
    named = set(reader.read("programme", marks.read_programmes) or ())
    for programme in Programme:
        if reader.read(programme.value, partial(marks.read_flag, programme=programme)):
            named.add(programme)
    if not named:
        reader.note("programme_missing", "programme")
    return tuple(programme for programme in Programme if programme in named)


def _day(reader: _Reader, key: str, today: date) -> str | None:
    found = reader.read(key, lambda cell: days.read_date(cell, today))
    if found is not None and not days.is_day(found):
        reader.note("date_incomplete", key)
        return None
    return found


def _readings(reader: _Reader) -> None:
    found = [
        reader.read("pressure", marks.read_pressure) or _two_columns(reader),
        reader.read("glucose", lambda cell: marks.read_glucose(cell, GlucoseContext.FASTING)),
    ]
    values = [one for one in found if one is not None]
    if values and reader.entry.last_visit is None:
        reader.note("value_without_date", "last_visit")
    else:
        reader.entry.readings = values


def _two_columns(reader: _Reader) -> Reading | None:
    lower = reader.cell("diastolic")
    return reader.read("systolic", lambda cell: marks.pressure_of(cell, lower))
