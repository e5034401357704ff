"""The library gives way to a newer one while it goes on answering."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from knowledge.article import Article, ArticleError
from knowledge.embedder import Embedder, EmbedderError, Vectors
from knowledge.index import version_of
from knowledge.library import Library
from knowledge.manuscript import written
from knowledge.shelf import Shelf, Supply
from knowledge.store import FolderStore, building
from tests.knowledge.conftest import HashEmbedder

ASKED = "睡觉打呼噜憋气要不要紧"
DECOYS = {"off_topic": ("今天天气怎么样",)}


@pytest.fixture(autouse=True)
def few_decoys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.library.read_decoys", lambda: DECOYS)
    monkeypatch.setattr("knowledge.index.read_decoys", lambda: DECOYS)


@pytest.fixture
def few(corpus: tuple[Article, ...]) -> tuple[Article, ...]:
    return tuple(a for a in corpus if a.id in {"life.salt", "life.sleep"})


@pytest.fixture
def rewritten(few: tuple[Article, ...]) -> dict[str, str]:
    """A signed revision that says something else about sleep."""
    sleep = next(article for article in few if article.id == "life.sleep")
    return {"life.sleep": written(replace(sleep, plain="打呼噜憋气，这是新写的。"))}


class Shop:
    """A shelf and the parts around it that a test may break."""

    def __init__(self, folder: Path, articles: tuple[Article, ...], embedder: Any) -> None:
        self.folder, self.articles, self.embedder = folder / "index", articles, embedder
        self.files = folder / "files"
        self.files.mkdir()
        self.now = [1000.0]
        self.shelves: list[Shelf] = []

        self.read: Callable[[], tuple[Article, ...]] = lambda: self.articles
        self.patient: Callable[[], Embedder] | None = None

    def packaged(self) -> tuple[Article, ...]:
        return self.read()

    def builder(self) -> Embedder | None:
        made: Embedder = self.patient() if self.patient else self.embedder
        return made

    def open(self, edition: str = "", texts: dict[str, str] | None = None) -> Shelf:
        store = FolderStore(self.folder)

        def library(articles: Sequence[Article]) -> Library:
            return Library(store, self.embedder, serve_pending=True, articles=articles)

        supply = Supply(library, store, self.builder, self.packaged, self.files)
        shelf = Shelf(supply, edition, texts or {}, clock=lambda: self.now[0])
        self.shelves.append(shelf)
        return shelf


@pytest.fixture
def shop(tmp_path: Path, few: tuple[Article, ...], embedder: Any) -> Any:
    made = Shop(tmp_path, few, embedder)
    yield made
    for shelf in made.shelves:
        shelf.close()


def renewed(shelf: Shelf, edition: str, texts: dict[str, str]) -> tuple[str, ...]:
    """Renew and wait; returns the problems."""
    shelf.wait(10)
    shelf.renew(edition, texts)
    shelf.wait(10)
    return shelf.standing.problems


@pytest.fixture
def said() -> Callable[[Shelf], str]:
    """What is served about sleep."""

    def plain(shelf: Shelf) -> str:
        article = shelf.article("life.sleep")
        assert article is not None
        return article.plain

    return plain


def test_who_asks_before_it_has_loaded_waits_and_is_answered(shop: Shop, now: datetime) -> None:
    food = shop.open().answer("高血压能吃咸菜吗", conditions=frozenset(), now=now)
    assert "咸菜" in food.text


def test_what_was_signed_before_the_start_is_in_force_from_the_first_answer(
    shop: Shop, said: Callable[[Shelf], str], rewritten: dict[str, str]
) -> None:
    shelf = shop.open("e1", rewritten)
    assert said(shelf).startswith("打呼噜憋气，这是新写的。")
    assert shelf.standing.edition == "e1"


def test_a_missing_index_is_built_and_the_library_in_use_takes_it(shop: Shop) -> None:
    shelf = shop.open()
    shelf.wait(10)
    assert shelf.standing.version == ""
    assert shelf.wants("")
    renewed(shelf, "", {})
    assert shelf.standing.version == version_of(shop.articles, DECOYS, shop.embedder)
    assert not shelf.wants("")


def test_a_new_edition_is_served_and_only_its_new_texts_are_embedded(
    shop: Shop, said: Callable[[Shelf], str], rewritten: dict[str, str]
) -> None:
    shelf = shop.open()
    renewed(shelf, "", {})
    before, calls = shelf.standing, shop.embedder.calls
    assert shelf.wants("e1")
    renewed(shelf, "e1", rewritten)
    assert said(shelf).startswith("打呼噜憋气，这是新写的。")
    assert shelf.standing.edition == "e1"
    assert shelf.standing.version not in {"", before.version}
    # One probe, the new passage, and the question that was asked.
    assert shop.embedder.calls - calls <= 5
    renewed(shelf, "e2", {})
    assert "新写的" not in said(shelf)
    assert shelf.standing.version == before.version


def test_the_old_one_answers_while_the_new_one_is_made(
    shop: Shop, said: Callable[[Shelf], str], rewritten: dict[str, str], now: datetime
) -> None:
    shelf = shop.open()
    renewed(shelf, "", {})
    go_on = threading.Event()
    embed = shop.embedder.passages

    class Slow:
        name = shop.embedder.name
        queries = staticmethod(embed)

        def passages(self, texts: Sequence[str]) -> Vectors:
            go_on.wait(10)
            vectors: Vectors = embed(texts)
            return vectors

    shop.patient = Slow
    shelf.renew("e1", rewritten)
    assert "睡" in shelf.answer(ASKED, conditions=frozenset(), now=now).text
    assert "新写的" not in said(shelf)
    assert shelf.busy
    assert not shelf.wants("e1")
    go_on.set()
    shelf.wait(10)
    assert "新写的" in said(shelf)


@pytest.mark.parametrize("dead", [False, True])
def test_each_build_hangs_up_the_line_that_it_opened(
    shop: Shop, rewritten: dict[str, str], now: datetime, *, dead: bool
) -> None:
    made: list[HashEmbedder] = []
    hung_up: list[HashEmbedder] = []

    class Lined(HashEmbedder):
        def passages(self, texts: Sequence[str]) -> Vectors:
            if dead:
                raise EmbedderError
            return super().passages(texts)

        def close(self) -> None:
            hung_up.append(self)

    def patient() -> Embedder:
        made.append(Lined())
        return made[-1]

    shop.patient = patient
    shelf = shop.open()
    for edition in ("e1", "e2"):
        renewed(shelf, edition, rewritten)
    assert len(made) == 2
    assert hung_up == made
    assert shelf.answer(ASKED, conditions=frozenset(), now=now).text


def test_a_revision_that_cannot_be_read_leaves_the_packaged_text_and_is_told(
    shop: Shop, said: Callable[[Shelf], str]
) -> None:
    shelf = shop.open()
    old = said(shelf)
    renewed(shelf, "e1", {"life.sleep": "---\n---\n"})
    assert said(shelf) == old
    (problem,) = shelf.standing.problems
    assert problem.startswith("life.sleep.md:")
    assert not shelf.wants("e1")


def test_packaged_files_that_break_leave_everything_as_it_was_until_they_change_again(
    shop: Shop, said: Callable[[Shelf], str], rewritten: dict[str, str]
) -> None:
    shelf = shop.open("e1", rewritten)
    renewed(shelf, "e1", rewritten)

    def broken() -> tuple[Article, ...]:
        raise ArticleError("life.sleep.md: field 'plain' is missing")

    shop.read = broken
    (shop.files / "life.sleep.md").write_text("half")
    assert shelf.wants("e1")
    assert renewed(shelf, "e1", rewritten) == ("life.sleep.md: field 'plain' is missing",)
    assert "新写的" in said(shelf)
    assert not shelf.wants("e1")
    shop.read = lambda: shop.articles
    (shop.files / "life.sleep.md").write_text("whole again")
    assert shelf.wants("e1")
    assert renewed(shelf, "e1", rewritten) == ()


def test_without_vectors_a_signed_text_is_served_all_the_same_and_the_index_tried_again_later(
    shop: Shop, said: Callable[[Shelf], str], rewritten: dict[str, str]
) -> None:
    class Down:
        name = shop.embedder.name

        def queries(self, texts: Sequence[str]) -> Vectors:
            raise EmbedderError("the embeddings endpoint failed: no answer in time")

        passages = queries

    alive, shop.embedder = shop.embedder, Down()
    shelf = shop.open()
    down = ("the embeddings endpoint failed: no answer in time",)
    assert renewed(shelf, "e1", rewritten) == down
    assert "新写的" in said(shelf)
    assert not shelf.wants("e1")
    shop.now[0] += 31
    assert shelf.wants("e1")
    renewed(shelf, "e1", rewritten)
    shop.now[0] += 31
    assert not shelf.wants("e1")  # the pause has doubled
    shop.now[0] += 31
    shop.embedder = alive
    assert shelf.wants("e1")
    assert renewed(shelf, "e1", rewritten) == ()
    assert shelf.standing.version != ""


def test_while_another_process_builds_the_old_one_stays_and_then_its_version_is_taken(
    shop: Shop, said: Callable[[Shelf], str], rewritten: dict[str, str]
) -> None:
    mine, theirs = shop.open(), shop.open()
    renewed(mine, "", {})
    with building(shop.folder):
        renewed(mine, "e1", rewritten)
        assert "新写的" not in said(mine)
        assert mine.wants("e1")
    renewed(theirs, "e1", rewritten)
    calls = shop.embedder.calls
    renewed(mine, "e1", rewritten)
    assert "新写的" in said(mine)
    assert mine.standing == theirs.standing
    assert shop.embedder.calls - calls <= 3  # probe and questions, no article


def test_a_worker_that_stops_does_not_wait_for_the_build(
    shop: Shop, rewritten: dict[str, str]
) -> None:
    shelf = shop.open()
    shelf.wait(10)
    embed = shop.embedder.queries

    class Slow:
        name = shop.embedder.name

        def queries(self, texts: Sequence[str]) -> Vectors:
            time.sleep(0.05)
            vectors: Vectors = embed(texts)
            return vectors

        passages = queries

    shop.patient = Slow
    shelf.renew("e1", rewritten)
    time.sleep(0.12)
    began = time.monotonic()
    shelf.close()
    assert not shelf.busy
    assert time.monotonic() - began < 0.5
    assert shelf.standing.edition == ""
    assert FolderStore(shop.folder).current() is None
    assert not list(shop.folder.glob("*.partial"))


def test_a_corpus_that_cannot_be_opened_at_all_is_told_to_whoever_asks(
    shop: Shop, said: Callable[[Shelf], str]
) -> None:
    def broken() -> tuple[Article, ...]:
        raise ArticleError("life.sleep.md: field 'plain' is missing")

    shop.read = broken
    shelf = shop.open()
    with pytest.raises(ArticleError, match=r"life\.sleep"):
        shelf.wait_loaded()
    with pytest.raises(ArticleError, match=r"life\.sleep"):
        said(shelf)


def test_what_nobody_foresaw_ends_one_attempt_and_is_told_to_the_tick(
    shop: Shop, rewritten: dict[str, str]
) -> None:
    shelf = shop.open()

    def broken() -> tuple[Article, ...]:
        raise ZeroDivisionError

    shelf.wait(10)
    shop.read = broken
    shelf.renew("e1", rewritten)
    shelf.wait(10)
    with pytest.raises(ZeroDivisionError):
        shelf.wants("e1")
    shop.read = lambda: shop.articles
    assert shelf.wants("e1")
    renewed(shelf, "e1", rewritten)
    assert shelf.standing.edition == "e1"
