"""Conversations of two and three turns, by words alone: what leans on the last answer is answered from it.

`conversations` was written before any of it was built, `conversations_after` when the first had been
mended; each was scored once before anything was mended from it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.library import Library
from tests.evaluation.talking import play, wrong

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def words_alone() -> Library:
    return Library(None, None, serve_pending=True)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "bar"), [("conversations", 0.94), ("conversations_after", 0.80)])
def test_a_conversation_is_followed(name: str, bar: float, words_alone: Library) -> None:
    lines = [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text("utf-8").splitlines()]
    astray = {}
    for line in lines:
        turns = zip(line["turns"], play(line, words_alone, NOW), strict=True)
        found = [objection for turn, decision in turns for objection in wrong(turn, decision)]
        if found:
            astray[line["id"]] = found
    assert len(astray) <= (1 - bar) * len(lines), astray


def test_the_sets_are_large_enough_and_hold_many_regions() -> None:
    lines = [
        json.loads(line)
        for name in ("conversations", "conversations_after")
        for line in (HERE / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    assert len(lines) >= 150
    assert len({line["id"] for line in lines}) == len(lines)
    assert len({line["dialect"] for line in lines}) >= 10
