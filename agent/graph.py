"""The graph: read → assess → understand → (alarm | bind | follow_up | answer | chat) → guard.

Plain nodes: they receive `Runtime[TurnContext]`, return values and touch nothing. Red flags never
wait for a model: the alarm is decided before the only node that may call one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agent import agreeing, conversing, listening, naming, photos, refusing, whose
from agent.alarm import alarm
from agent.answering import answer
from agent.binding import first_words
from agent.chatting import chat
from agent.consulting import for_one_turn
from agent.context import TurnContext
from agent.decision import Decision, Mode, Route
from agent.following_up import follow_up, progress, still_expected
from agent.guard import guard
from agent.hearing import assess, hear, judged_again
from agent.leaving import noticed
from agent.over_time import judged_over_time
from agent.rating import is_rating
from agent.recording import record
from agent.reminder_hour import hour_told
from agent.state import TurnState
from agent.understanding import is_asked, understand, worried
from care.level import Level
from language.understanding import Intent

# 没感觉就不用吃药吧 is no report of being well.
_SURMISED = re.compile(r"(?:不用|不必|用不着|没必要|可以不|不需要)再?(?:吃|打|服|测|量|查|看)")
Graph = CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]
_COMMANDS = {
    Intent.STOP,
    Intent.RESUME,
    Intent.DOCTOR,
    Intent.HELP,
    Intent.GREETING,
    Intent.THANKS,
    Intent.MY_READINGS,
    Intent.REMINDER_TIME,
    Intent.WITHDRAW,
}


def decide(context: TurnContext) -> Decision:
    """One turn's thinking, from what is known to what will be done. Writes nothing."""
    consulting = replace(context, model=for_one_turn(context))
    final: Any = _graph().invoke({}, context=consulting)
    state: TurnState = final
    return Decision(
        route=state["route"],
        level=state["level"],
        subject_id=state["subject"].person_id,
        mode=state.get("mode", Mode.RULES),
        reasons=state["reasons"],
        rules=state["rules"],
        parts=listening.echoed(state, context),
        readings=state["record"].readings,
        confirm=state["record"].confirm,
        withdraw=state["record"].withdraw,
        follow_ups=state["follow_ups"],
        tasks=(
            *state.get("tasks", ()),
            *listening.to_listen_to(context),
            *photos.to_look_at(context),
            *noticed(context),
            *worried(state, context),
        ),
        citations=state.get("citations", ()),
        awaiting=_awaiting(state, context),
        opt_out=state.get("opt_out"),
        answered=state.get("answered", False),
        clarify=state["heed"].understood.clarify,
        picture=state.get("picture"),
        reminder_hour=state.get("reminder_hour"),
        agreement=state.get("agreement"),
        introduction=state.get("introduction"),
        disowned=state["record"].disowned,
        query=state.get("query"),
        rated=state.get("rated"),
    )


def weigh(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Judge, decide what is stored, and what that adds to open follow-ups.

    One node, because a step of the graph costs more than everything these three do.
    """
    agreed: TurnState = {
        "agreement": agreeing.heard(state, runtime.context),
        "introduction": naming.introduced(state, runtime.context),
    }
    assessed: TurnState = {**agreed, **assess(state, runtime)}
    owners = whose.answered(state["heed"].text, runtime.context)
    heed = whose.heard_again(runtime.context, owners) if owners else state["heed"]
    found = record({**state, **assessed, "heed": heed}, runtime)["record"]
    refused = refusing.refused(heed, runtime.context)
    if refused == refusing.TAMPERING:
        found = refusing.untouched(found, heed, runtime.context)
    recorded: TurnState = {
        "record": listening.doubted(found, runtime.context),
        "refused": refused,
    }
    if heed.owners or found.corrected:
        assessed |= judged_again(assessed, found.readings, runtime.context)
    assessed |= judged_over_time({**assessed, **recorded}, runtime.context)
    collected = collect({**state, **assessed, **recorded}, runtime)
    return {**assessed, **recorded, **collected}


def collect(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """What the message adds to open follow-ups, whatever route the reply takes."""
    if state.get("refused"):
        return {"follow_ups": ()}
    return {"follow_ups": progress(state, runtime.context)}


def to_model_or_route(
    state: TurnState, runtime: Runtime[TurnContext]
) -> Literal["understand", "alarm", "bind", "follow_up", "answer", "chat"]:
    """Most turns have nothing to ask a model: a step that does nothing would still cost its price."""
    return "understand" if is_asked(state, runtime.context) else route(state, runtime)


def route(
    state: TurnState, runtime: Runtime[TurnContext]
) -> Literal["alarm", "bind", "follow_up", "answer", "chat"]:
    """Who writes the reply. Danger first, then commands, questions, the follow-up, the rest."""
    if state["level"] >= Level.URGENT:
        return "alarm"
    if state["agreement"] is not None or first_words(runtime.context):
        return "bind"
    if _is_command(state, runtime.context):
        return "chat"
    if state.get("refused") or _asks(state, runtime.context):
        return "answer"
    return "follow_up" if state["follow_ups"] else "chat"


def _asks(state: TurnState, context: TurnContext) -> bool:
    """A question of its own, or one that leans on the last answer."""
    if conversing.leans(state, context):
        return True
    understood, hint = state["heed"].understood, state.get("hint")
    if understood.no_symptoms and _SURMISED.search(understood.text):
        return True
    if understood.no_symptoms and state["follow_ups"]:
        return False
    return understood.question or bool(hint is not None and hint.question)


def _is_command(state: TurnState, context: TurnContext) -> bool:
    """A few words that the machine itself is meant by."""
    if state["heed"].understood.intent in _COMMANDS or hour_told(state, context) is not None:
        return True
    # 没看懂 is answered in plainer words first.
    return is_rating(state, context) and not conversing.leans(state, context)


@lru_cache(maxsize=1)
def _graph() -> Graph:
    graph = StateGraph(TurnState, context_schema=TurnContext)
    graph.add_node("read", hear)
    graph.add_node("assess", weigh)
    graph.add_node("understand", understand)
    graph.add_node("alarm", alarm)
    graph.add_node("bind", agreeing.bind)
    graph.add_node("follow_up", follow_up)
    graph.add_node("answer", answer)
    graph.add_node("chat", chat)
    graph.add_node("guard", guard)
    graph.add_edge(START, "read")
    graph.add_edge("read", "assess")
    graph.add_conditional_edges("assess", to_model_or_route)
    graph.add_conditional_edges("understand", route)
    for name in ("alarm", "bind", "follow_up", "answer", "chat"):
        graph.add_edge(name, "guard")
    graph.add_edge("guard", END)
    return graph.compile()


def _awaiting(state: TurnState, context: TurnContext) -> dict[str, object]:
    """What was asked in this turn, with the field of the follow-up for the webhook to read by."""
    awaiting = dict(state.get("awaiting", {}))
    awaiting |= whose.kept(state["record"], state["heed"], context)
    awaiting |= conversing.kept(state, context)
    remaining = still_expected(context.follow_ups, state["follow_ups"])
    if remaining is not None:
        awaiting["field"] = remaining
    return awaiting


__all__ = ["Decision", "Mode", "Route", "collect", "decide", "route"]
