"""The escalation ladder: who is told at which step, and when a step lapses. Design, not a guideline."""

from __future__ import annotations

from datetime import datetime, timedelta

from care.hours import Ladder
from care.level import Level
from care.protocol import protocol
from care.quiet import after_minutes_within


def ladder(level: Level) -> Ladder | None:
    """The ladder of a level; None for levels that ring nobody."""
    return protocol().ladders.get(level)


def lapses_at(rungs: Ladder, step: int, told_at: datetime) -> datetime:
    """When a step that was told at this moment has waited long enough.

    `step` counts on past the last rung: the ladder begins again until somebody acknowledges.
    """
    return _later(rungs, told_at, rungs.steps[step % len(rungs.steps)].wait_minutes)


def roles_at(rungs: Ladder, step: int) -> tuple[str, ...]:
    """Who is told at a step; past the last rung the ladder begins again."""
    return rungs.steps[step % len(rungs.steps)].roles


def reopens_at(rungs: Ladder, acknowledged_at: datetime) -> datetime:
    """When an escalation that was acknowledged but not closed rings again."""
    return _later(rungs, acknowledged_at, rungs.reopen_minutes)


def takeover_ends(replied_at: datetime) -> datetime:
    """Until when a doctor holds a conversation after replying."""
    return replied_at + timedelta(minutes=protocol().number("takeover_minutes"))


def _later(rungs: Ladder, start: datetime, minutes: int) -> datetime:
    if rungs.any_hour:
        return start + timedelta(minutes=minutes)
    return after_minutes_within(protocol().working, start, minutes)
