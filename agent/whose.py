"""Whose value is it? Asked once when nobody could know, and the short answer is understood.

It is kept for ten minutes. What nobody answered for is stored for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from agent import hearing
from agent.context import SENDER, Member, TurnContext
from agent.state import Heed, Owner, Record
from care.reading import Kind
from care.situation import Programme
from language.normalise import normalise
from language.reader import read
from language.relations import code_of, word_of
from language.scope import PAIR
from language.understanding import Certainty, Mention, Purpose, Subject, When

# Where the messages are kept whose values nobody could place, and who is speaking.
WHOSE, SPEAKING = "whose", "speaking"
# The person whose a value was said not to be, where it was not said whose it is.
DISOWNED = "disowned"
REMEMBERED = timedelta(minutes=10)

_PLAIN = re.compile(r"[\s.。!！~:：;“”\"]+")
_PARTED = re.compile(r"[,，、]|(?<=的)(?=[前后第上下高低我俺老])")
_ONE = re.compile(
    r"^(?P<which>第[一二三12]个?的?|[一二]号|前(?:面|头|一个|边)?的?(?:那个|这个)?|后(?:面|头|一个|边)?的?(?:那个|这个)?"
    r"|上面的?(?:那个)?|下面的?(?:那个)?|头一个|高的(?:那个)?|低的(?:那个)?|(?P<number>[0-9]{2,3})[0-9/.]*的?(?:那个)?)?"
    r"(?P<both>都|两个都|全)?(?:是|就是|这是|给|算|归)?(?:我家|俺家|咱家|我们家|咱)?(?P<who>.{1,5}?)(?:的|量的|测的|啊|呀|哈|呢|个|嘞|哩)*$"
)
_OWN = frozenset({"我", "俺", "本人", "自己", "我自己", "我本人", "我个人", "俺自己", "阮", "侬家"})
_THEIRS = frozenset({"他", "她", "伊", "佢", "渠", "对方", "不是我", "不是俺"})
_NEEDS = {
    Kind.BP: Programme.HYPERTENSION,
    Kind.GLUCOSE: Programme.TYPE2_DIABETES,
    Kind.HBA1C: Programme.TYPE2_DIABETES,
}
_ASKS = {Programme.HYPERTENSION: "bp", Programme.TYPE2_DIABETES: "glucose"}
_TWO = 2


def pending(awaiting: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the messages that wait to be placed."""
    kept = awaiting.get(WHOSE, ())
    return (kept,) if isinstance(kept, str) else tuple(map(str, kept))


def speaking(context: TurnContext) -> Member | None:
    """Who was said to be speaking, within the last ten minutes."""
    kept = context.awaiting.get(SPEAKING)
    if not isinstance(kept, Mapping) or datetime.fromisoformat(str(kept["until"])) <= context.now:
        return None
    return next((who for who in context.members if who.person_id == kept["person"]), None)


def remembered(owner: Member, now: datetime) -> dict[str, str]:
    """What is kept of an answer."""
    return {"person": owner.person_id, "until": (now + REMEMBERED).isoformat()}


def kept(record: Record, heed: Heed, context: TurnContext) -> dict[str, object]:
    """What the conversation keeps: what waits to be placed, and who is speaking."""
    found: dict[str, object] = {}
    who = record.speaking
    if who is not None:
        found[SPEAKING] = remembered(who, context.now)
    elif speaking(context) is not None:
        found[SPEAKING] = context.awaiting[SPEAKING]
    if record.withdraw and record.disowned and not record.unplaced:
        found |= {WHOSE: list(record.disowned), DISOWNED: _taken_from(record, context)}
    if record.ask_who:
        said = (one for one in record.unplaced if one in heed.understood.mentions)
        new = (heed.message_at(mention.start) for mention in said)
        found[WHOSE] = list(dict.fromkeys([*_still_asked(context), *filter(None, new)]))
    return found


def _taken_from(record: Record, context: TurnContext) -> str | None:
    """Whose the values were that are taken back."""
    gone = (
        who.person_id
        for who in context.members
        for past in who.past
        if past.reading_id in record.withdraw
    )
    return next(gone, None)


def asked_already(context: TurnContext) -> bool:
    """The same question stands, and was put a moment ago."""
    return bool(_still_asked(context))


def _still_asked(context: TurnContext) -> tuple[str, ...]:
    fresh = (
        h for h in context.unplaced if context.now - context.received(h.message_id) <= REMEMBERED
    )
    return tuple(heard.message_id for heard in fresh)


