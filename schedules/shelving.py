"""Keeps the library up with what curators sign: looks often, and lets a thread do the work."""

from __future__ import annotations

import json
from datetime import datetime

import structlog

from knowledge.shelf import Shelf, Standing
from records import revisions, running
from records.db import Database

MARKER = "library"

log = structlog.get_logger()


def renew(database: Database, shelf: Shelf, now: datetime) -> int:
    """Start what is to be done, and write down what is served. Returns 1 when that has changed."""
    with database.reading() as session:
        edition = revisions.edition(session)
        texts = (
            {item.article_id: item.manuscript for item in revisions.in_force(session)}
            if shelf.wants(edition)
            else None
        )
    if texts is not None:
        shelf.renew(edition, texts)
    said = described(shelf.standing)
    if said == shelf.told or shelf.busy:
        return 0
    shelf.told = said
    with database.transaction() as session:
        running.mark(session, MARKER, said, now)
    _tell(shelf.standing)
    return 1


def described(standing: Standing) -> str:
    """What is written down, for `suifang doctor`."""
    return json.dumps(
        {
            "edition": standing.edition,
            "version": standing.version,
            "problems": list(standing.problems),
        },
        ensure_ascii=False,
    )


def _tell(standing: Standing) -> None:
    log.info("library.in_force", name=standing.edition or "packaged", version=standing.version)
    for problem in standing.problems:
        # An article's file name stands first; a reason in words is for `suifang doctor`.
        name = problem.partition(":")[0]
        log.warning("library.problem", name=name if name.endswith(".md") else "index")
