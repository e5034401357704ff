"""The sentences of a reply, as parts with their keys: what was recorded, what is unclear."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.context import SENDER, TurnContext
from agent.decision import NewReading, Part
from agent.state import Record, TurnState
from care.level import Level
from care.reading import GlucoseContext, Kind
from language.relations import code_of, word_of
from language.understanding import Certainty, Purpose, Understanding, When
from texts.catalogue import fit, render
from texts.wording import listed, spoken

_NUMBER = re.compile(r"[0-9０-９][0-9０-９./／．]*")
_READ_BACK = ("joined", "reversed", "heard", "seen")
# Judged well enough by the sender's own reporting line to say "within the line".
_SAID_OK = {Kind.BP, Kind.GLUCOSE}


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
        return (part("reading.withdrawn", value="、".join(record.withdrawn)),)
    said = _stored(record, context)
    said += _unstored(record, context)
    return said or _only_past(state["heed"].understood)


def clarification(state: TurnState) -> tuple[Part, ...]:
    """What must be asked back: a meter error, an impossible value or a number without a name."""
    understood = state["heed"].understood
    implausible = [m for m in understood.mentions if m.certainty is Certainty.IMPLAUSIBLE]
    if understood.meter_errors:
        return (part("reading.clarify_meter_error"),)
    if implausible:
        said = understood.text[implausible[0].start : implausible[0].end]
        return (part("reading.clarify_implausible", number=_number(said)),)
    if understood.unread_numbers and not state["record"].readings:
        return (part("reading.clarify_number", number=_number(understood.text)),)
    return ()


def _number(text: str) -> str:
    """The first number as it was written; the words themselves when it was spelt out."""
    found = _NUMBER.search(text)
    return found.group() if found else text.strip() or "…"


def unsure(readings: Sequence[NewReading]) -> NewReading | None:
    """The first value that was joined, reversed, heard or seen and must be read back."""
    return next((one for one in readings if one.certainty in _READ_BACK), None)


def _stored(record: Record, context: TurnContext) -> tuple[Part, ...]:
    readings = record.readings
    if any(one.held for one in readings):
        return (_held(readings, context),)
    doubtful = unsure(readings)
    if doubtful is not None:
        alike = [one.reading for one in readings if one.certainty == doubtful.certainty]
        return (part(f"reading.{doubtful.certainty}", value=listed(alike)),)
    if not readings:
        return ()
    if record.corrected:
        return (part("reading.corrected", value=listed([one.reading for one in readings])),)
    if len(readings) > 1:
        values = listed([one.reading for one in readings])
        return (part("reading.recorded_many", count=len(readings), values=values),)
    return (_one(readings[0], context),)


def _held(readings: Sequence[NewReading], context: TurnContext) -> Part:
    """Read, judged, and not kept: asked for the yes, or said plainly that there was a no."""
    pending = any(who.pending for who in context.members)
    value = fit("value", listed([one.reading for one in readings]))
    return part("consent.held" if pending else "consent.not_kept", value=value)


def _one(new: NewReading, context: TurnContext) -> Part:
    value = spoken(new.reading)
    who = next((m for m in context.members if m.person_id == new.person_id), context.sender)
    if who.relation != SENDER:
        value = f"{who.name or word_of(who.relation)}的{value}"
    return part(f"reading.{_judged(new)}", value=value)


def _judged(new: NewReading) -> str:
    if new.level is Level.ROUTINE:
        return "recorded_low" if _is_low(new) else "recorded_high"
    placed = new.reading.kind is Kind.BP or new.reading.context is GlucoseContext.FASTING
    if new.level is Level.NONE and new.reading.kind in _SAID_OK and placed and not _half(new):
        return "recorded_ok"
    return "recorded"


def _half(new: NewReading) -> bool:
    reading = new.reading
    return reading.kind is Kind.BP and (reading.systolic is None or reading.diastolic is None)


def _is_low(new: NewReading) -> bool:
    return "low_bp" in new.reasons


def _unstored(record: Record, context: TurnContext) -> tuple[Part, ...]:
    """Values of somebody who is not registered behind this phone, or nobody knows whose."""
    if not record.unplaced:
        return ()
    mention = record.unplaced[0]
    relation, value = word_of(code_of(mention.relation or "")), spoken(mention.reading)
    if record.ask_who and context.member(SENDER) is None:
        names = "、".join(who.name for who in context.members)
        return (part("reading.ask_which", value=value, names=names),)
    if record.ask_who:
        return (part("reading.ask_who", value=value, relation=relation),)
    return (part("reading.for_other", relation=relation, value=value),)


def _only_past(understood: Understanding) -> tuple[Part, ...]:
    past = [m for m in understood.mentions if m.when is When.PAST]
    told = past and all(m.purpose is Purpose.MEASURED for m in past)
    return (part("reading.past"),) if told and not understood.question else ()


def _of(reading_ids: Sequence[str], context: TurnContext) -> str:
    wanted = set(reading_ids)
    return listed(
        [past.reading for who in context.members for past in who.past if past.reading_id in wanted]
    )