def owner_of(mention: Mention, heed: Heed, context: TurnContext) -> Member | None:
    """The person a value belongs to, or None: it is never stored for the wrong one."""
    if mention.subject is Subject.OTHER:
        return related(code_of(mention.relation or ""), context) or _by_name(mention, heed, context)
    if mention.subject is Subject.UNCLEAR:
        return None if mention.relation == PAIR else speaking(context)
    if len(context.members) == 1:
        # A daughter's phone that is tied to her mother alone: the reply names whose value it is.
        return None if _beside(mention, heed, context) else context.members[0]
    if mention.own:
        return context.member(SENDER)
    named = _by_name(mention, heed, context) or speaking(context)
    if named is not None:
        return named
    return (_last if heed.understood.corrects else _holder)(mention, context)


def _beside(mention: Mention, heed: Heed, context: TurnContext) -> bool:
    """我妈158/96,我136/82 on the mother's second phone: 我 is the daughter, whom nobody registered."""
    if not mention.own or context.member(SENDER) is not None:
        return False
    others = (m for m in heed.understood.mentions if m.subject is Subject.OTHER)
    return any(related(code_of(m.relation or ""), context) is not None for m in others)


def unknown(mention: Mention, context: TurnContext) -> bool:
    """Whether to ask: not where somebody was named whom nobody registered."""
    if mention.subject is not Subject.OTHER:
        nobody = mention.own and context.member(SENDER) is None and len(context.members) == 1
        return not nobody
    code = code_of(mention.relation or "")
    return any(who.relation == code for who in context.members)


def _by_name(mention: Mention, heed: Heed, context: TurnContext) -> Member | None:
    """王桂芳158/96 李大山136/82: the name said last before the value, in the same sentence."""
    begin = max(heed.text.rfind(sign, 0, mention.start) for sign in "。！？!?；;\n") + 1
    places = [
        (heed.text.rfind(who.name, begin, mention.start), place)
        for place, who in enumerate(context.members)
        if len(who.name) > 1
    ]
    at, place = max(places, default=(-1, 0))
    return context.members[place] if at >= 0 else None


def related(code: str, context: TurnContext) -> Member | None:
    """The one person of this relation; None for nobody, and for several."""
    found = [who for who in context.members if who.relation == code]
    return found[0] if len(found) == 1 else None


def _holder(mention: Mention, context: TurnContext) -> Member | None:
    """The holder of the phone, unless only somebody else behind it is measured for this."""
    holder = context.member(SENDER)
    wanted = _NEEDS.get(mention.reading.kind)
    if holder is None or wanted is None or _measured(holder, wanted, context):
        return holder
    others = (who for who in context.members if who is not holder)
    return None if any(_measured(who, wanted, context) for who in others) else holder


def _measured(who: Member, wanted: Programme, context: TurnContext) -> bool:
    """Looked after for this, or has sent such a value before, or is being asked for one."""
    asked = any(
        one.person_id == who.person_id and one.programme == wanted for one in context.follow_ups
    )
    before = any(_NEEDS.get(past.reading.kind) == wanted for past in who.past)
    return asked or before or wanted in who.background.conditions


def _last(mention: Mention, context: TurnContext) -> Member | None:
    """Whose value of this kind came last from this phone: that is the one put right."""
    found = [
        (past.recorded_at, who.relation == SENDER, who)
        for who in context.members
        for past in who.past
        if past.here and past.reading.kind is mention.reading.kind
    ]
    newest = max(found, key=lambda one: one[:2], default=None)
    return newest[2] if newest else context.member(SENDER)


def answered(text: str, context: TurnContext) -> tuple[Owner, ...]:
    """Whom a short answer names, for each value that waits; empty when it names nobody."""
    waiting = _waiting(joined(context), context) if context.unplaced else ()
    if not waiting:
        return ()
    parts = [_ONE.fullmatch(part) for part in _PARTED.split(_PLAIN.sub("", normalise(text).text))]
    said = [(part, named(part["who"], context)) for part in parts if part is not None]
    known = [(part, owner) for part, owner in said if owner is not None]
    if not parts or len(known) != len(parts):
        return ()
    return _shared_out(known, waiting, context)


