"""Whose value was it? Asked when nobody could know, and the short answer understood."""

from __future__ import annotations

import re

from agent.context import SENDER, Member, TurnContext
from agent.state import Heed
from language.normalise import normalise
from language.reader import read
from language.relations import code_of

# Where the message is kept whose value nobody could place.
WHOSE = "whose"
_PLAIN = re.compile(r"[\s,，.。!！~、:：;]+")
_AROUND = re.compile(
    r"^(?:是|就是|这是|给)?(?:我家|俺家|咱|我们家)?(.{1,5}?)(?:的|量的|测的|啊|呀)*$"
)
_OWN = frozenset({"我", "俺", "本人", "自己", "我自己"})


def answered(text: str, context: TurnContext) -> Member | None:
    """The person whom a short answer names: by relation, by name, or the sender."""
    if context.unplaced is None:
        return None
    found = _AROUND.fullmatch(_PLAIN.sub("", normalise(text).text))
    if found is None:
        return None
    word = found[1]
    if word in _OWN:
        return context.member(SENDER)
    named = [who for who in context.members if who.name and who.name == word]
    code = code_of(word.removeprefix("我").removeprefix("俺") or word)
    return next(iter(named), None) or context.member(code)


def heard_again(context: TurnContext, owner: Member) -> Heed:
    """The message from before, read again, now that its owner is known."""
    before = context.unplaced
    assert before is not None  # noqa: S101 -- `answered` found somebody only because it was there
    return Heed(before.text, read(before.text), ((0, before.message_id),), owner)
