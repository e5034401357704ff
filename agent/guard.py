"""The last node: nothing leaves that is too long, or that no article may say whoever wrote it.

What a model reworded has passed `agent.guarding.verdict` by then; this looks at every answer, because
an article is a text from outside too.
"""

from __future__ import annotations

import structlog
from langgraph.runtime import Runtime

from agent import by_sms, wording
from agent.context import TurnContext
from agent.decision import Mode, Part, TaskWish
from agent.guarding import forbidden
from agent.naming import ask_once
from agent.state import TurnState
from records.tasks import READ_MESSAGE

log = structlog.get_logger()

# WeChat cuts a customer-service text at 2048 bytes; three bytes a character.
MOST_CHARACTERS = 600
_ANSWERS = {"answer.reworded", "answer.passage"}


def guard(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """Check the reply; an answer that nobody may give becomes the promise to ask the doctor."""
    context = runtime.context
    withheld = next(filter(None, map(_withheld, state["parts"])), None)
    if withheld is None:
        return {**ask_once(state, within_length(state["parts"], context), context)}
    log.warning("answer.withheld", reason=withheld)
    kept = tuple(part for part in state["parts"] if part.key not in _ANSWERS)
    return {
        **ask_once(state, (*kept, wording.part("answer.not_known")), context),
        "tasks": (*state.get("tasks", ()), _to_doctor(context)),
        "citations": (),
        "answered": False,
        "mode": Mode.RULES,
    }


def _withheld(part: Part) -> str | None:
    return forbidden.always(part.text) if part.key in _ANSWERS else None


def _to_doctor(context: TurnContext) -> TaskWish:
    message_id = context.messages[-1].message_id
    return TaskWish(READ_MESSAGE, "not_known", message_id, context.sender.person_id, message_id)


def within_length(parts: tuple[Part, ...], context: TurnContext) -> tuple[Part, ...]:
    """As much as one message carries."""
    return by_sms.fitted(parts) if context.sms else _within_length(parts)


def _within_length(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    kept: list[Part] = []
    room = MOST_CHARACTERS
    for part in parts:
        if len(part.text) > room:
            break
        kept.append(part)
        room -= len(part.text) + 1
    return tuple(kept) or tuple(Part(part.key, part.text[:MOST_CHARACTERS]) for part in parts[:1])
