"""Which values are stored, for whom, and which stored ones are confirmed, replaced or taken back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from langgraph.runtime import Runtime

from agent import putting_right, whose
from agent.agreeing import may_keep
from agent.context import SENDER, Member, Past, TurnContext
from agent.decision import NewReading
from agent.putting_right import CORRECTABLE
from agent.state import Heed, Owner, Record, TurnState
from care.assess import assess
from care.reading import Kind, Reading
from care.situation import Situation
from language.moment import instant_of
from language.understanding import Intent, Mention, Subject, When
from records.readings import HABITUAL, MEASURED
from records.times import CHINA
from texts.wording import spoken

__all__ = ["CORRECTABLE", "record"]

_NOT = re.compile(
    r"(?:不是|把|将)\s*(?:高压|低压|血压|血糖|上压|下压)?(?:是|的)?\s*([0-9]+(?:\.[0-9]+)?)"
)


def record(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Decide what to do with every value in the message, and with the ones stored before."""
    context, heed = runtime.context, state["heed"]
    if state.get("agreement") is None:
        changed = putting_right.put_right(heed, context)
        if changed is not None:
            new = tuple(_held(one, state, context) for one in changed.readings)
            return {"record": replace(changed, readings=new)}
    return {"record": _recorded(heed, state, context)}


def _recorded(heed: Heed, state: TurnState, context: TurnContext) -> Record:
    understood = heed.understood
    new, unplaced, ask_who = _new_readings(heed, context)
    new = tuple(_held(one, state, context) for one in new)
    asked = _asked_to_confirm(context)
    new = tuple(
        _correcting(reading, heed, context)
        if understood.corrects or reading.reading.kind in _kinds(asked, context)
        else reading
        for reading in new
    )
    denied = understood.intent is Intent.DENY
    return Record(
        readings=new,
        confirm=asked if understood.intent is Intent.CONFIRM and not new else (),
        withdraw=_unless_replaced(asked, new) if denied else (),
        withdrawn=_values(asked, context) if denied else (),
        corrected=any(reading.replaces for reading in new),
        unplaced=unplaced,
        ask_who=ask_who,
        speaking=_named(heed, context),
        disowned=_disowned(heed, context),
    )


def _new_readings(
    heed: Heed, context: TurnContext
) -> tuple[tuple[NewReading, ...], tuple[Mention, ...], bool]:
    """Readings to store, current values that belong to nobody we know, and whether to ask whose."""
    new: list[NewReading] = []
    unplaced: list[Mention] = []
    ask_who = False
    for mention in heed.understood.mentions:
        if not whose.current(mention):
            continue
        owner = _owner(mention, heed, context)
        if owner is None:
            continue
        if owner.member is None:
            unplaced.append(_as_said(mention, owner))
            ask_who = ask_who or (heed.owners is None and whose.unknown(mention, context))
        else:
            new.append(_as_new(mention, owner.member, heed, context))
    return tuple(new), tuple(unplaced), ask_who


def _owner(mention: Mention, heed: Heed, context: TurnContext) -> Owner | None:
    """Whose it is; None for a value that was not asked about when an answer placed the others."""
    if heed.owners is not None:
        return heed.owners.get(mention.start)
    return Owner(whose.owner_of(mention, heed, context))


def _as_said(mention: Mention, owner: Owner) -> Mention:
    """A value whose owner was named and is not registered."""
    if not owner.relation or owner.relation == SENDER:
        return mention
    return replace(mention, subject=Subject.OTHER, relation=owner.relation)


def _named(heed: Heed, context: TurnContext) -> Member | None:
    """Who was just named in answer to the question; else whoever still is remembered."""
    people = {o.member.person_id: o.member for o in (heed.owners or {}).values() if o.member}
    return next(iter(people.values())) if len(people) == 1 else None


def _disowned(heed: Heed, context: TurnContext) -> tuple[str, ...]:
    """Messages judged as the sender's whose values turned out to be another person's."""
    others = [
        place for place, owner in (heed.owners or {}).items() if owner.member is not context.sender
    ]
    return tuple(dict.fromkeys(filter(None, map(heed.message_at, others))))


def _held(new: NewReading, state: TurnState, context: TurnContext) -> NewReading:
    """Marked, when its owner has not agreed that values are kept."""
    owner = next(who for who in context.members if who.person_id == new.person_id)
    return replace(new, held=not may_keep(owner, state.get("agreement")))


def _as_new(mention: Mention, owner: Member, heed: Heed, context: TurnContext) -> NewReading:
    message_id = heed.message_at(mention.start)
    received = context.received(message_id).astimezone(CHINA)
    judged = assess(Situation(background=owner.background, readings=(mention.reading,)))
    return NewReading(
        person_id=owner.person_id,
        reading=mention.reading,
        message_id=message_id,
        taken_at=instant_of(mention.moment, received) if mention.moment else received,
        certainty=mention.certainty,
        basis=HABITUAL if mention.when is When.HABITUAL else MEASURED,
        level=judged.level,
        reasons=judged.reasons,
        dated=mention.moment is not None,
    )


def _correcting(new: NewReading, heed: Heed, context: TurnContext) -> NewReading:
    """Point a corrected value at the one it replaces, and keep the half that was not corrected."""
    fresh = [
        past
        for past in _of(new.person_id, context)
        if past.here
        and context.now - past.recorded_at <= CORRECTABLE
        and past.reading.kind is new.reading.kind
    ]
    if not fresh:
        return new
    old = max(fresh, key=lambda past: (_repeated(past, heed), past.recorded_at, past.reading_id))
    completed = _completed(new.reading, old.reading)
    owner = next(who for who in context.members if who.person_id == new.person_id)
    judged = assess(Situation(background=owner.background, readings=(completed,)))
    return replace(
        new,
        reading=completed,
        replaces=(old.reading_id,),
        taken_at=new.taken_at if new.dated else old.taken_at,
        level=judged.level,
        reasons=judged.reasons,
    )


def _repeated(past: Past, heed: Heed) -> bool:
    """不是158是138: the wrong value is said again."""
    said = {float(number) for number in _NOT.findall(heed.text)}
    values = past.reading.systolic, past.reading.diastolic, past.reading.value
    return any(value in said for value in values if value is not None)


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
    return tuple(spoken(past.reading) for past in _of_ids(reading_ids, context))


def _kinds(reading_ids: Iterable[str], context: TurnContext) -> set[Kind]:
    return {past.reading.kind for past in _of_ids(reading_ids, context)}


def _of_ids(reading_ids: Iterable[str], context: TurnContext) -> list[Past]:
    wanted = set(reading_ids)
    return [past for who in context.members for past in who.past if past.reading_id in wanted]


def _of(person_id: str, context: TurnContext) -> tuple[Past, ...]:
    return next((who.past for who in context.members if who.person_id == person_id), ())
