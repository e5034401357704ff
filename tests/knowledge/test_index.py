from __future__ import annotations

import resource
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge.article import Article
from knowledge.embedder import EmbedderError, Vectors
from knowledge.index import BeingBuilt, build, current, version_of
from knowledge.retrieval import Retriever
from knowledge.store import FolderReader, IndexBroken, building
from knowledge.vectors import VectorFile

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
    # One text is embedded: to see that the embedder is still the same.
    assert embedder.calls == calls + 1


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
    left = {about.parent.name for about in tmp_path.glob("*/index.json")}
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
    build(tmp_path, embedder, articles=few, decoys=DECOYS)
    assert retriever.problem == ""


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


@pytest.mark.parametrize("wrong", ["truncated", "emptied", "no numbers", "other layout"])
def test_a_damaged_version_is_not_served_and_a_build_makes_a_good_one_beside_it(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...], wrong: str
) -> None:
    folder = tmp_path / build(tmp_path, embedder, articles=few, decoys=DECOYS).version
    database = folder / "chroma.sqlite3"
    if wrong == "truncated":
        database.write_bytes(database.read_bytes()[:5000])
    elif wrong == "emptied":
        database.unlink()
    elif wrong == "no numbers":
        (folder / "index.json").write_text("{")
    else:
        about = (folder / "index.json").read_text().replace('"layout": "3"', '"layout": "2"')
        (folder / "index.json").write_text(about)
    retriever = Retriever(few, DECOYS, tmp_path, embedder)
    assert retriever.problem != ""
    assert retriever.rank("打鼾怎么回事").hits[0].article.id == "life.sleep"
    mended = build(tmp_path, embedder, articles=few, decoys=DECOYS)
    assert (mended.fresh, mended.embedded) == (True, 0)
    assert retriever.problem == ""
    assert retriever.rank("睡觉打呼噜憋气要不要紧").vectors
    build(tmp_path, embedder, articles=few[:1], decoys=DECOYS)
    assert not folder.exists()


def test_whatever_changes_an_embedded_text_makes_another_version(
    embedder: Any, few: tuple[Article, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = version_of(few, DECOYS, embedder)
    assert version_of(few[::-1], DECOYS, embedder) == first
    assert version_of(few, {"off_topic": ("今天下雨吗",)}, embedder) != first
    plainer = replace(few[0], plain="一句别的话。")
    assert version_of((plainer, *few[1:]), DECOYS, embedder) != first
    with monkeypatch.context() as patched:
        patched.setattr("knowledge.index.normalise", lambda text: text.replace("咋", "怎么"))
        assert version_of(few, {"off_topic": ("咋办",)}, embedder) != version_of(
            few, {"off_topic": ("咋办呀",)}, embedder
        )
        assert version_of(few, {"x": ("咋办",)}, embedder) == version_of(
            few, {"x": ("怎么办",)}, embedder
        )
    body = replace(few[0], body="别的正文。")
    assert version_of((body, *few[1:]), DECOYS, embedder) == first


def test_a_build_that_was_broken_off_goes_on_where_it_stood(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    steps = [0]

    def stop(_: float) -> None:
        steps[0] += 1
        if steps[0] == 3:
            raise InterruptedError

    with pytest.raises(IndexBroken):
        build(tmp_path, embedder, articles=few, decoys=DECOYS, breathe=stop, batch=4)
    rest = build(tmp_path, embedder, articles=few, decoys=DECOYS)
    assert rest.reused >= 9
    assert rest.fresh


def test_another_model_under_the_same_name_is_found_out(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    first = build(tmp_path, embedder, articles=few, decoys=DECOYS)
    as_before = embedder.queries
    embedder.queries = embedder.passages = lambda texts: as_before(texts)[:, ::-1].copy()
    turned = build(tmp_path, embedder, articles=few, decoys=DECOYS)
    assert (turned.reused, turned.fresh) == (0, True)
    embedder.queries = embedder.passages = lambda texts: as_before(texts)[:, :32].copy()
    shorter = build(tmp_path, embedder, articles=few, decoys=DECOYS)
    assert (shorter.reused, shorter.fresh) == (0, True)
    assert len({first.version, turned.version, shorter.version}) == 3


def test_only_one_process_builds_at_a_time(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    with building(tmp_path) as ours:
        assert ours
        with pytest.raises(BeingBuilt):
            build(tmp_path, embedder, articles=few, decoys=DECOYS)
    assert build(tmp_path, embedder, articles=few, decoys=DECOYS).fresh


def test_what_dead_builds_left_is_swept(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    left = tmp_path / "0123456789abcdef.999999.partial"
    left.mkdir()
    (left / "chroma.sqlite3").write_bytes(b"half")
    (tmp_path / "current.999999").write_text("half")
    build(tmp_path, embedder, articles=few, decoys=DECOYS)
    assert not left.exists()
    assert not (tmp_path / "current.999999").exists()


def test_a_folder_that_is_a_file_is_told_in_a_sentence(
    tmp_path: Path, embedder: Any, few: tuple[Article, ...]
) -> None:
    place = tmp_path / "index"
    place.write_text("")
    with pytest.raises(IndexBroken, match="cannot be written: File exists"):
        build(place, embedder, articles=few, decoys=DECOYS)
    assert not Retriever(few, DECOYS, place, embedder).rank("打鼾").vectors


@pytest.fixture
def no_room() -> Iterator[Callable[[int], None]]:
    """Let no file grow beyond a size: to whoever writes, that is a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [10_000, 150_000])
def test_a_full_disk_is_told_in_a_sentence_and_leaves_nothing_half_done(
    tmp_path: Path,
    embedder: Any,
    few: tuple[Article, ...],
    no_room: Callable[[int], None],
    room: int,
) -> None:
    version = build(tmp_path, embedder, articles=few[:1], decoys=DECOYS).version
    no_room(room)
    with pytest.raises(IndexBroken, match="the index cannot be written"):
        build(tmp_path, embedder, articles=few, decoys=DECOYS)
    no_room(resource.RLIM_INFINITY)
    assert current(tmp_path) == version
    assert not list(tmp_path.glob("*.partial"))
    assert build(tmp_path, embedder, articles=few, decoys=DECOYS).fresh


def test_a_torn_vector_at_the_end_is_dropped(tmp_path: Path) -> None:
    vectors = np.eye(3, dtype=np.float32)
    VectorFile(tmp_path, "e").add(["a", "b", "c"], vectors)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    kept = VectorFile(tmp_path, "e")
    assert len(kept) == 2
    assert kept.find("c") is None
    kept.add(["c"], vectors[2:])
    found = VectorFile(tmp_path, "e").find("c")
    assert found is not None
    assert found.tolist() == [0, 0, 1]
    assert len(VectorFile(tmp_path, "another")) == 0


def test_vectors_nobody_needs_any_longer_are_thrown_away_in_heaps(tmp_path: Path) -> None:
    kept = VectorFile(tmp_path, "e")
    kept.add(["a", "b", "c", "d"], np.eye(4, dtype=np.float32))
    kept.keep_only(["a", "b", "c"])
    assert len(VectorFile(tmp_path, "e")) == 4
    kept.keep_only(["b"])
    again = VectorFile(tmp_path, "e")
    assert len(again) == 1
    assert again.find("b") is not None


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
    reader = FolderReader(tmp_path / version)
    with pytest.raises(IndexBroken):
        reader.nearest(np.ones(3, dtype=np.float32), 5, 5)
