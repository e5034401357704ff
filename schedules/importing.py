"""Works off registers that somebody confirmed on the page, a few small transactions at a time."""

from __future__ import annotations

from datetime import datetime

from agent.loading import Tools
from records import registering
from records.db import Database
from records.register import chunk

# Between two of these everybody else gets a turn at the database.
_CHUNKS = 4


def settle_due(database: Database, tools: Tools, now: datetime) -> int:
    """Settle some rows of the run that waits longest. Returns how many."""
    with database.reading() as session:
        if not registering.anything_to_do(session):
            return 0
    with database.transaction() as session:
        claimed = registering.claim(session, now)
    if claimed is None:
        return 0
    settled = 0
    for _ in range(_CHUNKS):
        done = chunk.advance(database, tools.vault, claimed, now)
        if done is None:
            return settled
        settled += done
    with database.transaction() as session:
        registering.let_go(session, claimed)
    return settled
