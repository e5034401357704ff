"""Ready-made replies, filled in for one patient: how she is called, what was measured last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from care.reading import Kind
from inbox import moments, standing
from inbox.words import canned_replies
from records.dossier import Dossier
from records.own_replies import Ready
from records.people import surname
from records.tables import StoredReading
from records.writing import signature
from texts.catalogue import fit, render
from texts.segments import sms_segments, sms_units

__all__ = ["BLANKS", "cost", "honorific", "ready_replies"]

# What a doctor may write into a reply of one's own, and what stands there for one patient.
BLANKS = ("{称呼}", "{血压}", "{血糖}", "{医生}")
OWN = "own:"
_SEEN = "acknowledged"
_UNKNOWN = "（没有记录）"
_ELDER = 60
_CALLED = {("male", True): "大爷", ("female", True): "大娘", ("male", False): "大哥"}
_CALLED |= {("female", False): "大姐"}


def ready_replies(
    person: Dossier, doctor: str, own: Sequence[Ready], now: datetime
) -> dict[str, str]:
    """By key: the doctor's own first, then that it was seen, then the catalogue's."""
    values = blanks(person, doctor, now)
    found = {f"{OWN}{one.id}": fill(one.words, values) for one in own}
    found[_SEEN] = render("escalation.acknowledged", doctor=fit("doctor", signature(doctor)))
    return {**found, **canned_replies()}


def fill(words: str, values: Mapping[str, str]) -> str:
    for blank, value in values.items():
        words = words.replace(blank, value)
    return words


def blanks(person: Dossier, doctor: str, now: datetime) -> dict[str, str]:
    """What each blank stands for, for this patient."""
    return {
        "{称呼}": honorific(person.name, person.sex, moments.age(person.born_on, now)),
        "{血压}": _last(person, Kind.BP, now),
        "{血糖}": _last(person, Kind.GLUCOSE, now),
        "{医生}": signature(doctor),
    }


def honorific(name: str, sex: str | None, age: int | None) -> str:
    """王大娘, 李大哥; 老乡 when we do not know enough to be polite."""
    called = _CALLED.get((sex or "", age is not None and age >= _ELDER))
    if not name or called is None or age is None:
        return "老乡"
    return f"{surname(name)}{called}"


def cost(words: str) -> tuple[int, int]:
    """How long a text is, and how many SMS it would be."""
    return sms_units(words), sms_segments(words)


def _last(person: Dossier, kind: Kind, now: datetime) -> str:
    found: StoredReading | None = next(
        (row for row in person.readings if row.kind == kind and row.state == "stored"), None
    )
    if found is None:
        return _UNKNOWN
    return f"{standing.value_of(found)}（{moments.clock(found.taken_at, now)}）"
