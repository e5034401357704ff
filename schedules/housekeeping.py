"""Small duties: values nobody objected to, sessions and counters that have expired."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, delete

from agent.loading import Tools
from records import answers, arriving, asked, drafts, readings, registering
from records.db import Database, changed
from records.tables import Heartbeat, SignIn, Throttle

_COUNTERS_LIVE = timedelta(days=2)
_HEARTBEATS_LIVE = timedelta(days=1)


def tidy(database: Database, _tools: Tools, now: datetime) -> int:
    """Do all of it in one transaction. Returns how many rows it touched."""
    with database.transaction() as session:
        done = readings.accept_unopposed(session, now)
        done += changed(session, delete(SignIn).where(col(SignIn.expires_at) <= now))
        done += drafts.sweep(session, now)
        done += answers.sweep(session, now)
        counters = delete(Throttle).where(col(Throttle.window_began_at) <= now - _COUNTERS_LIVE)
        done += changed(session, counters)
        silent = delete(Heartbeat).where(col(Heartbeat.at) <= now - _HEARTBEATS_LIVE)
        done += registering.forget_old(session, now)
        done += asked.forget_old(session, now)
        done += arriving.sweep(session, now)
        return done + changed(session, silent)
