"""The sentences of a reply, as parts with their keys: what was recorded, what is unclear."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from agent import sittings, whose
from agent.context import SENDER, Member, TurnContext
from agent.decision import NewReading, Part
from agent.state import Record, TurnState
from care.assess import assess
from care.average import Average
from care.level import Level
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Situation
from care.targets import Setting, controlled, pressure_target
from language.cries import is_dialled
from language.relations import as_said, code_of, word_of
from language.scope import PAIR
from language.understanding import Certainty, Purpose, Subject, Understanding, When
from records.people import china_date
from records.times import CHINA
from texts.catalogue import fit, render
from texts.wording import listed, spoken

# 药改成半片: what was changed is a medicine.
_TABLETS = re.compile(r"药|[片针颗粒]|单位|胰岛素")
_NUMBER = re.compile(r"[0-9０-９][0-9０-９./／．]*")
_READ_BACK = ("joined", "reversed", "heard", "seen")
# Judged well enough by the sender's own reporting line to say "within the line".
_SAID_OK = {Kind.BP, Kind.GLUCOSE}
# Kinds with a control line that a value can be above or below.
_LINED = {*_SAID_OK, Kind.HBA1C}
_TWO = 2


def part(key: str, **values: str | int) -> Part:
    """One sentence, with each value cut to what its placeholder accepts."""
    fitted = {name: fit(name, str(value)) for name, value in values.items()}
    return Part(key, render(key, **fitted))


def recorded(state: TurnState, context: TurnContext) -> tuple[Part, ...]:
    """What was done with the values in this message; empty when there were none."""
    record = state["record"]
    if record.confirm:
        return (part("reading.confirmed", value=_of(record.confirm, context)),)
    if record.withdraw:
        return _withdrawn(record, context)
    said = _stored(record, context)
    said += unstored(record, context)
    return said if said or state.get("refused") else _only_past(state["heed"].understood)


def _withdrawn(record: Record, context: TurnContext) -> tuple[Part, ...]:
    value = "、".join(record.withdrawn)
    if not record.disowned:
        return (part("reading.withdrawn", value=value), *_again(record, context))
    if record.unplaced:
        relation = as_said(record.unplaced[0].relation or "")
        return (part("reading.not_yours_other", value=value, relation=relation),)
    return (part("reading.not_yours", value=value),)


def _again(record: Record, context: TurnContext) -> tuple[Part, ...]:
    """A dangerous value that was taken back is measured again."""
    wrong = {*record.withdraw}
    for who in context.members:
        gone = tuple(past.reading for past in who.past if past.reading_id in wrong)
        if assess(Situation(background=who.background, readings=gone)).level >= Level.URGENT:
            return (part("reading.recheck"),)
    return ()


def clarification(state: TurnState) -> tuple[Part, ...]:
    """What must be asked back: a meter error, an impossible value or a number without a name."""
    understood = state["heed"].understood
    implausible = [m for m in understood.mentions if m.certainty is Certainty.IMPLAUSIBLE]
    if understood.meter_errors:
        return (part("reading.clarify_meter_error"),)
    if implausible:
        said = understood.text[implausible[0].start : implausible[0].end]
        return (part("reading.clarify_implausible", number=_number(said)),)
    if state.get("refused") or (understood.corrects and of_a_medicine(understood)):
        return ()
    if understood.corrects and not understood.unread_numbers and not state["record"].readings:
        return (part("reading.send_right"),)
    return () if state["record"].readings else _nameless(state)


def _nameless(state: TurnState) -> tuple[Part, ...]:
    """A number that nobody named: a value, or the one that is dialled."""
    understood = state["heed"].understood
    if is_dialled(state["heed"].text):
        return (part("reading.clarify_dialled"),)
    if understood.unread_numbers:
        return (part("reading.clarify_number", number=_number(understood.text)),)
    return ()


def of_a_medicine(understood: Understanding) -> bool:
    """Whether what was changed is a medicine, for which no right number is asked."""
    return not understood.mentions and _TABLETS.search(understood.text) is not None


def _number(text: str) -> str:
    """The first number as it was written; the words themselves when it was spelt out."""
    found = _NUMBER.search(text)
    return found.group() if found else text.strip() or "…"


def day_said(at: datetime, now: datetime) -> str:
    """今天早上, 昨天晚上, 11月8日: a time as it is said of a value."""
    local, today = at.astimezone(CHINA), china_date(now)
    hours = ((5, "凌晨"), (11, "早上"), (13, "中午"), (18, "下午"), (24, "晚上"))
    part_of_day = next(word for end, word in hours if local.hour < end)
    days = (today - local.date()).days
    day = {0: "今天", 1: "昨天", 2: "前天"}.get(days, f"{local.month}月{local.day}日")
    return f"{day}{part_of_day}"


def unsure(readings: Sequence[NewReading]) -> NewReading | None:
    """The first value that was joined, reversed, heard or seen and must be read back."""
    return next((one for one in readings if one.certainty in _READ_BACK), None)


def _stored(record: Record, context: TurnContext) -> tuple[Part, ...]:
    readings = record.readings
    if any(one.held for one in readings):
        return (_held(readings, context),)
    doubtful = unsure(readings)
    if doubtful is not None:
        alike = [one for one in readings if one.certainty == doubtful.certainty]
        value = _listed(alike, context) if len(alike) > 1 else _value(doubtful, context)
        return (part(f"reading.{doubtful.certainty}", value=value),)
    if not readings:
        return ()
    if record.corrected:
        return (_corrected(readings, context),)
    return _together(readings, context) if len(readings) > 1 else (_one(readings[0], context),)


def _together(readings: Sequence[NewReading], context: TurnContext) -> tuple[Part, ...]:
    repeated = sittings.repeated(readings)
    if repeated is not None:
        return _sitting(repeated, readings, context)
    return (part("reading.recorded_many", count=len(readings), values=_listed(readings, context)),)


def _corrected(readings: Sequence[NewReading], context: TurnContext) -> Part:
    first, owners = readings[0], {one.person_id for one in readings}
    gone = {past.reading_id: who for who in context.members for past in who.past}
    before = {gone[old].person_id for one in readings for old in one.replaces if old in gone}
    value = listed([one.reading for one in readings])
    if before and not owners & before:
        return part("reading.moved", value=value, relation=_whom(readings[0], context))
    old = next(
        (p for who in context.members for p in who.past if p.reading_id in first.replaces), None
    )
    if old is not None and old.reading == first.reading and first.taken_at is not None:
        day = day_said(first.taken_at, context.now)
        return part("reading.time_changed", value=value, date=day)
    return part("reading.corrected", value=_listed(readings, context))


def _sitting(
    average: Average, readings: Sequence[NewReading], context: TurnContext
) -> tuple[Part, ...]:
    """Several pressures of one sitting: all are kept, and the average is what counts."""
    who = _member(readings[0], context)
    judged = assess(Situation(background=who.background, readings=(average.reading,)))
    key = {Level.NONE: "sitting_ok", Level.ROUTINE: "sitting_high"}.get(judged.level, "sitting")
    if "low_bp" in judged.reasons:
        key = "sitting"
    if key == "sitting_ok" and not _at_target(average.reading, who):
        key = "sitting"
    values = "、".join(str(one.reading) for one in readings if one.reading.kind is Kind.BP)
    owner = "" if who.relation == SENDER else f"{_whom(readings[0], context)}的"
    said = part(
        f"reading.{key}",
        count=sum(one.reading.kind is Kind.BP for one in readings),
        several=f"{owner}{values}",
        value=str(average.reading),
    )
    return (said, part("reading.third_measure")) if average.third_needed else (said,)


def _listed(readings: Sequence[NewReading], context: TurnContext) -> str:
    """The values, each person's behind the word for her where several people are meant."""
    people = list(dict.fromkeys(one.person_id for one in readings))
    if people == [context.sender.person_id]:
        return listed([one.reading for one in readings])
    told = []
    for person_id in people:
        own = [one for one in readings if one.person_id == person_id]
        told.append(f"{_whom(own[0], context)}{listed([one.reading for one in own])}")
    return "；".join(told)


