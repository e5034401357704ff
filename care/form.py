"""The official follow-up forms as data: every row, every blank, every code, and who may fill it in.

A blank's `kind` says what may stand in it; its row's `fill` says who may write it. What only a
doctor can see or feel is never prefilled, whatever is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from care.protocol import Protocol, protocol
from care.protocol_file import PROVENANCE_KEYS, Confidence, Entry, Provenance, Review, read
from care.situation import Programme
from care.span import Band

FOLDER = Path(__file__).parent / "forms"
LONGEST_TEXT = 200
_META = ("id", "programme", "title", "version", "shown", *PROVENANCE_KEYS)
_ROW = ("no", "key", "name", "group", "fill", "needed", "blanks", *PROVENANCE_KEYS)
_BLANK = ("key", "kind", "label", "unit", "codes", "range", "possible", "whole", "alone", "aim")


class BlankKind(StrEnum):
    """What stands in a blank: one code, several codes, a number, words, a day or a signature."""

    CODE = "code"
    CODES = "codes"
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    SIGNATURE = "signature"


class Fill(StrEnum):
    """Who may fill a row in."""

    CONVERSATION = "conversation"
    READING = "reading"
    LAST_FORM = "last_form"
    RULES = "rules"
    DOCTOR = "doctor"
    DOCTOR_ONLY = "doctor_only"


class Needed(StrEnum):
    """When a form cannot be signed without a row."""

    ALWAYS = "always"
    FACE_TO_FACE = "face_to_face"
    NEVER = "never"


class Mode(StrEnum):
    """What kind of contact it was. Only one of them is 面对面; a message has no box on the form."""

    MESSAGE = "message"
    PHONE = "phone"
    FACE_TO_FACE = "face_to_face"


@dataclass(frozen=True, slots=True)
class Blank:
    """One thing to fill in. `alone` is a code that excludes the others; `aim` is for next time."""

    key: str
    kind: BlankKind
    label: str
    unit: str
    codes: Mapping[str, str]
    span: str | None
    possible: Band | None
    whole: bool
    alone: str | None
    aim: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A numbered row of the paper form."""

    no: float
    key: str
    name: str
    group: str
    fill: Fill
    needed: Needed
    blanks: tuple[Blank, ...]
    origin: Provenance

    @property
    def doctor_only(self) -> bool:
        return self.fill is Fill.DOCTOR_ONLY


@dataclass(frozen=True, slots=True)
class Form:
    """A form with all its rows. `boxes` says which symptom codes a complaint belongs to."""

    programme: Programme
    title: str
    version: str
    rows: tuple[Row, ...]
    boxes: Mapping[str, tuple[str, ...]]
    blanks: Mapping[str, Blank] = field(init=False)
    row_of: Mapping[str, Row] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "blanks", {b.key: b for row in self.rows for b in row.blanks})
        object.__setattr__(self, "row_of", {b.key: row for row in self.rows for b in row.blanks})

    def of_kind(self, *kinds: BlankKind) -> tuple[Blank, ...]:
        return tuple(blank for blank in self.blanks.values() if blank.kind in kinds)

    def filled_by(self, *fills: Fill) -> tuple[Blank, ...]:
        return tuple(b for row in self.rows if row.fill in fills for b in row.blanks)


@lru_cache(maxsize=2)
def form(programme: Programme) -> Form:
    """The form in use for a programme, read once per process."""
    return load(programme)


def load(programme: Programme, folder: Path = FOLDER, known: Protocol | None = None) -> Form:
    """Reads and checks a form with the local rows that are switched on.

    Raises:
        ProtocolError: names the file and the key that is wrong.
    """
    rules = known or protocol()
    file = read(f"{programme}.toml", folder)
    meta = _meta(file)
    if meta.one_of("programme", Programme) is not programme:
        meta.fail("programme", f"{programme} is expected")
    extended = read("extended.toml", folder)
    rows = list(_rows(file, rules))
    if _meta(extended).flag("shown"):
        rows += _rows(extended, rules)
    _refuse_twins(file, rows)
    symptoms = next((b for row in rows for b in row.blanks if b.kind is BlankKind.CODES), None)
    if symptoms is None:
        file.fail("row", "no row with symptom codes")
    return Form(
        programme, meta.text("title"), meta.text("version"), tuple(rows), _boxes(file, symptoms)
    )


