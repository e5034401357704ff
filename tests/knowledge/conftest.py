"""Small corpora, a toy embedder and the clock of the knowledge tests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from knowledge.article import Article, read_articles
from knowledge.embedder import Vectors
from knowledge.library import Library

ARTICLE = """---
id: {id}
title: {title}
audience: both
plain: {plain}
see_doctor: 不舒服找村医。
questions: [{question}]
sources:
  - doc: HTN_PC_2025
    section: 健康教育
confidence: high
review: {review}
expires: {expires}
default_level: none
---
正文一句话。
"""


class HashEmbedder:
    """Vectors of hashed character pairs: no model, yet alike texts get alike vectors."""

    name = "hash"

    def __init__(self) -> None:
        self.calls = 0

    def queries(self, texts: Sequence[str]) -> Vectors:
        self.calls += len(texts)
        rows = np.full((len(texts), 64), 0.01, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for i in range(len(text) - 1):
                row[int(hashlib.sha256(text[i : i + 2].encode()).hexdigest(), 16) % 64] += 1

        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    passages = queries


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def write_article(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Write one article file; fields not given are fine ones."""

    def write(**fields: str) -> Path:
        given = {
            "id": "life.one",
            "title": "一个题目",
            "plain": "一句实在话。",
            "question": "怎么办",
            "review": "pending",
            "expires": "2027-11-22",
            **fields,
        }
        folder = tmp_path / "articles"
        folder.mkdir(exist_ok=True)
        path = folder / f"{given['id']}.md"
        path.write_text(ARTICLE.format(**given), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def corpus() -> tuple[Article, ...]:
    return read_articles()


@pytest.fixture(scope="session")
def library(corpus: tuple[Article, ...]) -> Library:
    """The packaged corpus without vectors."""
    return Library(None, None, serve_pending=True, articles=corpus)
