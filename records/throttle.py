"""A counter in a window, shared by all processes: tries to sign in, requests of another program."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from records.tables import Throttle


def count(session: Session, key: str, window: timedelta, now: datetime) -> int:
    """Add one in the running window, or begin a new one; one statement, safe between processes."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    over = col(Throttle.window_began_at) <= now - window
    statement = (
        insert(Throttle)
        .values(key=key, window_began_at=now, count=1)
        .on_conflict_do_update(
            index_elements=["key"],
            set_={
                "count": case((over, 1), else_=col(Throttle.count) + 1),
                "window_began_at": case((over, now), else_=col(Throttle.window_began_at)),
            },
        )
        .returning(col(Throttle.count))
    )
    return int(session.execute(statement).scalar_one())