def _member(new: NewReading, context: TurnContext) -> Member:
    return next((m for m in context.members if m.person_id == new.person_id), context.sender)


def _whom(new: NewReading, context: TurnContext) -> str:
    who = _member(new, context)
    return "您" if who.relation == SENDER else who.name or word_of(who.relation)


def _value(new: NewReading, context: TurnContext) -> str:
    if _member(new, context).relation == SENDER:
        return spoken(new.reading)
    return f"{_whom(new, context)}的{spoken(new.reading)}"


def _held(readings: Sequence[NewReading], context: TurnContext) -> Part:
    """Read, judged, and not kept: asked for the yes, or said plainly that there was a no."""
    pending = any(who.pending for who in context.members)
    value = fit("value", listed([one.reading for one in readings]))
    return part("consent.held" if pending else "consent.not_kept", value=value)


def _one(new: NewReading, context: TurnContext) -> Part:
    value = _value(new, context)
    if new.dated and new.taken_at is not None and _earlier(new.taken_at, context.now):
        value = f"{day_said(new.taken_at, context.now)}{value}"
    return part(f"reading.{_judged(new, _member(new, context))}", value=value)


def _earlier(at: datetime, now: datetime) -> bool:
    return china_date(at) < china_date(now)


def _judged(new: NewReading, who: Member) -> str:
    if new.level is Level.ROUTINE and new.reading.kind in _LINED:
        return "recorded_low" if _is_low(new) else "recorded_high"
    placed = new.reading.kind is Kind.BP or new.reading.context is GlucoseContext.FASTING
    if new.level is Level.NONE and new.reading.kind in _SAID_OK and placed and not _half(new):
        return "recorded_ok" if _at_target(new.reading, who) else "recorded"
    return "recorded"


