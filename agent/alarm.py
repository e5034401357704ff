"""The alarm route: the fixed safety text first, and little else."""

from __future__ import annotations

from langgraph.runtime import Runtime

from agent import answering, listening, wording
from agent.context import TurnContext
from agent.decision import Part, Route
from agent.state import TurnState
from care.level import Level
from texts.safety import safety_reply

_GENERAL = {Level.EMERGENCY: "safety.general_emergency", Level.URGENT: "safety.general_urgent"}


def alarm(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Say what to do now. The webhook's passive reply is never said a second time.

    In an emergency nothing else is said, but what a machine heard is read back: it may have heard
    wrong. In an urgent case any value that must be read back follows, or the sourced answer to what
    was asked ("低血糖怎么办" is urgent and has an answer).
    """
    context = runtime.context
    if all(heard.passive for heard in context.messages):
        return {"route": Route.ALARM, "parts": _heard_back(state)}
    safety = _safety(state, context)
    if state["level"] is Level.EMERGENCY:
        return {"route": Route.ALARM, "parts": (safety, *_heard_back(state))}
    said = _read_back(state, context) or wording.clarification(state)
    if said or not state["heed"].understood.question:
        return {"route": Route.ALARM, "parts": (safety, *said)}
    found = answering.look_up(state, context)
    if found.get("level"):
        return found
    if found.get("answered"):
        return {**found, "route": Route.ALARM, "parts": (safety, *found["parts"])}
    return {"route": Route.ALARM, "parts": (safety,)}


def _safety(state: TurnState, context: TurnContext) -> Part:
    level = state["level"]
    advice = state["advice"] or _GENERAL[level]
    if not advice.startswith("safety."):
        advice = _GENERAL[level]
    text = safety_reply(advice, level, on_duty=context.on_duty, phone=context.clinic_phone)
    return Part(advice, text)


def _heard_back(state: TurnState) -> tuple[Part, ...]:
    return listening.read_back(state["record"].readings)


def _read_back(state: TurnState, context: TurnContext) -> tuple[Part, ...]:
    record = state["record"]
    if wording.unsure(record.readings) or record.ask_who or record.speaking or record.corrected:
        return wording.recorded(state, context)
    return ()
