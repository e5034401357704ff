"""The hand-written sets, each answered once by the real `suifang batch`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from agent import batch
from knowledge.library import Library
from suifang import education
from suifang.settings import load_settings
from tests.evaluation.scoring import Said

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def library() -> Library:
    """The one of `suifang batch`, with the index that `make setup` built."""
    return education.library(load_settings(), serve_pending=True)


@pytest.fixture(scope="session")
def answered(library: Library) -> Callable[[str], list[Said]]:
    """Every clear line of a set beside what `suifang batch` says to it."""

    @cache
    def of(name: str) -> list[Said]:
        raw = (HERE / f"{name}.jsonl").read_bytes().splitlines()
        lines = [json.loads(line) for line in raw]
        results = list(batch.run(raw, library, NOW))
        assert [str(r) for r in results if isinstance(r, batch.BadLine)] == []
        return [
            (line, result)
            for line, result in zip(lines, results, strict=True)
            if not isinstance(result, batch.BadLine) and not line.get("ambiguous")
        ]

    return of