def _at_target(reading: Reading, who: Member) -> bool:
    """Low enough to be told to go on so: the reporting line is not what a doctor aims at."""
    if reading.kind is not Kind.BP:
        return True
    target = pressure_target(who.background)
    below = reading.systolic is not None and reading.systolic < target.systolic
    below = below and reading.diastolic is not None and reading.diastolic < target.diastolic
    return below and controlled(reading, who.background, Setting.HOME) is True


def _half(new: NewReading) -> bool:
    reading = new.reading
    return reading.kind is Kind.BP and (reading.systolic is None or reading.diastolic is None)


def _is_low(new: NewReading) -> bool:
    return "low_bp" in new.reasons


def unstored(record: Record, context: TurnContext) -> tuple[Part, ...]:
    """Values of somebody who is not registered behind this phone, or nobody knows whose."""
    if not record.unplaced:
        return ()
    mention = record.unplaced[0]
    value = spoken(mention.reading)
    if record.ask_who:
        return (_ask(record, value, context),)
    if mention.subject is not Subject.OTHER:
        names = "、".join(who.name for who in context.members)
        return (part("reading.own_unregistered", value=value, names=names),)
    relation = as_said(mention.relation or "")
    return (part("reading.for_other", relation=relation, value=value),)


def _ask(record: Record, value: str, context: TurnContext) -> Part:
    """Asked once; while the question stands, what comes after it is only acknowledged."""
    if whose.asked_already(context):
        return part("reading.ask_still", value=value)
    shared = [m for m in record.unplaced if m.relation == PAIR]
    if len(shared) > 1:
        # A pair that is stored already is sent anew: no short answer could move it.
        pair = len(shared) == _TWO and len(context.members) <= _TWO and not record.corrected
        key = "ask_pair" if pair else "ask_pair_many"
        return part(f"reading.{key}", several=listed([m.reading for m in shared]))
    names = whose.people_asked_about(context)
    if context.member(SENDER) is None:
        return part("reading.ask_which", value=value, names="、".join(names))
    if len(names) > _TWO:
        return part("reading.ask_who_many", value=value, names="、".join(names))
    said = record.unplaced[0].relation or ""
    relation = names[1] if len(names) == _TWO else word_of(code_of("" if said == PAIR else said))
    return part("reading.ask_who", value=value, relation=relation)


def _only_past(understood: Understanding) -> tuple[Part, ...]:
    past = [m for m in understood.mentions if m.when is When.PAST]
    told = past and all(m.purpose is Purpose.MEASURED for m in past)
    return (part("reading.past"),) if told and not understood.question else ()


def _of(reading_ids: Sequence[str], context: TurnContext) -> str:
    wanted = set(reading_ids)
    return listed(
        [past.reading for who in context.members for past in who.past if past.reading_id in wanted]
    )
