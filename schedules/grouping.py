"""Puts questions that were kept for a curator beside those that ask the same."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent.loading import Tools
from knowledge.likeness import Weights, nearest, weights
from records import asked, question_groups
from records.db import Database


def group_due(database: Database, tools: Tools, now: datetime) -> int:
    """Give every new question its group. Returns how many."""
    with database.reading() as session:
        new = asked.ungrouped(session, tools.vault)
        known = asked.grouped(session, tools.vault) if new else ()
    if not new:
        return 0
    groups: dict[str, list[Weights]] = {}
    for group, text in known:
        groups.setdefault(group, []).append(weights(text))
    settled = timedelta(days=asked.settings()["groups"]["settled_days"])
    for question_id, text in new:
        found = nearest(weights(text), groups)
        with database.transaction() as session:
            group = question_groups.put(session, question_id, found, now, settled)
        groups.setdefault(group, []).append(weights(text))
    return len(new)
