"""刚才那个不算, 不是我的是我老伴的, 那是昨晚量的: what a message changes of the values before it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from agent import whose
from agent.context import SENDER, Member, Past, TurnContext
from agent.decision import NewReading
from agent.state import Heed, Record
from care.assess import assess
from care.reading import GlucoseContext, Kind
from care.situation import Situation
from language.amending import Amendment, amendment_of
from language.expecting import Expecting
from language.moment import instant_of
from language.normalise import normalise
from language.relations import code_of
from language.scope import PAIR
from language.understanding import Intent, Mention, Subject, Understanding
from records.times import CHINA
from texts.wording import spoken

_RATHER = re.compile(
    r"\s*(?:哦|噢|呃|哎)?[,，\s]*(?:不是|应该是|是)\s*[0-9一二两三四五六七八九十百]"
)
# 不是我的,是我老伴的: whose the value is not.
_NOT_THEIRS = re.compile(
    r"(?:不是|不算|哪是)(?P<who>[^的,，。\s]{1,6}?)(?:自己|本人|个人)?[量测]?(?:的|[,，。\s]|$)"
)
# How long a value can still be corrected or taken back by a message.
CORRECTABLE = timedelta(hours=24)


def put_right(heed: Heed, context: TurnContext) -> Record | None:
    """What is done to the last values sent from this phone; None when the message changes none."""
    if heed.owners is not None:
        return None
    if heed.understood.intent is Intent.WITHDRAW and not heed.understood.mentions:
        return _withdrawn(_last_turn(context))
    amendment = amendment_of(heed.understood, normalise(heed.text).text)
    last = _last_turn(context) if amendment else []
    if amendment is None or not last:
        return None
    if amendment.relation is not None:
        return _given_away(amendment.relation, last, heed, context)
    changed = [_changed(who, past, amendment, heed, context) for who, past in last]
    new = tuple(one for one in changed if one is not None)
    return Record(readings=new, corrected=True) if new else None


def expected(understood: Understanding, context: TurnContext) -> Expecting | None:
    """What a correction without a name is about: 打错了,是65 after a weight; None when it is none."""
    corrects = understood.corrects or _RATHER.match(understood.text) is not None
    last = [past.reading for _, past in _last_turn(context)] if corrects else []
    kinds = frozenset(one.kind for one in last)
    if not kinds or any(mention.reading.kind in kinds for mention in understood.mentions):
        return None
    return Expecting(kinds, last[0].context)


def _withdrawn(last: list[tuple[Member, Past]]) -> Record:
    return Record(
        withdraw=tuple(past.reading_id for _, past in last),
        withdrawn=tuple(spoken(past.reading) for _, past in last),
    )


def _given_away(
    relation: str, last: list[tuple[Member, Past]], heed: Heed, context: TurnContext
) -> Record | None:
    """One person's values are another's; asked where the words do not say which person's."""
    owner = whose.related(code_of(relation), context) if relation else None
    denied = _denied(heed, context)
    meant = [(who, past) for who, past in last if denied is None or who is denied]
    if any(who is not meant[0][0] for who, _ in meant):
        values = tuple(_named(past, PAIR) for _, past in meant)
        return Record(unplaced=values, ask_who=True, corrected=True)
    if not meant or meant[0][0] is owner:
        return None
    return _given_to(owner, relation, meant, heed, context)


def _denied(heed: Heed, context: TurnContext) -> Member | None:
    """Whose the values are said not to be; None where nobody we know was named."""
    said = _NOT_THEIRS.search(normalise(heed.text).text)
    found = whose.named(said["who"], context) if said else None
    return found.member if found else None


def _given_to(
    owner: Member | None,
    relation: str,
    last: list[tuple[Member, Past]],
    heed: Heed,
    context: TurnContext,
) -> Record:
    """The values go to whom they belong; to nobody where that person is not registered."""
    others = [who for who in context.members if who is not last[0][0]]
    if not relation and len(others) == 1:
        owner = others[0]
    messages = tuple(dict.fromkeys(str(past.message_id) for _, past in last))
    taken = replace(_withdrawn(last), disowned=messages)
    if owner is None:
        word = "" if relation == SENDER else relation
        named = tuple(_named(past, word) for _, past in last) if word else ()
        return replace(taken, unplaced=named)
    new = tuple(_as_new(past, owner, heed, context) for _, past in last)
    return Record(readings=new, corrected=True, speaking=owner)


def _named(past: Past, word: str) -> Mention:
    return Mention(past.reading, subject=Subject.OTHER, relation=word)


def _changed(
    who: Member, past: Past, amendment: Amendment, heed: Heed, context: TurnContext
) -> NewReading | None:
    """The same value at another time, or beside another meal."""
    new = _as_new(past, who, heed, context)
    if amendment.context is not None:
        if past.reading.kind is not Kind.GLUCOSE or past.reading.context == amendment.context:
            return None
        return _judged(new, who, amendment.context)
    assert amendment.moment is not None  # noqa: S101 -- it has a moment or a meal
    at = instant_of(amendment.moment, past.recorded_at.astimezone(CHINA))
    return replace(new, taken_at=at)


def _judged(new: NewReading, who: Member, context: GlucoseContext) -> NewReading:
    reading = replace(new.reading, context=context)
    judged = assess(Situation(background=who.background, readings=(reading,)))
    return replace(new, reading=reading, level=judged.level, reasons=judged.reasons)


def _as_new(past: Past, owner: Member, heed: Heed, context: TurnContext) -> NewReading:
    judged = assess(Situation(background=owner.background, readings=(past.reading,)))
    return NewReading(
        person_id=owner.person_id,
        reading=past.reading,
        message_id=heed.message_at(0) or past.message_id,
        level=judged.level,
        reasons=judged.reasons,
        replaces=(past.reading_id,),
        taken_at=past.taken_at,
    )


def _last_turn(context: TurnContext) -> list[tuple[Member, Past]]:
    """What the last message with values from this phone brought, if it can still be taken back."""
    fresh = [
        (who, past)
        for who in context.members
        for past in who.past
        if past.here and context.now - past.recorded_at <= CORRECTABLE
    ]
    if not fresh:
        return []
    newest = max(past.recorded_at for _, past in fresh)
    return [(who, past) for who, past in fresh if past.recorded_at == newest]