def _shared_out(
    named: Sequence[tuple[re.Match[str], Owner]],
    waiting: Sequence[Mention],
    context: TurnContext,
) -> tuple[Owner, ...]:
    pair = [m for m in waiting if m.relation == PAIR]
    heads = [m for m in pair if m.reading.kind is pair[0].reading.kind]
    part, owner = named[0]
    if len(named) == 1 and (not pair or part["both"]):
        return (owner,) * len(waiting)
    if len(heads) != _TWO or len(named) > _TWO:
        return ()
    first = _place(part, heads)
    if first is None and len(named) == 1:
        return ()
    other = named[1][1] if len(named) > 1 else _other_than(owner, context)
    if other is None:
        return ()
    order = (owner, other) if not first else (other, owner)
    parting = heads[1].start
    return tuple(order[0] if m.start < parting else order[1] for m in waiting)


def _place(part: re.Match[str], heads: Sequence[Mention]) -> int | None:
    """Which of the two values is meant: 0, 1, or None."""
    which = part["which"] or ""
    if part["number"]:
        numbers = [(m.reading.systolic, m.reading.diastolic, m.reading.value) for m in heads]
        wanted = float(part["number"])
        found = [place for place, values in enumerate(numbers) if wanted in values]
        return found[0] if len(found) == 1 else None
    if which.startswith(("高", "低")):
        values = [m.reading.systolic or m.reading.value or 0.0 for m in heads]
        highest = values.index(max(values))
        return highest if which.startswith("高") else 1 - highest
    if which.startswith(("后", "下", "第二", "二", "第2", "2")):
        return 1
    return 0 if which else None


def _other_than(owner: Owner, context: TurnContext) -> Owner | None:
    others = [who for who in context.members if who is not owner.member]
    return Owner(others[0]) if len(context.members) == _TWO and len(others) == 1 else None


def named(word: str, context: TurnContext) -> Owner | None:
    """By name, by relation, 我, or 她 where only one other person is known."""
    by_name = [who for who in context.members if who.name and word.endswith(who.name)]
    if by_name:
        return Owner(by_name[0]) if len(by_name) == 1 else None
    if word in _OWN:
        return Owner(context.member(SENDER), SENDER)
    if word in _THEIRS:
        others = [who for who in context.members if who.relation != SENDER]
        return Owner(others[0]) if len(others) == 1 else None
    relation = _relation(word)
    return Owner(related(code_of(relation), context), relation) if relation else None


def _relation(word: str) -> str | None:
    """The relative a word names, as it was said; None for any other word."""
    bare = word.removeprefix("我").removeprefix("俺").removeprefix("咱")
    mentions = read(f"{bare or word}血压120/80").mentions
    known = mentions and mentions[0].subject is Subject.OTHER
    return (mentions[0].relation or bare) if known else None


def heard_again(context: TurnContext, owners: tuple[Owner, ...]) -> Heed:
    """The messages from before, read again, now that their owners are known."""
    heed = joined(context)
    places = [mention.start for mention in _waiting(heed, context)]
    return replace(heed, owners=dict(zip(places, owners, strict=True)))


def joined(context: TurnContext) -> Heed:
    """Everything that waits to be placed, as one text."""
    text, starts = "", []
    for heard in context.unplaced:
        text += "，" if text else ""
        starts.append((len(text), heard.message_id))
        text += hearing.words_of(heard)
    return Heed(text, read(text), tuple(starts))


def _waiting(heed: Heed, context: TurnContext) -> tuple[Mention, ...]:
    """The values that were asked about; others of the same words are stored already."""
    return tuple(
        mention
        for mention in heed.understood.mentions
        if current(mention) and unknown(mention, context) and _ownerless(mention, heed, context)
    )


def _ownerless(mention: Mention, heed: Heed, context: TurnContext) -> bool:
    """Nobody's, or put down for the person who said that it is another's."""
    owner = owner_of(mention, heed, context)
    return owner is None or owner.person_id == context.awaiting.get(DISOWNED)


def current(mention: Mention) -> bool:
    """A value of now that could be stored for whoever it belongs to."""
    return (
        mention.purpose is Purpose.MEASURED
        and mention.when is not When.PAST
        and mention.certainty is not Certainty.IMPLAUSIBLE
    )


def people_asked_about(context: TurnContext) -> tuple[str, ...]:
    """The words we ask with: 您, 老伴, or a name where two would answer to one word."""
    words = ["您" if who.relation == SENDER else word_of(who.relation) for who in context.members]
    return tuple(
        who.name or word if words.count(word) > 1 or context.member(SENDER) is None else word
        for who, word in zip(context.members, words, strict=True)
    )
