"""Alarms for whoever runs the installation: one open row per kind and subject, counted, then closed."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select, update

from records.db import changed
from records.insertion import insert_once
from records.tables import OperatorAlarm

# What can be wrong with the ways out.
FUSE, TROUBLE, BREAKER = "fuse", "trouble", "breaker"
OLDEST_UNSENT, LOW_BALANCE, CANARY = "oldest_unsent", "low_balance", "canary"
UNKNOWN_SENDS, STOPPED, TEMPLATE = "unknown_sends", "stopped", "template"
# One doctor's phone has had its SMS for today; the subject is the login.
DOCTOR_SMS = "doctor_sms"
# Somebody in danger belongs to no place: the installation does not say who looks after strangers.
UNPLACED, STRANGERS = "unplaced", "strangers"


def raise_for_operator(
    session: Session, kind: str, subject: str, now: datetime, **detail: str | float
) -> bool:
    """Open an alarm, or count it once more. True when it is new. `detail`: codes and counts only."""
    key = f"{kind}:{subject}"
    row = OperatorAlarm(
        kind=kind, subject=subject, open_key=key, opened_at=now, last_at=now, detail=detail
    )
    if insert_once(session, row):
        return True
    session.execute(
        update(OperatorAlarm)
        .where(col(OperatorAlarm.open_key) == key)
        .values(last_at=now, count=col(OperatorAlarm.count) + 1, detail=detail)
        .execution_options(synchronize_session=False)
    )
    return False


def settle_alarm(
    session: Session, kind: str, subject: str, now: datetime, by: str = "system"
) -> bool:
    """Close an alarm whose cause is gone. False when none was open."""
    statement = (
        update(OperatorAlarm)
        .where(col(OperatorAlarm.open_key) == f"{kind}:{subject}")
        .values(open_key=None, closed_at=now, closed_by=by)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) > 0


def open_alarms(session: Session) -> list[OperatorAlarm]:
    """What is open, the oldest first."""
    return list(
        session.exec(
            select(OperatorAlarm)
            .where(col(OperatorAlarm.open_key).is_not(None))
            .order_by(col(OperatorAlarm.opened_at), col(OperatorAlarm.id))
        ).all()
    )


def count_open(session: Session) -> int:
    """How many are open."""
    return session.exec(select(func.count()).where(col(OperatorAlarm.open_key).is_not(None))).one()


def acknowledge_alarm(session: Session, alarm_id: str, now: datetime, by: str) -> bool:
    """Somebody looks after it: it rings no more. False when it is closed or somebody was faster."""
    statement = (
        update(OperatorAlarm)
        .where(col(OperatorAlarm.id) == alarm_id)
        .where(col(OperatorAlarm.open_key).is_not(None))
        .where(col(OperatorAlarm.acknowledged_at).is_(None))
        .values(acknowledged_at=now, acknowledged_by=by)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def settle_quiet(session: Session, kind: str, before: datetime, now: datetime) -> int:
    """Close alarms of a kind whose cause was last seen before a moment: it is over by itself."""
    statement = (
        update(OperatorAlarm)
        .where(col(OperatorAlarm.open_key).is_not(None))
        .where(col(OperatorAlarm.kind) == kind)
        .where(col(OperatorAlarm.last_at) < before)
        .values(open_key=None, closed_at=now, closed_by="system")
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement)
