"""While a doctor holds the conversation the agent reads, stores and alarms, and says nothing else.

The turn is thought through as always, so that nothing dangerous is missed; then everything that
would have been said, asked or cited is taken out of it, except what to do in an emergency.
"""

from __future__ import annotations

from dataclasses import replace

from agent.context import TurnContext
from agent.decision import Decision, Mode, Part, Route, TaskWish
from care.level import Level
from records.tasks import READ_MESSAGE

_SAFETY = "safety."
TALK = "doctor_talk"
# Stand without a question of ours: what a follow-up lacks, and that somebody said 退订 once.
_NOT_ASKED = ("field", "stop")


def step_back(decision: Decision, context: TurnContext) -> Decision:
    """What is left of a turn when a doctor holds the conversation."""
    said: tuple[Part, ...] = ()
    if decision.level >= Level.URGENT:
        said = tuple(part for part in decision.parts if part.key.startswith(_SAFETY))
    waits = {name: value for name, value in context.awaiting.items() if name not in _NOT_ASKED}
    waits |= {name: decision.awaiting[name] for name in _NOT_ASKED if name in decision.awaiting}
    return replace(
        decision,
        route=Route.ALARM if decision.level >= Level.URGENT else Route.HELD,
        mode=Mode.RULES,
        parts=said,
        tasks=_for_the_doctor(decision, context),
        citations=(),
        picture=None,
        answered=False,
        clarify=False,
        awaiting=waits,
    )


def _for_the_doctor(decision: Decision, context: TurnContext) -> tuple[TaskWish, ...]:
    """Somebody reads it: one task for what was said meanwhile, unless a case is open. Calls ring."""
    calls = tuple(wish for wish in decision.tasks if wish.rings)
    spoken = [heard for heard in context.messages if heard.kind != "event"]
    if decision.level >= Level.URGENT or not spoken:
        return calls
    first = spoken[0].message_id
    wish = TaskWish(READ_MESSAGE, TALK, first, decision.subject_id, first, once=True)
    return (*calls, wish)
