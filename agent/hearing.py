"""The first nodes: read all waiting words at once, and judge everyone they describe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from langgraph.runtime import Runtime

from agent import following_up, putting_right
from agent.by_sms import STALE
from agent.context import SENDER, Heard, Member, TurnContext
from agent.decision import NewReading
from agent.state import Heed, TurnState
from care.assess import assess as rules
from care.situation import Situation
from language.by_ear import as_it_sounds
from language.expecting import asked_for
from language.judgement import Described, judge
from language.reader import read
from language.understanding import Understanding

# A comma: a value may go on in the next message, a sentence may not.
BREAK = "，"
_HELP = "帮助"
# While one of these is asked, or was long ago, a bare 120 is an answer and no cry for help.
ASKED = frozenset({"field", "confirm", "name", "stop", "hour", "hello", "agree", "whose", STALE})
# A voice message brings words of its own where the platform recognised them.
_IN_WORDS = ("text", "voice")
# Buttons of menus that were published before the channel said their words itself.
_MENU_WORDS = {"doctor": "找医生", "help": _HELP, "stop": "退订"}


def hear(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Join what waits (people send 血压 / 165 / 98 in three pieces) and read it once."""
    spoken = [(heard, words) for heard in runtime.context.messages if (words := words_of(heard))]
    starts: list[tuple[int, str]] = []
    text = ""
    for heard, words in spoken:
        text += BREAK if text else ""
        starts.append((len(text), heard.message_id))
        text += words
    context = runtime.context
    expecting = asked_for(following_up.expected(context.follow_ups))
    understood = read(text, expecting=expecting, unasked=_unasked(context))
    corrected = putting_right.expected(understood, context)
    if corrected is not None:
        again = read(text, expecting=corrected)
        understood = replace(again, corrects=bool(again.mentions) or understood.corrects)
    return {"heed": Heed(text, understood, tuple(starts))}


def assess(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Judge the joined words and each message alone, and keep the most urgent of all.

    Joining must never hide what one message said plainly, so neither reading can lower the other.
    Voice is judged a second time by how it sounds: a transcriber writes 兄们 for 胸闷.
    """
    context = runtime.context
    described = list(_judged(state["heed"].understood, context))
    if len(context.messages) > 1:
        for heard in context.messages:
            described += _judged(read(words_of(heard)), context)
    for heard in context.messages:
        if heard.kind == "voice" and (words := words_of(heard)) != (sounds := as_it_sounds(words)):
            described += _judged(read(sounds), context)
    described.sort(key=lambda person: -person.assessment.level.rank)
    worst = described[0]
    webhook = max((heard.level for heard in context.messages), key=lambda level: level.rank)
    return {
        "described": tuple(described),
        "level": max(worst.assessment.level, webhook, key=lambda level: level.rank),
        "reasons": worst.assessment.reasons,
        "rules": worst.assessment.rules,
        "advice": worst.assessment.advice,
        "subject": _subject(worst, context),
    }


def judged_again(
    state: TurnState, readings: Sequence[NewReading], context: TurnContext
) -> TurnState:
    """Values whose owner or number only became known now alarm like any other."""
    if not readings:
        return {}
    worst = max(readings, key=lambda new: new.level.rank)
    if worst.level <= state["level"]:
        return {}
    owner = next(who for who in context.members if who.person_id == worst.person_id)
    judged = rules(Situation(background=owner.background, readings=(worst.reading,)))
    return {
        "level": judged.level,
        "reasons": judged.reasons,
        "rules": judged.rules,
        "advice": judged.advice,
        "subject": owner,
    }


def words_of(heard: Heard) -> str:
    """The words of a message; a menu tap counts as the words it stands for."""
    if heard.made and heard.made.get("text"):
        return str(heard.made["text"])
    if heard.kind in _IN_WORDS:
        return heard.text
    if heard.kind == "event" and heard.event.get("event") == "CLICK":
        return heard.text or _MENU_WORDS.get(str(heard.event.get("key", "")), _HELP)
    return ""


def _unasked(context: TurnContext) -> bool:
    """Nothing stands here that a bare number could answer: no question, no words of ours or a doctor's."""
    return not (context.held or context.spoken_to or ASKED & context.awaiting.keys())


def _judged(understood: Understanding, context: TurnContext) -> tuple[Described, ...]:
    others = {who.relation: who.background for who in context.members if who.relation != SENDER}
    return judge(understood, context.sender.background, others)


def _subject(person: Described, context: TurnContext) -> Member:
    """Who the alarm is about: the linked person, or the sender, who knows the one that is meant."""
    return context.member(person.relation) or context.sender
