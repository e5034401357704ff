"""Questions that were not answered well: kept without the person, for a curator to answer once.

Nothing in a row leads back. The blind index of the turn says only whether this turn was kept
already; it lets 没用 find the row of its answer, and an erasure find what came from the person.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, delete, select, update

from records.anonymous import anonymous
from records.db import changed
from records.dossier import EMERGENCY
from records.identity import undated_id
from records.insertion import insert_once
from records.people import china_date, name_of
from records.question_groups import cover
from records.reader import Reader
from records.tables import (
    AskedQuestion,
    Facility,
    InboundMessage,
    Person,
    Practitioner,
    QuestionGroup,
    Turn,
)
from records.vault import Vault

__all__ = ["Asked", "Question", "cover", "forget", "forget_old", "keep", "stored", "words_of"]

UNKNOWN, DECLINED, UNSURE, UNHELPFUL = "unknown", "declined", "unsure", "unhelpful"
REASONS = (UNKNOWN, DECLINED, UNHELPFUL, UNSURE)
WORDS = "asked_questions.words"
_TURN, _PLACE = "asked_turn", "asked_place"
_OLDEST_BAND = 90
_MOST_AT_ONCE = 50
_MOST_COMPARED = 5000
_MOST_STAFF = 4096


@dataclass(frozen=True, slots=True)
class Question:
    """A question on its way into the queue, still as it was asked."""

    text: str
    reason: str
    refusal: str | None = None
    articles: tuple[str, ...] = ()
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """What of the person goes along: codes, the village, and the names that must not."""

    person_ids: tuple[str, ...]
    conditions: frozenset[str] = frozenset()
    age: int | None = None
    facility_id: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One kept question, opened: words without a person."""

    id: str
    group_id: str
    text: str
    conditions: tuple[str, ...]
    articles: tuple[str, ...]


@lru_cache(maxsize=1)
def settings() -> dict[str, Any]:
    """What is kept and for how long, as data."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def reason_of(
    kind: str, refusal: str | None, confidence: float, margin: float | None
) -> str | None:
    """Why what the library said should reach a curator; None when it should not."""
    known = settings()
    if kind == "unknown":
        return UNKNOWN
    if kind == "refusal":
        return DECLINED if refusal in known["kept"]["refusals"] else None
    doubtful = confidence < known["unsure"]["confidence"]
    near = margin is not None and margin < known["unsure"]["margin"]
    return UNSURE if doubtful or near else None


def keep(
    session: Session, vault: Vault, turn_id: str, question: Question, asker: Asker, now: datetime
) -> bool:
    """Keep a question once per turn, without whoever asked it. False when it must not or need not be."""
    if any(word in question.text for word in settings()["kept"]["never"]):
        return False
    said = anonymous(question.text, _names(session, vault, asker.person_ids), _places(session))
    if not said.words:
        return False
    row = undated_id()
    kept = AskedQuestion(
        id=row,
        turn_index=vault.index(turn_id, _TURN),
        county_id=_county(session, asker.facility_id),
        place_index=vault.index(asker.facility_id, _PLACE) if asker.facility_id else None,
        words_sealed=vault.seal(said.words, WORDS, row),
        removed=list(said.removed),
        reason=question.reason,
        refusal=question.refusal,
        articles=list(question.articles),
        confidence=question.confidence,
        conditions=sorted(asker.conditions),
        age_band=_band(asker.age),
        asked_on=china_date(now),
    )
    return insert_once(session, kept)


def unhelpful(session: Session, vault: Vault, turn_id: str, asker: Asker, now: datetime) -> bool:
    """The answer of this turn was no help. Only an answer with a source counts, never a refusal."""
    known = (
        update(AskedQuestion)
        .where(col(AskedQuestion.turn_index) == vault.index(turn_id, _TURN))
        .values(reason=UNHELPFUL)
    )
    if changed(session, known):
        return True
    turn = session.get(Turn, turn_id)
    if turn is None or not turn.citations:
        return False
    text = said_in(session, vault, turn_id)
    question = Question(text, UNHELPFUL, articles=tuple(turn.citations))
    return keep(session, vault, turn_id, question, asker, now) if text else False


def helpful(session: Session, vault: Vault, turn_id: str) -> bool:
    """The answer of this turn was good: whoever doubted it need not look."""
    doubted = (
        delete(AskedQuestion)
        .where(col(AskedQuestion.turn_index) == vault.index(turn_id, _TURN))
        .where(col(AskedQuestion.reason) == UNSURE)
    )
    return changed(session, doubted) > 0


def holds(session: Session, vault: Vault, turn_id: str) -> bool:
    """Whether this turn's question was kept."""
    kept = select(AskedQuestion.id).where(AskedQuestion.turn_index == vault.index(turn_id, _TURN))
    return session.exec(kept).first() is not None


def said_in(session: Session, vault: Vault, turn_id: str) -> str:
    """The typed words that a turn answered."""
    rows = session.exec(
        select(InboundMessage)
        .where(InboundMessage.turn_id == turn_id)
        .where(InboundMessage.kind == "text")
        .order_by(col(InboundMessage.received_at), col(InboundMessage.id))
    ).all()
    opened = (vault.open(row.body_sealed, "inbound_messages.body", row.id) for row in rows)
    return "，".join(text for text in opened if text)


