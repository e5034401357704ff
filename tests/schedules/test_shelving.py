"""What curators sign comes into force without a restart, and what goes wrong is written down."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from knowledge.article import Article, read_articles
from knowledge.library import Library
from knowledge.manuscript import written
from knowledge.shelf import Shelf, Supply
from records import revisions, running
from records.db import Database
from records.tables import ArticleRevision
from schedules.shelving import MARKER, renew


@pytest.fixture(scope="module")
def few() -> tuple[Article, ...]:
    return tuple(a for a in read_articles() if a.id in {"life.salt", "life.sleep"})


@pytest.fixture
def shelf(few: tuple[Article, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("knowledge.library.read_decoys", dict)

    def library(articles: Any) -> Library:
        return Library(None, None, serve_pending=True, articles=articles)

    made = Shelf(Supply(library, packaged=lambda: few, files=tmp_path), "", {})
    yield made
    made.close()


def signed(database: Database, manuscript: str, number: int, now: datetime) -> None:
    with database.transaction() as session:
        session.add(
            ArticleRevision(
                article_id="life.sleep",
                number=number,
                state=revisions.SIGNED,
                manuscript=manuscript,
                digest=revisions.digest_of(manuscript),
                made_at=now,
            )
        )
        running.mark(session, revisions.EDITION, f"edition-{number}", now)


def once(database: Database, shelf: Shelf, now: datetime) -> dict[str, Any]:
    """Run the tick until nothing is being made ready; returns what is written down."""
    for _ in range(3):
        shelf.wait(10)
        renew(database, shelf, now)
    with database.reading() as session:
        noted: dict[str, Any] = json.loads(running.marked(session, MARKER) or "{}")
    return noted


def plain(shelf: Shelf) -> str:
    article = shelf.article("life.sleep")
    assert article is not None
    return article.plain


def test_a_signature_is_in_force_a_tick_later(
    sqlite_database: Database, shelf: Shelf, few: tuple[Article, ...], now: datetime
) -> None:
    database = sqlite_database
    assert once(database, shelf, now) == {"edition": "", "version": "", "problems": []}
    sleep = next(a for a in few if a.id == "life.sleep")
    signed(database, written(replace(sleep, plain="这是新写的。")), 1, now)
    assert once(database, shelf, now)["edition"] == "edition-1"
    assert plain(shelf) == "这是新写的。"
    assert renew(database, shelf, now) == 0


def test_a_text_that_cannot_be_read_is_written_down_and_its_article_named_in_the_log(
    sqlite_database: Database, shelf: Shelf, now: datetime
) -> None:
    old = plain(shelf)
    with structlog.testing.capture_logs() as logs:
        signed(sqlite_database, "---\nid: life.sleep\n---\n正文\n", 1, now)
        noted = once(sqlite_database, shelf, now)
    (problem,) = noted["problems"]
    assert problem.startswith("life.sleep.md: ")
    assert plain(shelf) == old
    named = [line["name"] for line in logs if line["event"] == "library.problem"]
    assert named == ["life.sleep.md"]
