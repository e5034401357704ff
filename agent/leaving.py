"""Somebody writes from the phone of a person who is marked as dead or moved: a doctor must know.

The words are read and answered as any others; nothing is dropped.
"""

from __future__ import annotations

from agent.context import TurnContext
from agent.decision import TaskWish
from records.people import china_date
from records.tasks import READ_MESSAGE

_GONE = ("deceased", "moved")


def noticed(context: TurnContext) -> tuple[TaskWish, ...]:
    """One task a day for the doctor; none where somebody else is known to hold this phone."""
    spoken = [heard for heard in context.messages if heard.kind != "event"]
    if not spoken or any(who.status not in _GONE for who in context.members):
        return ()
    who = context.sender
    cause = f"left:{who.person_id}:{china_date(context.now)}"
    reason = f"wrote_though_{who.status}"
    return (TaskWish(READ_MESSAGE, reason, cause, who.person_id, spoken[-1].message_id),)
