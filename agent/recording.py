"""Which values are stored, for whom, and which stored ones are confirmed, replaced or taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from langgraph.runtime import Runtime

from agent.agreeing import may_keep
from agent.context import SENDER, Member, Past, TurnContext
from agent.decision import NewReading
from agent.state import Heed, Record, TurnState
from care.assess import assess
from care.reading import Kind, Reading
from care.situation import Situation
from language.relations import code_of
from language.understanding import Certainty, Intent, Mention, Purpose, Subject, When
from texts.wording import spoken

# How long a value can still be corrected or taken back by a message.
CORRECTABLE = timedelta(hours=24)


def record(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Decide what to do with every value in the message, and with the ones stored before."""
    context, heed = runtime.context, state["heed"]
    understood = heed.understood
    if understood.intent is Intent.WITHDRAW and state.get("agreement") is None:
        last = _last_turn(context)
        return {
            "record": Record(
                withdraw=tuple(past.reading_id for past in last),
                withdrawn=tuple(spoken(past.reading) for past in last),
            )
        }
    new, unplaced, ask_who = _new_readings(heed, context)
    new = tuple(_held(one, state, context) for one in new)
    asked = _asked_to_confirm(context)
    new = tuple(
        _correcting(reading, context)
        if understood.corrects or reading.reading.kind in _kinds(asked, context)
        else reading
        for reading in new
    )
    denied = understood.intent is Intent.DENY
    return {
        "record": Record(
            readings=new,
            confirm=asked if understood.intent is Intent.CONFIRM and not new else (),
            withdraw=_unless_replaced(asked, new) if denied else (),
            withdrawn=_values(asked, context) if denied else (),
            corrected=any(reading.replaces for reading in new),
            unplaced=unplaced,
            ask_who=ask_who,
        )
    }


def _new_readings(
    heed: Heed, context: TurnContext
) -> tuple[tuple[NewReading, ...], tuple[Mention, ...], bool]:
    """Readings to store, current values that belong to nobody we know, and whether to ask whose."""
    new: list[NewReading] = []
    unplaced: list[Mention] = []
    ask_who = False
    for mention in heed.understood.mentions:
        if not _current(mention):
            continue
        owner = heed.owner or _owner(mention, context)
        if owner is None:
            unplaced.append(mention)
            ask_who = ask_who or mention.subject is not Subject.OTHER
        else:
            new.append(_as_new(mention, owner, heed))
    return tuple(new), tuple(unplaced), ask_who


def _held(new: NewReading, state: TurnState, context: TurnContext) -> NewReading:
    """Marked, when its owner has not agreed that values are kept."""
    owner = next(who for who in context.members if who.person_id == new.person_id)
    return replace(new, held=not may_keep(owner, state.get("agreement")))


def _current(mention: Mention) -> bool:
    return (
        mention.purpose is Purpose.MEASURED
        and mention.when is not When.PAST
        and mention.certainty is not Certainty.IMPLAUSIBLE
    )


def _owner(mention: Mention, context: TurnContext) -> Member | None:
    """The person a value belongs to, or None: it is never stored for the wrong one."""
    if mention.subject is Subject.OTHER:
        return context.member(code_of(mention.relation or ""))
    if mention.subject is Subject.UNCLEAR:
        return None
    if len(context.members) == 1:
        # A daughter's phone that is tied to her mother alone: the reply names whose value it is.
        return context.members[0]
    return context.member(SENDER)


def _as_new(mention: Mention, owner: Member, heed: Heed) -> NewReading:
    judged = assess(Situation(background=owner.background, readings=(mention.reading,)))
    return NewReading(
        person_id=owner.person_id,
        reading=mention.reading,
        message_id=heed.message_at(mention.start),
        certainty=mention.certainty,
        basis="habitual" if mention.when is When.HABITUAL else "measured",
        level=judged.level,
        reasons=judged.reasons,
    )


def _correcting(new: NewReading, context: TurnContext) -> NewReading:
    """Point a corrected value at the one it replaces, and keep the half that was not corrected."""
    for past in _of(new.person_id, context):
        fresh = context.now - past.recorded_at <= CORRECTABLE
        if fresh and past.reading.kind is new.reading.kind:
            completed = _completed(new.reading, past.reading)
            return replace(new, reading=completed, replaces=(past.reading_id,))
    return new


def _completed(new: Reading, old: Reading) -> Reading:
    if new.kind is not Kind.BP:
        return replace(new, context=new.context or old.context)
    systolic = old.systolic if new.systolic is None else new.systolic
    diastolic = old.diastolic if new.diastolic is None else new.diastolic
    return replace(new, systolic=systolic, diastolic=diastolic)


def _asked_to_confirm(context: TurnContext) -> tuple[str, ...]:
    ids = context.awaiting.get("confirm", ())
    return tuple(str(reading_id) for reading_id in ids)


def _unless_replaced(asked: tuple[str, ...], new: tuple[NewReading, ...]) -> tuple[str, ...]:
    replaced = {old for reading in new for old in reading.replaces}
    return tuple(reading_id for reading_id in asked if reading_id not in replaced)


def _values(reading_ids: Iterable[str], context: TurnContext) -> tuple[str, ...]:
    return tuple(spoken(past.reading) for past in _named(reading_ids, context))


def _kinds(reading_ids: Iterable[str], context: TurnContext) -> set[Kind]:
    return {past.reading.kind for past in _named(reading_ids, context)}


def _named(reading_ids: Iterable[str], context: TurnContext) -> list[Past]:
    wanted = set(reading_ids)
    return [past for who in context.members for past in who.past if past.reading_id in wanted]


def _last_turn(context: TurnContext) -> tuple[Past, ...]:
    """What the last turn stored for the sender, if it can still be taken back."""
    past = _of(context.sender.person_id, context)
    fresh = [row for row in past if context.now - row.recorded_at <= CORRECTABLE]
    if not fresh:
        return ()
    newest = max(row.recorded_at for row in fresh)
    return tuple(row for row in fresh if row.recorded_at == newest)


def _of(person_id: str, context: TurnContext) -> tuple[Past, ...]:
    return next((who.past for who in context.members if who.person_id == person_id), ())
