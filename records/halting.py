"""The stop of everything that goes out, as somebody orders it: who, since when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from records import audit, running, switches

_WHY = "stopped.why"
LONGEST_WHY = 100


@dataclass(frozen=True, slots=True)
class Halt:
    """What is stopped (`everything`, `started_by_us`), since when, by whom and why."""

    scope: str
    since: datetime
    by: str
    why: str


def halted(session: Session) -> Halt | None:
    """The stop that is on now."""
    stop = switches.stopped(session)
    if stop is None:
        return None
    return Halt(stop.scope, stop.since, stop.by, running.marked(session, _WHY) or "")


def halt(session: Session, actor: str, scope: str, why: str, now: datetime) -> bool:
    """Stop it, and keep why. False when the very same is stopped already.

    Raises:
        ValueError: the scope is none of ours.
    """
    on = switches.stopped(session)
    if on is not None and on.scope == scope:
        return False
    switches.stop(session, scope, actor, now)
    running.mark(session, _WHY, why[:LONGEST_WHY], now)
    _note(session, actor, "delivery.stop_reason", why, now)
    return True


def go_on(session: Session, actor: str, why: str, now: datetime) -> int | None:
    """Let it go on. Returns how many messages had waited; None when nothing was stopped."""
    if switches.stopped(session) is None:
        return None
    waited = switches.resume(session, actor, now)
    _note(session, actor, "delivery.resume_reason", why, now)
    return waited


def _note(session: Session, actor: str, action: str, why: str, now: datetime) -> None:
    audit.note(
        session,
        actor=actor,
        action=action,
        subject="delivery",
        subject_id="all",
        now=now,
        detail={"why": why[:LONGEST_WHY]},
    )
