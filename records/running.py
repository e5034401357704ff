"""Heartbeats and the record of ticks: how people see that the machine lives."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from records.db import changed
from records.insertion import insert_once, put
from records.tables import Heartbeat, Marker, TickRun


def beat(session: Session, worker: str, now: datetime) -> None:
    """A worker says that it lives."""
    put(session, Heartbeat(worker=worker, at=now))


def last_beat(session: Session) -> datetime | None:
    """The newest heartbeat of any worker; None when none ever ran."""
    return session.exec(select(Heartbeat.at).order_by(col(Heartbeat.at).desc())).first()


def note_tick(session: Session, name: str, began: datetime, ended: datetime, result: str) -> None:
    """Keep the last run of a tick, whichever worker ran it."""
    put(session, TickRun(name=name, began_at=began, ended_at=ended, result=result))


def ticks(session: Session) -> list[TickRun]:
    """The last run of each tick, by name."""
    return list(session.exec(select(TickRun).order_by(col(TickRun.name))).all())


def mark(session: Session, name: str, value: str, now: datetime) -> None:
    """Set a named value."""
    put(session, Marker(name=name, value=value, set_at=now))


def marked(session: Session, name: str) -> str | None:
    """A named value, if it was set."""
    return session.exec(select(Marker.value).where(col(Marker.name) == name)).first()


def take_turn(session: Session, name: str, value: str, now: datetime) -> bool:
    """Set a named value; True for the one process that did. False where it is set so already."""
    if insert_once(session, Marker(name=name, value=value, set_at=now)):
        return True
    statement = (
        update(Marker)
        .where(col(Marker.name) == name)
        .where(col(Marker.value) != value)
        .values(value=value, set_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def may_be_time(session: Session, name: str, every: timedelta, now: datetime) -> bool:
    """Whether it is worth a writing transaction to ask `is_time`."""
    at = session.exec(select(Marker.set_at).where(col(Marker.name) == name)).first()
    return at is None or at <= now - every


def is_time(session: Session, name: str, every: timedelta, now: datetime) -> bool:
    """Whether something that is done every so often is due; True for one process only."""
    if insert_once(session, Marker(name=name, value="", set_at=now)):
        return True
    statement = (
        update(Marker)
        .where(col(Marker.name) == name)
        .where(col(Marker.set_at) <= now - every)
        .values(set_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1
