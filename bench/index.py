"""The library: one question in each mode, its start, its weight, and answers while an index is built.

The floor of a question with vectors is the embedding alone, that of one by words a million additions
divided by a thousand: hosts differ. Nothing here needs `var/index`, but it is used when it fits.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from bench.figure import Figure, additions_ms
from bench.messages import questions
from bench.service import HOST, free_port
from knowledge import index
from knowledge.article import Article, read_articles
from knowledge.embedder import Embedder, LocalEmbedder, Vectors
from knowledge.endpoint import Endpoint, EndpointEmbedder
from knowledge.library import Library
from knowledge.manuscript import written
from knowledge.shelf import Shelf, Supply
from knowledge.store import FolderStore
from simulator.embeddings import create_embeddings_app

ASKED = 240
INDEX = Path("var/index")
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
# How much longer the slowest answers may take while an index is built on the other core.
BUILDING_BAR = 3.0
_CHANGED = 8


def measure() -> list[Figure]:
    """In one process, so that the figures can be compared with each other."""
    before = _resident()
    began = time.process_time()
    words = Library(None, None, serve_pending=True)
    loaded = (time.process_time() - began) * 1000
    articles = read_articles()
    figures = [
        Figure("library loaded, words only, CPU", loaded, "ms"),
        Figure("library, words only, resident", _resident() - before, "MB"),
        *_times("words only", words.answer, additions_ms() / 1000),
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        local = LocalEmbedder()
        place = _index_in(folder, local, articles)
        began = time.process_time()
        vectors = Library(place, local, serve_pending=True, articles=articles)
        vectors.warm()
        opened = (time.process_time() - began) * 1000 - loaded
        figures.append(Figure("index and model opened, CPU", opened, "ms"))
        figures.append(Figure("library with index and model, resident", _resident() - before, "MB"))
        figures += _times("vectors", vectors.answer, _median(_timed(_each(local))))
        figures += _endpoint(folder / "endpoint", articles)
        figures += _while_building(place, local, articles)
    return figures


def _index_in(folder: Path, embedder: Embedder, articles: Sequence[Article]) -> FolderStore:
    """The index, with the vectors that were paid for before."""
    if (INDEX / "vectors").exists():
        shutil.copytree(INDEX / "vectors", folder / "index" / "vectors")
    place = FolderStore(folder / "index")
    index.build(place, embedder, articles=articles)
    return place


def _endpoint(folder: Path, articles: Sequence[Article]) -> list[Figure]:
    """The same over HTTP, with vectors that cost nothing; then with a server that has died."""
    port = free_port()
    app = create_embeddings_app()
    server = uvicorn.Server(uvicorn.Config(app, HOST, port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    described = Endpoint(f"http://{HOST}:{port}/v1", "hashed", "k")
    while not server.started:
        time.sleep(0.01)
    builder, asking = EndpointEmbedder(described, patient=True), EndpointEmbedder(described)
    place = FolderStore(folder)
    index.build(place, builder, articles=articles)
    library = Library(place, asking, serve_pending=True, articles=articles)
    library.warm()
    alive = _times("endpoint", library.answer, _median(_timed(_each(asking))))
    server.should_exit = server.force_exit = True
    thread.join()
    dead = _times("endpoint that is dead", library.answer, None)
    builder.close()
    asking.close()
    return [*alive, *dead]


def _while_building(
    place: FolderStore, local: LocalEmbedder, articles: Sequence[Article]
) -> list[Figure]:
    """Sign articles until enough was asked: the 95th of a hundred answers, before and meanwhile."""

    def opened(corpus: Sequence[Article]) -> Library:
        return Library(place, local, serve_pending=True, articles=corpus)

    shelf = Shelf(Supply(opened, place, lambda: local), "", {})
    shelf.wait(60)
    quiet = _timed(_answering(shelf.answer))
    busy: list[float] = []
    edition = 0
    while len(busy) < ASKED:
        edition += 1
        shelf.renew(str(edition), _signed(articles, edition))
        for text in questions(ASKED):
            if not shelf.busy:
                break
            busy.append(_one(lambda text=text: _ask(shelf.answer, text)))  # type: ignore[misc]
    shelf.close()
    floor = _share(quiet, 0.95)
    return [
        Figure("answer while nothing is built, p95, wall", floor, "ms"),
        Figure(
            "answer while the index is rebuilt, p95, wall",
            _share(busy, 0.95),
            "ms",
            floor=floor,
            bar=floor * BUILDING_BAR,
            note=f"{edition} editions of {_CHANGED} articles",
        ),
    ]


def _signed(articles: Sequence[Article], edition: int) -> dict[str, str]:
    """Some articles whose every text is new, so that all of it must be embedded."""
    start = edition * _CHANGED % len(articles)
    changed = [
        replace(a, questions=tuple(f"{q}{edition}" for q in a.questions))
        for a in articles[start : start + _CHANGED]
    ]
    return {article.id: written(article) for article in changed}


Ask = Callable[..., object]


def _answering(ask: Ask) -> list[Callable[[], object]]:
    return [lambda text=text: _ask(ask, text) for text in questions(ASKED)]  # type: ignore[misc]


def _each(embedder: Embedder) -> list[Callable[[], Vectors]]:
    return [lambda text=text: embedder.queries([text]) for text in questions(ASKED)]  # type: ignore[misc]


def _ask(ask: Ask, text: str) -> object:
    return ask(text, conditions=frozenset(), now=NOW)


def _times(name: str, ask: Ask, floor: float | None) -> list[Figure]:
    times = _timed(_answering(ask))
    return [
        Figure(f"question, {name}, p50, wall", _share(times, 0.5), "ms", floor=floor),
        Figure(f"question, {name}, p95, wall", _share(times, 0.95), "ms", floor=floor),
    ]


def _timed(steps: Sequence[Callable[[], object]]) -> list[float]:
    steps[0]()
    return [_one(step) for step in steps]


def _one(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return (time.perf_counter() - began) * 1000


def _median(times: Sequence[float]) -> float:
    return _share(times, 0.5)


def _share(times: Sequence[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


def _resident() -> float:
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:")) / 1024
