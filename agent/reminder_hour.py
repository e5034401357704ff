"""改时间: the hour at which somebody wants our reminders, within the hours in which we may write."""

from __future__ import annotations

from agent import wording
from agent.context import TurnContext
from agent.decision import Part
from agent.state import TurnState
from care.protocol import protocol
from language.reminder_time import hour_in, wish_of

_NOON, _EVENING = 12, 18
_LONGEST_ANSWER = 12


def set_hour(state: TurnState, context: TurnContext) -> TurnState:
    """Keep the hour that was named, or ask for one."""
    wish = wish_of(state["heed"].text)
    if wish is not None and wish.shift:
        return _kept((context.reminder_hour or first_hour()) + wish.shift)
    hour = wish.hour if wish is not None else hour_told(state, context)
    if hour is None:
        return {"parts": (wording.part("mine.time_ask"),), "awaiting": {"hour": True}}
    return _kept(hour)


def hour_told(state: TurnState, context: TurnContext) -> int | None:
    """The hour in a short answer to our question which one."""
    text = state["heed"].text
    if not context.awaiting.get("hour") or len(text) > _LONGEST_ANSWER:
        return None
    return hour_in(text)


def first_hour() -> int:
    """The first hour at which messages that we start may go out."""
    return protocol().sending.start.hour


def last_hour() -> int:
    return protocol().sending.end.hour - 1


def spoken_hour(hour: int) -> str:
    """An hour as a villager says it: 晚上7点."""
    if hour < _NOON:
        return f"早上{hour}点"
    if hour == _NOON:
        return "中午12点"
    return f"{'下午' if hour < _EVENING else '晚上'}{hour - _NOON}点"


def _kept(wanted: int) -> TurnState:
    hour = min(max(wanted, first_hour()), last_hour())
    key = "mine.time_set" if hour == wanted else "mine.time_clamped"
    parts: tuple[Part, ...] = (wording.part(key, clock=spoken_hour(hour)),)
    return {"parts": parts, "reminder_hour": hour}
