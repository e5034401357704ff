"""The optional node: a model reads what the rules could not. It can raise a level, never lower it."""

from __future__ import annotations

from langgraph.runtime import Runtime

from agent.context import TurnContext
from agent.conversing import wishes
from agent.state import TurnState
from care.level import Level
from language.understanding import Intent

# A model's alarm is never an emergency by itself: it brings a doctor, who decides.
_MOST_A_MODEL_MAY_RAISE = Level.URGENT


def is_asked(state: TurnState, context: TurnContext) -> bool:
    """Whether a model is there, and the words meant nothing to the rules."""
    return context.model is not None and _unread(state) and not wishes(state, context)


def understand(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Ask the model about the words."""
    model = runtime.context.model
    hint = model.hint(state["heed"].text) if model is not None else None
    if hint is None or hint.level <= state["level"]:
        return {"hint": hint}
    raised = min(hint.level, _MOST_A_MODEL_MAY_RAISE, key=lambda level: level.rank)
    return {
        "hint": hint,
        "level": max(raised, state["level"], key=lambda level: level.rank),
        "reasons": (*state["reasons"], "model_concern"),
        "advice": state["advice"] or "safety.general_urgent",
    }


def _unread(state: TurnState) -> bool:
    understood = state["heed"].understood
    said = understood.mentions or understood.findings or understood.meter_errors
    known = understood.intent is not Intent.OTHER or understood.question
    return bool(state["heed"].text.strip()) and not said and not known
