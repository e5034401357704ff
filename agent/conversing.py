"""The last topic of a conversation, kept as codes, and whom a question is about.

Nobody's condition is taken for another's: for somebody who is not known behind this phone the
answer is for both diseases.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from agent import whose
from agent.context import SENDER, Member, TurnContext
from agent.state import TurnState
from care.level import Level
from care.situation import Programme
from knowledge.leaning import WORDS, Lean, forgotten, fresh, leaning
from knowledge.question import normalise
from knowledge.topic import Topic
from language.dialects import standard
from language.relations import relation_in

TALK = "talk"
# The answer to these comes first, whatever it sounds like.
_ASKED = {"confirm", "name", "stop", "hour"}
_LOW_SUGAR, _FIRST_AID = "hypo", "dm.hypo.first_aid"
_SOMEBODY = "somebody"
_BOTH = "both"
_HERSELF = re.compile(r"(?<![其吉])[他她](?!汀|们的?药)|人家|邻居")
_MYSELF = re.compile(
    r"我(?!们?家|们?的?(?:老|爸|妈|爹|娘|媳|爱人|那口子|婆|公|岳|丈|爷|奶|外|姥|儿|女|闺|哥|姐|弟|妹|亲))|俺(?!家|[娘爹妈爸]|老)|本人|自己"
)
_TOGETHER = re.compile(
    r"我们?俩|俺们?俩|咱们?俩|两口子|我们两个|(?:我|俺)[和跟同与]|[和跟同与](?:我|俺)(?!家|们?的)"
)


@dataclass(frozen=True, slots=True)
class Talk:
    """What was talked about, since when, and about whom (a relation, SENDER, or somebody)."""

    topic: Topic
    about: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Asker:
    """Whom a question is about, and what is known to matter for the answer."""

    about: str
    conditions: frozenset[str]
    ailments: frozenset[str]
    topic: Topic | None = None


def talk_of(context: TurnContext) -> Talk | None:
    """The topic that was kept; None when there is none, or it is too old for anything."""
    kept = context.awaiting.get(TALK)
    if not isinstance(kept, Mapping):
        return None
    talk = Talk(Topic.of(kept), str(kept.get("whom", SENDER)), datetime.fromisoformat(kept["at"]))
    return None if forgotten(context.now - talk.at) else talk


def lean_of(text: str, context: TurnContext) -> Lean | None:
    """How these words lean on a topic that is still meant; None when they do not."""
    talk, found = talk_of(context), leaning(normalise(standard(text)))
    if talk is None or found is None or not fresh(found.kind, context.now - talk.at):
        return None
    return found.kind


def leans(state: TurnState, context: TurnContext) -> bool:
    """Whether the message goes on from the last answer and holds nothing else."""
    understood = state["heed"].understood
    if understood.mentions or understood.findings or understood.no_symptoms:
        return False
    if understood.medicine_taken is not None or _ASKED & context.awaiting.keys():
        return False
    return lean_of(state["heed"].text, context) is not None


def wishes(state: TurnState, context: TurnContext) -> bool:
    """Whether nothing but another telling of the last answer is asked for: 再说一遍, 太长了."""
    return leans(state, context) and lean_of(state["heed"].text, context) in WORDS


def asker(state: TurnState, context: TurnContext) -> Asker:
    """Whom the question is about, with the topic as it is for that person."""
    text, talk = state["heed"].text, talk_of(context)
    said = state["heed"].understood.conditions
    lean = lean_of(text, context)
    kept = talk.topic if talk is not None and (lean or _recent(talk, context)) else None
    before = talk.about if talk is not None and kept is not None else SENDER
    named = _named(text, before)
    about = named or before
    conditions, ailments = _known(about, context)
    if about == before or kept is None:
        if not named and about != SENDER:
            # It may be the holder's own question as well.
            conditions = _joined(conditions, context)
        told = kept.ailments if kept is not None else frozenset()
        return Asker(about, conditions | said, ailments | told, kept)
    moved = replace(kept, about=conditions | said, ailments=ailments)
    return Asker(about, conditions | said, ailments, moved)


def kept(state: TurnState, context: TurnContext) -> dict[str, object]:
    """What the conversation keeps of its topic after this turn."""
    if state["level"] >= Level.URGENT:
        return _after_alarm(state, context)
    if "talk" in state:
        new = state["talk"]
        return {TALK: {**new, "at": context.now.isoformat()}} if new else {}
    return {TALK: context.awaiting[TALK]} if talk_of(context) is not None else {}


def _after_alarm(state: TurnState, context: TurnContext) -> dict[str, object]:
    """Nothing of before; but what somebody with low sugar asks next (吃啥子好) is about that."""
    topic = Topic(alarm=True)
    if _LOW_SUGAR in state["reasons"]:
        topic = Topic(articles=(_FIRST_AID,), about=frozenset({str(Programme.TYPE2_DIABETES)}))
    return {TALK: {**topic.codes(), "whom": SENDER, "at": context.now.isoformat()}}


def codes(topic: Topic | None, about: str) -> dict[str, Any] | None:
    """A topic as it is kept."""
    return None if topic is None else {**topic.codes(), "whom": about}


def _recent(talk: Talk, context: TurnContext) -> bool:
    return fresh(Lean.REST, context.now - talk.at)


def _named(text: str, before: str) -> str:
    """The relation, SENDER, or somebody whose conditions nobody can know; empty: nobody is named."""
    relation = relation_in(text)
    if _TOGETHER.search(text):
        return f"{_BOTH}:{relation}"
    if relation:
        return relation
    if _HERSELF.search(standard(text)):
        return before if before != SENDER else _SOMEBODY
    return SENDER if _MYSELF.search(text) else ""


def _known(about: str, context: TurnContext) -> tuple[frozenset[str], frozenset[str]]:
    """The conditions and ailments of whoever it is about; empty for somebody unknown."""
    both, relation = about.startswith(_BOTH), about.removeprefix(f"{_BOTH}:")
    who = context.sender if about == SENDER else whose.related(relation, context)
    if who is None:
        return frozenset(), frozenset()
    conditions, ailments = _conditions(who), _ailments(who)
    if both and who is not context.sender:
        conditions, ailments = _joined(conditions, context), ailments | _ailments(context.sender)
    return conditions, ailments


def _joined(conditions: frozenset[str], context: TurnContext) -> frozenset[str]:
    """Theirs and the holder's; empty (which is both) when one of them is not known."""
    own = _conditions(context.sender)
    return conditions | own if conditions and own else frozenset()


def _conditions(who: Member) -> frozenset[str]:
    return frozenset(str(name) for name in who.background.conditions)


def _ailments(who: Member) -> frozenset[str]:
    found = who.background.ailments
    return found | {"pregnant"} if who.background.pregnant else found
