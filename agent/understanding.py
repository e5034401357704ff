"""The optional node: a model reads what the rules could not. It can raise a level, never lower it."""

from __future__ import annotations

import re
from dataclasses import replace

from langgraph.runtime import Runtime

from agent.context import Hint, TurnContext
from agent.conversing import wishes
from agent.decision import TaskWish
from agent.state import TurnState
from care.level import Level
from language.understanding import Intent
from records.concerns import MODEL_CONCERN
from records.tasks import READ_MESSAGE

# A model's alarm is never an emergency by itself: it brings a doctor, who decides.
_MOST_A_MODEL_MAY_RAISE = Level.URGENT
# So many cases a day may a model's worry open at one clinic; beyond that somebody reads the message.
MOST_CONCERNS = 10
_CHINESE = re.compile("[\u3400-\u9fff]")
_EMPTY = frozenset("吗呢的了么啊呀吧我您你是不有")
_COMPARABLE = 4
_KIN = 2


def is_asked(state: TurnState, context: TurnContext) -> bool:
    """Whether a model is there, and the words meant nothing to the rules."""
    return context.model is not None and _unread(state) and not wishes(state, context)


def understand(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Ask the model about the words."""
    model = runtime.context.model
    text = state["heed"].text
    hint = _related(model.hint(text), text) if model is not None else None
    if hint is None or hint.level <= state["level"]:
        return {"hint": hint}
    raised = min(hint.level, _MOST_A_MODEL_MAY_RAISE, key=lambda level: level.rank)
    if raised >= Level.URGENT and runtime.context.concerns >= MOST_CONCERNS:
        return {"hint": hint, "concern_kept": True}
    return {
        "hint": hint,
        "level": max(raised, state["level"], key=lambda level: level.rank),
        "reasons": (*state["reasons"], MODEL_CONCERN),
        "advice": state["advice"] or "safety.general_urgent",
    }


def worried(state: TurnState, context: TurnContext) -> tuple[TaskWish, ...]:
    """A worry beyond the day's measure rings nobody: somebody reads the message."""
    if not state.get("concern_kept"):
        return ()
    message_id = context.messages[-1].message_id
    return (
        TaskWish(READ_MESSAGE, MODEL_CONCERN, message_id, context.sender.person_id, message_id),
    )


def _related(hint: Hint | None, text: str) -> Hint | None:
    """The hint, with its question only if the message has some of its signs.

    A message without Chinese signs (pinyin, another script) cannot be compared.
    """
    if hint is None or hint.question is None:
        return hint
    said = frozenset(_CHINESE.findall(text))
    shared = said & frozenset(_CHINESE.findall(hint.question)) - _EMPTY
    return hint if len(said) < _COMPARABLE or len(shared) >= _KIN else replace(hint, question=None)


def _unread(state: TurnState) -> bool:
    understood = state["heed"].understood
    said = understood.mentions or understood.findings or understood.meter_errors
    known = understood.intent is not Intent.OTHER or understood.question
    return bool(state["heed"].text.strip()) and not said and not known