def _meta(file: Entry) -> Entry:
    meta = file.entry("meta")
    meta.only(*_META)
    return meta


def _rows(file: Entry, known: Protocol) -> Iterator[Row]:
    meta = file.entry("meta")
    for entry in file.entries("row"):
        entry.only(*_ROW)
        blanks = tuple(_blank(one, known) for one in entry.entries("blanks"))
        if not blanks:
            entry.fail("blanks", "a row without a blank")
        yield Row(
            no=entry.number("no"),
            key=entry.text("key"),
            name=entry.text("name"),
            group=entry.text("group"),
            fill=entry.one_of("fill", Fill),
            needed=entry.one_of("needed", Needed) if "needed" in entry.data else Needed.NEVER,
            blanks=blanks,
            origin=origin(entry, meta, known, f"{meta.text('section')} no {entry.number('no'):g}"),
        )


def origin(entry: Entry, meta: Entry, known: Protocol, section: str) -> Provenance:
    """Where an entry comes from: what it says itself, else what its file says."""
    source = entry.text("source", meta.text("source", ""))
    if source not in known.sources:
        entry.fail("source", f"{source} is not in sources.toml")
    holder = entry if "confidence" in entry.data else meta
    return Provenance(
        source=known.sources[source],
        section=entry.text("section", section),
        confidence=holder.one_of("confidence", Confidence),
        review=(entry if "review" in entry.data else meta).one_of("review", Review),
        note=entry.text("note", ""),
    )


def _blank(entry: Entry, known: Protocol) -> Blank:
    entry.only(*_BLANK)
    kind = entry.one_of("kind", BlankKind)
    coded = kind in {BlankKind.CODE, BlankKind.CODES}
    codes = {code: str(name) for code, name in entry.data.get("codes", {}).items()}
    if coded is not bool(codes):
        entry.fail("codes", "a coded blank, and only that, needs codes")
    alone = entry.text("alone", "") or None
    if alone is not None and alone not in codes:
        entry.fail("alone", f"{alone} is not one of the codes")
    span = entry.text("range", "") or None
    if span is not None and span not in known.spans:
        entry.fail("range", f"{span} is not in plausibility.toml")
    possible = known.spans[span].possible if span else _band(entry)
    if (kind is BlankKind.NUMBER) is (possible is None):
        entry.fail("possible", "a number, and only that, needs what can be")
    return Blank(
        key=entry.text("key"),
        kind=kind,
        label=entry.text("label", ""),
        unit=entry.text("unit", ""),
        codes=codes,
        span=span,
        possible=possible,
        whole=entry.flag("whole", default=False),
        alone=alone,
        aim=entry.flag("aim", default=False),
    )


def _band(entry: Entry) -> Band | None:
    if "possible" not in entry.data:
        return None
    match entry.data["possible"]:
        case [int() | float() as low, int() | float() as high] if low < high:
            return float(low), float(high)
    return entry.fail("possible", "two rising numbers are needed")


def _boxes(file: Entry, symptoms: Blank) -> dict[str, tuple[str, ...]]:
    heard = file.entry("heard")
    heard.only("boxes", *PROVENANCE_KEYS)
    found: dict[str, tuple[str, ...]] = {}
    for entry in heard.entries("boxes"):
        code = entry.text("code")
        if code not in symptoms.codes:
            entry.fail("code", f"{code} is not a symptom of this form")
        for concept in entry.texts("concepts"):
            if concept not in protocol().concepts:
                entry.fail("concepts", f"{concept} is not a finding")
            found[concept] = (*found.get(concept, ()), code)
    return found


def _refuse_twins(file: Entry, rows: list[Row]) -> None:
    keys = [blank.key for row in rows for blank in row.blanks]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        file.fail(twice[0], "two blanks of this name")
