"""An alarm looked at again after one of its values turned out wrong.

The words are read again by the same rules, with the values as they stand now; what a machine heard
or saw in a file counts as it did in the turn. The level goes down only when the rules explain
today's level by the wrong value: what a model or a person added is never taken away. An alarm is never closed here: a doctor decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, or_, select, update

from care.assess import assess
from care.escalation import ladder
from care.level import Level
from care.reading import Reading
from care.situation import Assessment, Background, Situation
from language.by_ear import as_it_sounds
from language.judgement import judge
from language.reader import read
from records.caseload import readable
from records.db import changed
from records.escalations import CLOSED
from records.heard import made_of
from records.identity import new_id
from records.messages import BODY
from records.people import background, china_date
from records.readings import VALID, as_reading
from records.tables import Escalation, EscalationEvent, InboundMessage, Person, StoredReading, Turn
from records.vault import Vault, VaultError

CORRECTED = "corrected"
NOTE = "escalation_events.note"
_VOICE = "voice"
_CAUSES = ("opened", "raised", "repeated")
# Between messages of one turn a comma: a value may go on in the next one.
_BREAK = "，"
_NOTHING = Assessment()


@dataclass(frozen=True, slots=True)
class Rejudged:
    """The alarm that a correction touched, and its level before and after."""

    escalation_id: str
    person_id: str
    before: Level
    after: Level


def rejudge(
    session: Session,
    vault: Vault,
    wrong: StoredReading,
    *,
    practitioner_id: str | None,
    note: str,
    now: datetime,
    lower: bool = True,
) -> Rejudged | None:
    """Annotate the open alarm that rests on this value, and lower it as far as the rules allow.

    Call it after the value was replaced or withdrawn. None when no open alarm rests on it.
    `practitioner_id` is None when the patient said so; `lower` is False where that may not lower it.
    """
    alarm = _alarm(session, wrong)
    if alarm is None:
        return None
    person = session.get_one(Person, wrong.person_id)
    known = background(session, person, china_date(now))
    causes = _causes(session, vault, alarm, known)
    then, today = _worst(one.then for one in causes), _worst(one.today for one in causes)
    before, after = Level(alarm.level), Level(alarm.level)
    explained = all(one.explained for one in causes)
    if lower and explained and then.level >= before > today.level:
        after = max(today.level, Level.ROUTINE, key=lambda level: level.rank)
        _lower(session, alarm, after, today.reasons)
    row = new_id()
    session.add(
        EscalationEvent(
            id=row,
            escalation_id=alarm.id,
            kind=CORRECTED,
            at=now,
            step=alarm.step,
            practitioner_id=practitioner_id,
            note_sealed=vault.seal(note, NOTE, row),
        )
    )
    session.flush()
    return Rejudged(alarm.id, alarm.person_id, before, after)


@dataclass(frozen=True, slots=True)
class _Cause:
    """What one event of the alarm rests on: judged as it was heard, and as it stands today."""

    then: Assessment
    today: Assessment
    claimed: Level = Level.URGENT
    beyond: bool = False

    @property
    def explained(self) -> bool:
        """Whether these words alone account for it: what a model, a wish or other days raised is not."""
        return self.then.level >= self.claimed and not self.beyond


def _alarm(session: Session, wrong: StoredReading) -> Escalation | None:
    """The person's alarm that is not closed, if this value may have had a part in it."""
    row = session.exec(
        select(Escalation)
        .where(Escalation.person_id == wrong.person_id)
        .where(Escalation.state != CLOSED)
        .with_for_update()
    ).first()
    if row is None:
        return None
    dangerous = Level(wrong.level) >= Level.URGENT and wrong.recorded_at >= row.opened_at
    told = wrong.inbound_message_id is not None and any(
        wrong.inbound_message_id == event.inbound_message_id
        or (wrong.turn_id is not None and wrong.turn_id == event.turn_id)
        for event in _events(session, row)
    )
    return row if dangerous or told else None


def _events(session: Session, alarm: Escalation) -> Sequence[EscalationEvent]:
    return session.exec(
        select(EscalationEvent)
        .where(EscalationEvent.escalation_id == alarm.id)
        .where(col(EscalationEvent.kind).in_(_CAUSES))
    ).all()


def _causes(session: Session, vault: Vault, alarm: Escalation, known: Background) -> list[_Cause]:
    found: list[_Cause] = []
    for event in _events(session, alarm):
        messages = _messages(session, event)
        if messages:
            found.append(_told(session, vault, alarm.person_id, messages, known))
        else:
            found.append(_entered(session, alarm.person_id, event.at, known))
    return found