def stored(session: Session, vault: Vault, reader: Reader) -> tuple[Asked, ...]:
    """Every grouped question this reader may see, the oldest first."""
    rows = session.exec(
        select(AskedQuestion)
        .where(visible(reader))
        .where(col(AskedQuestion.group_id).is_not(None))
        .order_by(col(AskedQuestion.asked_on), col(AskedQuestion.id))
    ).all()
    return tuple(
        Asked(
            row.id,
            row.group_id or "",
            words_of(vault, row),
            tuple(row.conditions),
            tuple(row.articles),
        )
        for row in rows
    )


def ungrouped(session: Session, vault: Vault) -> tuple[tuple[str, str], ...]:
    """Id and words of what came since the last tick, the oldest first."""
    rows = session.exec(
        select(AskedQuestion)
        .where(col(AskedQuestion.group_id).is_(None))
        .order_by(col(AskedQuestion.asked_on), col(AskedQuestion.id))
        .limit(_MOST_AT_ONCE)
    ).all()
    return tuple((row.id, words_of(vault, row)) for row in rows)


def grouped(session: Session, vault: Vault) -> tuple[tuple[str, str], ...]:
    """Group and words of the newest questions that have one."""
    rows = session.exec(
        select(AskedQuestion)
        .where(col(AskedQuestion.group_id).is_not(None))
        .order_by(col(AskedQuestion.asked_on).desc(), col(AskedQuestion.id))
        .limit(_MOST_COMPARED)
    ).all()
    return tuple((row.group_id or "", words_of(vault, row)) for row in rows)


def visible(reader: Reader) -> Any:
    """True for the questions of the counties below this curator, and for those of nowhere."""
    counties = select(Facility.id).where(reader.catchment())
    inside = col(AskedQuestion.county_id).in_(counties) | col(AskedQuestion.county_id).is_(None)
    return inside & (reader.role == "curator")


def words_of(vault: Vault, row: AskedQuestion) -> str:
    return vault.open(row.words_sealed, WORDS, row.id)


def forget(session: Session, vault: Vault, inbound: Collection[str]) -> int:
    """Delete what came from these messages: the turns that answered them are known until now."""
    turns = session.exec(
        select(InboundMessage.turn_id)
        .where(col(InboundMessage.id).in_(inbound))
        .where(col(InboundMessage.turn_id).is_not(None))
        .distinct()
    ).all()
    return _forget_turns(session, vault, [turn for turn in turns if turn])


def forget_old(session: Session, now: datetime) -> int:
    """Delete what was kept long enough, and the groups that nothing is left of."""
    oldest = china_date(now) - timedelta(days=settings()["kept"]["days"])
    gone = changed(session, delete(AskedQuestion).where(col(AskedQuestion.asked_on) < oldest))
    return gone + _drop_empty(session, oldest)


def _forget_turns(session: Session, vault: Vault, turns: Sequence[str]) -> int:
    indexes = [vault.index(turn, _TURN) for turn in turns]
    return changed(session, delete(AskedQuestion).where(col(AskedQuestion.turn_index).in_(indexes)))


def _drop_empty(session: Session, oldest: date) -> int:
    """Groups without a question. A decision is kept as long as a question would have been."""
    used = select(AskedQuestion.group_id).where(col(AskedQuestion.group_id).is_not(None))
    before = select(AskedQuestion.was_in).where(col(AskedQuestion.was_in).is_not(None))
    empty = (
        delete(QuestionGroup)
        .where(col(QuestionGroup.id).not_in(used))
        .where(col(QuestionGroup.id).not_in(before))
        .where((col(QuestionGroup.state) == "waiting") | (col(QuestionGroup.made_on) < oldest))
    )
    return changed(session, empty)


def _names(session: Session, vault: Vault, person_ids: Iterable[str]) -> list[str]:
    """Everybody behind this phone, and everybody who signs in."""
    people = session.exec(select(Person).where(col(Person.id).in_(list(person_ids)))).all()
    staff = session.exec(select(Practitioner.id, Practitioner.name_sealed)).all()
    known = [name_of(vault, person) for person in people]
    known += [_emergency_name(vault, person) for person in people]
    known += [_staff_name(vault, row, sealed) for row, sealed in staff]
    return [name for name in known if name]


@lru_cache(maxsize=_MOST_STAFF)
def _staff_name(vault: Vault, row: str, sealed: bytes | None) -> str:
    """Opened once in a process: whoever is new, or called otherwise, has other sealed bytes."""
    return vault.open(sealed, "practitioners.name", row)


def _emergency_name(vault: Vault, person: Person) -> str:
    if person.emergency_sealed is None:
        return ""
    return str(json.loads(vault.open(person.emergency_sealed, EMERGENCY, person.id))["name"])


def _places(session: Session) -> list[str]:
    return list(session.exec(select(Facility.name)).all())


def _county(session: Session, facility_id: str | None) -> str | None:
    """The county a facility belongs to, or whatever stands at the top."""
    place = session.get(Facility, facility_id) if facility_id else None
    if place is None:
        return None
    above = place.path.strip("/").split("/")
    rows = session.exec(select(Facility).where(col(Facility.id).in_(above))).all()
    counties = [row.id for row in rows if row.kind == "county"]
    return (counties or [above[0]])[0]


def _band(age: int | None) -> str | None:
    """Seventy to seventy-nine is 70; whoever is older than ninety is one of few."""
    return None if age is None else str(min(age // 10 * 10, _OLDEST_BAND))
