from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge.article import Article
from knowledge.embedder import EmbedderError, Vectors
from knowledge.index import IndexBroken, Reader, build, current
from knowledge.retrieval import Retriever

DECOYS = {"off_topic": ("今天天气怎么样",)}


@pytest.fixture
def few(corpus: tuple[Article, ...]) -> tuple[Article, ...]:
    return tuple(a for a in corpus if a.id in {"life.salt", "life.sleep", "dm.fruit"})


def test_a_build_is_pointed_to_and_reports_progress(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    seen: list[tuple[int, int]] = []
    built = build(tmp_path, embedder, lambda *at: seen.append(at), few, DECOYS)
    assert built.fresh
    assert current(tmp_path) == built.version
    assert seen[-1][0] == seen[-1][1] == built.embedded


def test_the_same_version_is_not_built_twice(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    first = build(tmp_path, embedder, articles=few, decoys=DECOYS)
    calls = embedder.calls
    again = build(tmp_path, embedder, articles=few, decoys=DECOYS)
    assert (again.version, again.fresh) == (first.version, False)
    assert embedder.calls == calls


def test_unchanged_texts_are_not_embedded_again(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    build(tmp_path, embedder, articles=few[:2], decoys=DECOYS)
    grown = build(tmp_path, embedder, articles=few, decoys=DECOYS)
    assert grown.embedded == 1 + len(few[2].questions)
    assert grown.reused > 0


def test_a_reader_follows_the_pointer(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    retriever = Retriever(few, DECOYS, tmp_path, embedder)
    assert retriever.problem == "no index has been built"
    build(tmp_path, embedder, articles=few[:2], decoys=DECOYS)
    assert retriever.problem == ""
    assert retriever.rank("睡觉打呼噜憋气要不要紧").vectors
    build(tmp_path, embedder, articles=few, decoys=DECOYS)
    assert not retriever.stale
    assert retriever.rank("睡觉打呼噜憋气要不要紧").vectors


def test_old_versions_are_swept_but_the_last_one_stays(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    versions = [
        build(tmp_path, embedder, articles=few[:n], decoys=DECOYS).version for n in (1, 2, 3)
    ]
    left = {folder.name for folder in tmp_path.iterdir() if folder.is_dir()}
    assert left == set(versions[1:])


def test_a_broken_index_falls_back_to_bm25_and_says_so(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    version = build(tmp_path, embedder, articles=few, decoys=DECOYS).version
    shutil.rmtree(tmp_path / version)
    retriever = Retriever(few, DECOYS, tmp_path, embedder)
    ranking = retriever.rank("打鼾怎么回事")
    assert not ranking.vectors
    assert ranking.hits[0].article.id == "life.sleep"
    assert "FileNotFoundError" in retriever.problem


def test_an_index_of_another_embedder_is_not_used(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    build(tmp_path, embedder, articles=few, decoys=DECOYS)
    embedder.name = "another"
    assert Retriever(few, DECOYS, tmp_path, embedder).problem == "the index was built with hash"


def test_an_index_of_another_embedder_lends_no_vectors(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    build(tmp_path, embedder, articles=few, decoys=DECOYS)
    embedder.name = "another"
    assert build(tmp_path, embedder, articles=few, decoys=DECOYS).reused == 0


def test_a_damaged_previous_version_does_not_stop_a_build(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    version = build(tmp_path, embedder, articles=few[:2], decoys=DECOYS).version
    shutil.rmtree(tmp_path / version)
    assert build(tmp_path, embedder, articles=few, decoys=DECOYS).reused == 0


def test_a_failing_build_leaves_the_index_in_use(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    version = build(tmp_path, embedder, articles=few[:2], decoys=DECOYS).version

    def fail(texts: Sequence[str]) -> Vectors:
        raise EmbedderError("down")

    embedder.passages = fail
    with pytest.raises(EmbedderError):
        build(tmp_path, embedder, articles=few, decoys=DECOYS)
    assert current(tmp_path) == version
    assert not list(tmp_path.glob("*.partial"))


def test_a_failing_embedder_leaves_bm25(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    build(tmp_path, embedder, articles=few, decoys=DECOYS)

    def fail(texts: Sequence[str]) -> Vectors:
        raise EmbedderError("down")

    embedder.queries = fail
    assert not Retriever(few, DECOYS, tmp_path, embedder).rank("睡觉打呼噜憋气").vectors


def test_a_vector_of_the_wrong_length_is_a_broken_index(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    version = build(tmp_path, embedder, articles=few, decoys=DECOYS).version
    reader = Reader(tmp_path, version)
    with pytest.raises(IndexBroken):
        reader.nearest(np.ones(3, dtype=np.float32), 5, 5)
