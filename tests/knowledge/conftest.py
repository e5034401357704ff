"""Small corpora, a toy embedder and the clock of the knowledge tests."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import uvicorn

from knowledge.article import Article, read_articles
from knowledge.embedder import Vectors
from knowledge.library import Library
from simulator.embeddings import EmbeddingsStand, create_embeddings_app

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


class Endpoint:
    """A real HTTP server of embeddings that can die and come back at the same address."""

    def __init__(self) -> None:
        self.stand = EmbeddingsStand()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        app = create_embeddings_app(self.stand)
        config = uvicorn.Config(
            app,
            port=self.port,
            log_config=None,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=0,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.005)
        assert self._server.started

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = self._server.force_exit = True
            self._thread.join(10)
            self._server = self._thread = None


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    made.start()
    yield made
    made.stop()
