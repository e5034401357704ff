"""What is said about a photo that brought no words to use, and what a doctor looks at.

The words of one that was read are handled like any others, and read back (`agent.listening`).
"""

from __future__ import annotations

from agent import wording
from agent.context import Heard, TurnContext
from agent.decision import Part, TaskWish
from agent.hearing import words_of
from records.tasks import LOOK_AT_MEDIA

IMAGE = "image"
_NOT_SEEN = "image"
# What was seen: what is said, and why a doctor looks (None: there is nothing to look at).
_SEEN: dict[str, tuple[str, str | None]] = {
    "meter": ("photo.type_numbers", "photo_meter"),
    "meter_error": ("reading.clarify_meter_error", None),
    "slip": ("photo.slip", "photo_slip"),
    "other": ("photo.to_doctor", "photo"),
    "unreadable": ("photo.unreadable", "photo_unreadable"),
}


def unread(message: Heard) -> Part | None:
    """What to say about a photo without words that was looked at; None otherwise."""
    found = _found(message)
    return None if found is None else wording.part(found[0])


def to_look_at(context: TurnContext) -> tuple[TaskWish, ...]:
    """A task for every photo that nobody but a doctor can make something of."""
    return tuple(
        TaskWish(LOOK_AT_MEDIA, reason, one.message_id, context.sender.person_id, one.message_id)
        for one in context.messages
        if one.kind == IMAGE and (reason := _reason(one)) is not None
    )


def _reason(message: Heard) -> str | None:
    if words_of(message):
        return None
    found = _found(message)
    return _NOT_SEEN if found is None else found[1]


def _found(message: Heard) -> tuple[str, str | None] | None:
    if message.kind != IMAGE or not message.made or words_of(message):
        return None
    return _SEEN.get(str(message.made.get("what")), _SEEN["other"])
