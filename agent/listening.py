"""What a machine heard or saw is never taken at its word.

Every value from it is read back and waits for a yes; a question is said back before it is answered;
what nobody could make sense of is a doctor's task, beside the recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent import wording
from agent.context import Heard, TurnContext
from agent.decision import NewReading, Part, Route, TaskWish
from agent.hearing import words_of
from agent.state import Record, TurnState
from records.tasks import LOOK_AT_MEDIA
from texts.wording import listed

VOICE = "voice"
UNCLEAR = "voice_unclear"
# How sure a value can be that came by voice or from a photo, and where it is said to come from.
CERTAINTY = {VOICE: "heard", "image": "seen"}
# Outcomes of listening that the sender can mend by himself.
_TOLD = {"silent": "voice.silent", "too_short": "voice.silent", "too_long": "voice.too_long"}


def doubted(record: Record, context: TurnContext) -> Record:
    """The same readings, with those a machine heard or saw marked: they are read back."""
    known = (*context.messages, *context.unplaced)
    origin = {one.message_id: one.kind for one in known if one.kind in CERTAINTY}
    if not origin:
        return record
    readings = tuple(
        replace(new, certainty=CERTAINTY[origin[new.message_id]])
        if new.message_id in origin
        else new
        for new in record.readings
    )
    return replace(record, readings=readings)


def read_back(readings: Sequence[NewReading]) -> tuple[Part, ...]:
    """The question about the values that a machine heard or saw; empty without any."""
    found = [one for one in readings if one.certainty in CERTAINTY.values() and not one.held]
    if not found:
        return ()
    values = listed([one.reading for one in found])
    return (wording.part(f"reading.{found[0].certainty}", value=values),)


def echoed(state: TurnState, context: TurnContext) -> tuple[Part, ...]:
    """The reply; an answer to something that was heard says first what was heard."""
    said = _said(context)
    answers = state["route"] is Route.ANSWER or state.get("answered", False)
    if not said or not answers or state["route"] is Route.ALARM:
        return state["parts"]
    return (wording.part("voice.echo", said=said), *state["parts"])


def not_understood(context: TurnContext) -> tuple[Part, ...]:
    """What to say when voice brought words that mean nothing to us; empty without such words."""
    said = _said(context)
    return (wording.part("voice.meant_nothing", said=said),) if said else ()


def unheard(message: Heard) -> Part | None:
    """What to say about a voice message without words that was listened to; None otherwise."""
    if message.kind != VOICE or message.made is None or words_of(message):
        return None
    why = str(message.made.get("why", ""))
    return wording.part(_TOLD.get(why, "voice.unclear"))


def to_listen_to(context: TurnContext, *, meaningless: bool = False) -> tuple[TaskWish, ...]:
    """A doctor listens to every voice message that has no words, or words that mean nothing."""
    return tuple(
        TaskWish(
            LOOK_AT_MEDIA,
            VOICE if one.made is None and not words_of(one) else UNCLEAR,
            one.message_id,
            context.sender.person_id,
            one.message_id,
        )
        for one in context.messages
        if one.kind == VOICE and (meaningless or not words_of(one))
    )


def _said(context: TurnContext) -> str:
    """What was heard, as far as it can be quoted."""
    return "，".join(words_of(one) for one in context.messages if one.kind == VOICE).strip("，")
