"""The index on a Chroma server: a real `chroma run`, and what is left when it dies."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from knowledge.article import Article
from knowledge.breaker import Breaker
from knowledge.chroma_server import ServerReader, ServerStore
from knowledge.embedder import Vectors
from knowledge.index import IndexBroken, build
from knowledge.retrieval import Retriever
from knowledge.store import About, FolderStore
from tests.knowledge.conftest import HashEmbedder

DECOYS = {"off_topic": ("今天天气怎么样",)}
COMMAND = Path(sys.executable).with_name("chroma")


class Server:
    """A `chroma run` that can be killed and started again on the same port and folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        said = subprocess.DEVNULL
        place = ["--path", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen([COMMAND, "run", *place], stdout=said, stderr=said)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                httpx.get(f"{self.url}/api/v2/heartbeat", trust_env=False, timeout=1)
            except httpx.HTTPError:
                time.sleep(0.03)
            else:
                return
        self.kill()
        msg = "chroma run did not come up"
        raise RuntimeError(msg)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if shutil.which(COMMAND) is None and not os.environ.get("CI"):
        pytest.skip("the command `chroma` is not installed")
    made = Server(tmp_path_factory.mktemp("chroma"))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def few(corpus: tuple[Article, ...]) -> tuple[Article, ...]:
    return tuple(a for a in corpus if a.id in {"life.salt", "life.sleep", "dm.fruit"})


@pytest.mark.slow
def test_versions_live_on_the_server_like_in_a_folder(
    server: Server, tmp_path: Path, few: tuple[Article, ...], embedder: HashEmbedder
) -> None:
    store = ServerStore(server.url, tmp_path, turn_seconds=2)
    assert store.current() is None
    first = build(store, embedder, articles=few, decoys=DECOYS)
    assert store.current() == first.version
    assert build(store, embedder, articles=few, decoys=DECOYS).fresh is False

    folder = FolderStore(tmp_path / "folder")
    build(folder, embedder, articles=few, decoys=DECOYS)
    asked = "睡觉打呼噜憋气要不要紧"
    here, there = (
        Retriever(few, DECOYS, place, embedder).rank(asked).hits[0] for place in (folder, store)
    )
    assert here.article == there.article
    assert here.score == pytest.approx(there.score, abs=1e-5)

    changed = (replace(few[0], plain="一句新写的话。"), *few[1:])
    second = build(store, embedder, articles=changed, decoys=DECOYS)
    assert (second.embedded, store.current()) == (1, second.version)
    assert store.find(first.version) is not None
    build(store, embedder, articles=few[:1], decoys=DECOYS)
    assert store.find(first.version) is None
    store.close()


@pytest.mark.slow
def test_a_server_that_dies_leaves_words_alone_and_slows_nobody_until_it_is_back(
    server: Server,
    tmp_path: Path,
    few: tuple[Article, ...],
    embedder: HashEmbedder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("knowledge.retrieval._LOOK_AGAIN_SECONDS", 0.0)
    now = [0.0]
    breaker = Breaker(30, clock=lambda: now[0])
    store = ServerStore(server.url, tmp_path, turn_seconds=2, breaker=breaker)
    store.look_every = 0.0
    build(store, embedder, articles=few, decoys=DECOYS)
    retriever = Retriever(few, DECOYS, store, embedder)
    assert retriever.rank("打鼾").vectors
    server.kill()
    began = time.monotonic()
    assert not any(retriever.rank("打鼾").vectors for _ in range(20))
    assert time.monotonic() - began < 0.5
    with pytest.raises(IndexBroken, match="left alone"):
        store.current()
    with pytest.raises(IndexBroken, match="the Chroma server failed"):
        build(store, embedder, articles=few[:2], decoys=DECOYS)
    server.start()
    now[0] += 31
    assert retriever.rank("打鼾").vectors
    store.close()


class Fake:
    """What a caller gets from a server that is not what it should be."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def ask(self, *_: Any, **__: Any) -> Any:
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [
        {"id": "1", "metadata": {"layout": "1"}},
        {"id": "1", "metadata": {"layout": "3", "surprise": 1}},
        {"id": "1", "metadata": None},
    ],
)
def test_what_another_program_left_on_the_server_is_not_an_index(
    tmp_path: Path, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ServerStore("http://127.0.0.1:9", tmp_path)
    monkeypatch.setattr(store, "_caller", Fake(answer))
    with pytest.raises(IndexBroken):
        store.open("v")


def test_a_server_that_answers_something_else_is_a_broken_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ServerStore("http://127.0.0.1:9", tmp_path)
    monkeypatch.setattr(store, "_caller", Fake({"metadatas": "no"}))

    reader = ServerReader(store, About("v", "hash", 2, 1, 1, 0.0), "a", "b")
    vector: Vectors = HashEmbedder().queries(["甲乙"])[0]
    with pytest.raises(IndexBroken, match="something else"):
        reader.nearest(vector, 1, 1)


def test_a_token_goes_to_the_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    class Seen:
        def __init__(self, headers: Any) -> None:
            given.append(headers)

    monkeypatch.setattr("knowledge.chroma_server.Caller", Seen)
    ServerStore("http://127.0.0.1:9", tmp_path, "t")
    ServerStore("http://127.0.0.1:9", tmp_path)
    assert given == [{"X-Chroma-Token": "t"}, {}]
