"""The stop for everything that goes out: one row that every process looks at before each send.

What is stopped waits and expires where people see it. Bells of practitioners go on: they are how
anybody hears of what did not go out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, true
from sqlmodel import Session, col, delete, select, update

from records import alarms, audit
from records.db import changed
from records.outbound import ALL_STOPPED, QUEUED, STARTED_BY_US
from records.running import mark
from records.tables import Marker, OutboundMessage

EVERYTHING, ONLY_WHAT_WE_START = "everything", "started_by_us"
SCOPES = (EVERYTHING, ONLY_WHAT_WE_START)

_NAME = "stopped"
_ROW = select(Marker.value, Marker.set_at).where(col(Marker.name) == _NAME)


@dataclass(frozen=True, slots=True)
class Stop:
    """What is stopped, since when, and who did it (as in the audit trail)."""

    scope: str
    since: datetime
    by: str

    def holds(self, purpose: str) -> bool:
        """Whether a message of this purpose has to wait."""
        return self.scope == EVERYTHING or purpose in STARTED_BY_US


def stopped(session: Session) -> Stop | None:
    """The stop that is on now."""
    row = session.execute(_ROW).first()
    if row is None:
        return None
    scope, _, by = row[0].partition(" ")
    return Stop(scope, row[1], by)


def stop(session: Session, scope: str, actor: str, now: datetime) -> None:
    """Stop what goes out to patients, with an alarm that stands until it goes on.

    What an earlier, wider stop held and this one does not goes on at once.

    Raises:
        ValueError: the scope is none of ours.
    """
    if scope not in SCOPES:
        msg = f"{scope} is none of {', '.join(SCOPES)}"
        raise ValueError(msg)
    mark(session, _NAME, f"{scope} {actor}", now)
    alarms.raise_for_operator(session, alarms.STOPPED, "all", now, scope=scope)
    _note(session, actor, "delivery.stopped", scope, now)
    if scope != EVERYTHING:
        _release(session, now, col(OutboundMessage.purpose).not_in(STARTED_BY_US))


def resume(session: Session, actor: str, now: datetime) -> int:
    """Let everything go on. Returns how many messages had waited."""
    session.execute(delete(Marker).where(col(Marker.name) == _NAME))
    alarms.settle_alarm(session, alarms.STOPPED, "all", now, by=actor)
    _note(session, actor, "delivery.resumed", "all", now)
    return _release(session, now, true())


def _release(session: Session, now: datetime, which: ColumnElement[bool]) -> int:
    """What waited is due. A row that a lane holds this moment is seen again when it looks next."""
    waiting = (
        update(OutboundMessage)
        .where(col(OutboundMessage.state) == QUEUED)
        .where(col(OutboundMessage.reason) == ALL_STOPPED)
        .where(which)
        .values(next_attempt_at=now, reason=None)
        .execution_options(synchronize_session=False)
    )
    return changed(session, waiting)


def _note(session: Session, actor: str, action: str, subject_id: str, now: datetime) -> None:
    audit.note(
        session, actor=actor, action=action, subject="delivery", subject_id=subject_id, now=now
    )