def _messages(session: Session, event: EscalationEvent) -> Sequence[InboundMessage]:
    """What was said when the event happened: the message, and the rest of its turn."""
    turn = event.turn_id
    if turn is None and event.inbound_message_id is not None:
        first = session.get(InboundMessage, event.inbound_message_id)
        turn = first.turn_id if first else None
    wanted = [col(InboundMessage.id) == event.inbound_message_id]
    if turn is not None:
        wanted.append(col(InboundMessage.turn_id) == turn)
    return session.exec(
        select(InboundMessage)
        .where(or_(*wanted))
        .order_by(col(InboundMessage.received_at), col(InboundMessage.id))
    ).all()


def _turns(session: Session, messages: Sequence[InboundMessage]) -> Sequence[Turn]:
    """The turns that answered these messages."""
    ids = {row.turn_id for row in messages if row.turn_id}
    return session.exec(select(Turn).where(col(Turn.id).in_(ids))).all()


def _told(
    session: Session,
    vault: Vault,
    person_id: str,
    messages: Sequence[InboundMessage],
    known: Background,
) -> _Cause:
    """Read the words again. Whoever of the people described is worst counts, the safer side."""
    said = _said(session, vault, messages)
    stored = session.exec(
        select(StoredReading)
        .where(StoredReading.person_id == person_id)
        .where(col(StoredReading.inbound_message_id).in_([row.id for row in messages]))
    ).all()
    described = [one for text in said for one in judge(read(text), known)]
    turns = _turns(session, messages)
    levels = (Level.URGENT, *(Level(turn.level) for turn in turns))
    heard = {rule for one in described for rule in one.assessment.rules}
    return _Cause(
        then=_worst(one.assessment for one in described),
        today=_worst(assess(_as_it_stands(one.situation, stored)) for one in described),
        claimed=max(levels, key=lambda level: level.rank),
        beyond=any(not heard.issuperset(turn.rules) for turn in turns),
    )


def _said(session: Session, vault: Vault, messages: Sequence[InboundMessage]) -> list[str]:
    """The words as the turn read them: joined, each message alone, and voice by how it sounds."""
    try:
        made = made_of(session, vault, [row.id for row in messages])
    except VaultError:
        # Whatever rule the lost words met is missing then, and the level stays up.
        made = {}
    texts = [
        str((made.get(row.id) or {}).get("text", ""))
        or readable(vault, row.body_sealed, BODY, row.id)
        or ""
        for row in messages
    ]
    spoken = [text for row, text in zip(messages, texts, strict=True) if row.kind == _VOICE]
    joined = _BREAK.join(text for text in texts if text)
    return list(dict.fromkeys((joined, *texts, *map(as_it_sounds, spoken))))


def _as_it_stands(said: Situation, stored: Sequence[StoredReading]) -> Situation:
    """The situation with the values that are valid now instead of those that are not."""
    gone = {_number(as_reading(row)) for row in stored if row.state not in VALID}
    valid = [as_reading(row) for row in stored if row.state in VALID]
    kept = [one for one in said.readings if _number(one) not in gone]
    return replace(said, readings=(*kept, *valid))


def _entered(session: Session, person_id: str, at: datetime, known: Background) -> _Cause:
    """An event without any message: a value that a doctor entered at that moment."""
    rows = session.exec(
        select(StoredReading)
        .where(StoredReading.person_id == person_id)
        .where(StoredReading.recorded_at == at)
    ).all()
    every = tuple(as_reading(row) for row in rows)
    valid = tuple(as_reading(row) for row in rows if row.state in VALID)
    return _Cause(
        then=assess(Situation(background=known, readings=every)),
        today=assess(Situation(background=known, readings=valid)),
    )


def _number(reading: Reading) -> tuple[object, ...]:
    return reading.kind, reading.systolic, reading.diastolic, reading.value


def _worst(judged: Iterable[Assessment]) -> Assessment:
    """The most urgent, with the reasons of all of that level."""
    found = list(judged)
    if not found:
        return _NOTHING
    worst = max(found, key=lambda one: one.level.rank)
    reasons = (reason for one in found if one.level == worst.level for reason in one.reasons)
    return replace(worst, reasons=tuple(dict.fromkeys(reasons)))


def _lower(session: Session, alarm: Escalation, after: Level, reasons: tuple[str, ...]) -> None:
    """Guarded by the level that was judged: an alarm raised meanwhile stays as it is."""
    values: dict[str, object] = {"level": after, "reasons": list(reasons)}
    if ladder(after) is None:
        values["next_escalation_at"] = None
    changed(
        session,
        update(Escalation)
        .where(col(Escalation.id) == alarm.id)
        .where(col(Escalation.level) == alarm.level)
        .values(**values)
        .execution_options(synchronize_session=False),
    )
    session.refresh(alarm)
