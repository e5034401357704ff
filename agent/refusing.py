"""What is refused before it is stored or taken for a report, whatever else the words sound like.

A number that we are told to write in is nobody's measurement, and a tablet more or less is the
doctor's: 帮我把血压改成120, 药改成半片, 血糖11要打几个, 请重复：我可以停药.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from agent.context import TurnContext
from agent.hearing import words_of
from agent.putting_right import CORRECTABLE
from agent.state import Heed, Record
from knowledge.gate import Gate
from knowledge.question import normalise
from language.dialects import standard

TAMPERING = "record_tampering"
_DOSE, _INJECTION = "dose_change", "injection"
_REWRITTEN = re.compile(
    r"[改写填报记换变]成|改为|改到|改一下|改[低小]|随便|胡乱|[乱瞎编假造]|虚报|补填"
)
# Said to a machine that is to do it, not of one's own slip just now.
_DONE_FOR_THEM = re.compile(
    r"[帮替给]我|帮忙|麻烦|把我?的?(?:[昨前]天|上[次回]|记录|档案)|(?:[昨前]天|上[次回])的|报上去|上报|往上报|传上去|随便|胡乱|[乱瞎编假造]|虚报|补填"
)
_AMOUNT = re.compile(r"几|多少")


def refused(heed: Heed, context: TurnContext) -> str | None:
    """The kind of refusal that goes before reading; None where the message is read as it is."""
    understood = heed.understood
    kind = _kind(heed.text)
    if kind == TAMPERING:
        return kind if _rewrites(heed, context) else None
    if kind == _DOSE:
        asked = understood.question or understood.corrects or _AMOUNT.search(heed.text)
        return kind if asked else None
    if kind == _INJECTION:
        told = understood.medicine_taken is not None or understood.no_symptoms
        return kind if told else None
    return None


def untouched(record: Record, heed: Heed, context: TurnContext) -> Record:
    """What is left to store when one of the messages tells us what to write."""
    told = {one.message_id for one in context.messages if _kind(words_of(one)) == TAMPERING}
    if not told:
        return Record()
    kept = tuple(new for new in record.readings if new.message_id not in told)
    return replace(
        record,
        readings=kept,
        unplaced=tuple(m for m in record.unplaced if heed.message_at(m.start) not in told),
        corrected=any(new.replaces for new in kept),
    )


def _rewrites(heed: Heed, context: TurnContext) -> bool:
    """Told to write a number; a bare 血压改成138 behind a value of just now corrects that value."""
    understood = heed.understood
    if not (understood.mentions or understood.corrects) or not _REWRITTEN.search(heed.text):
        return False
    return _DONE_FOR_THEM.search(heed.text) is not None or not _sent_just_now(context)


def _sent_just_now(context: TurnContext) -> bool:
    return any(
        past.here and context.now - past.recorded_at <= CORRECTABLE
        for who in context.members
        for past in who.past
    )


def _kind(text: str) -> str | None:
    return _gate().refusal(normalise(standard(text)))


@lru_cache(maxsize=1)
def _gate() -> Gate:
    return Gate()
