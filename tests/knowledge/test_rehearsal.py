"""A library of a draft takes the paid vectors along and leaves the index in use alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from knowledge import index
from knowledge.article import Article
from knowledge.embedder import EmbedderError
from knowledge.library import Library
from knowledge.rehearsal import Rehearsal
from knowledge.store import Store
from tests.knowledge.conftest import HashEmbedder

ASKED = "泡脚能降压不"


@pytest.fixture
def few(corpus: tuple[Article, ...], monkeypatch: pytest.MonkeyPatch) -> tuple[Article, ...]:
    monkeypatch.setattr("knowledge.library.read_decoys", dict)
    monkeypatch.setattr("knowledge.index.read_decoys", dict)
    found = (one for one in corpus if one.id in {"life.salt", "life.sleep"})
    return tuple(replace(one, related=()) for one in found)


def rehearsal(folder: Path, embedder: Any) -> Rehearsal:
    def opened(place: Store | None, asking: Any, articles: Sequence[Article]) -> Library:
        return Library(place, asking, serve_pending=True, articles=articles)

    return Rehearsal(opened, folder, lambda: embedder)


def test_only_new_texts_are_embedded_and_the_index_in_use_stays(
    few: tuple[Article, ...], embedder: Any, tmp_path: Path, now: datetime
) -> None:
    index.build(tmp_path, embedder, articles=few)
    before, paid = index.current(tmp_path), embedder.calls
    draft = replace(few[0], questions=(*few[0].questions, ASKED))
    with rehearsal(tmp_path, embedder).opened((draft, *few[1:])) as library:
        # One new wording, and the probe of whether the embedder is still the same.
        assert embedder.calls == paid + 2
        answer = library.answer(ASKED, conditions=frozenset(), now=now)
    assert answer.citations[0].article == draft.id
    assert index.current(tmp_path) == before


def test_without_vectors_words_alone_answer(
    few: tuple[Article, ...], tmp_path: Path, now: datetime
) -> None:
    class Down:
        name = "down"

        def queries(self, _texts: Sequence[str]) -> None:
            raise EmbedderError

        passages = queries

    question = few[0].questions[0]
    with rehearsal(tmp_path, Down()).opened(few) as library:
        answer = library.answer(question, conditions=frozenset(), now=now)
    assert answer.citations[0].article == few[0].id


class Lined(HashEmbedder):
    """An embedder with a line that somebody has to hang up."""

    def __init__(self, *, dead: bool = False) -> None:
        super().__init__()
        self.dead, self.hung_up = dead, 0

    def passages(self, texts: Sequence[str]) -> Any:
        if self.dead:
            raise EmbedderError
        return super().passages(texts)

    def close(self) -> None:
        self.hung_up += 1


@pytest.mark.parametrize("dead", [False, True])
def test_the_line_is_hung_up_when_the_questions_are_asked_and_not_before(
    few: tuple[Article, ...], tmp_path: Path, now: datetime, *, dead: bool
) -> None:
    lined = Lined(dead=dead)
    with rehearsal(tmp_path, lined).opened(few) as library:
        assert library.answer(few[0].questions[0], conditions=frozenset(), now=now).citations
        assert lined.hung_up == 0
    assert lined.hung_up == 1


def test_where_no_embedder_can_be_made_words_alone_answer(
    few: tuple[Article, ...], tmp_path: Path, now: datetime
) -> None:
    def missing() -> Any:
        raise EmbedderError

    bare = Rehearsal(rehearsal(tmp_path, None).library, tmp_path, missing)
    with bare.opened(few) as library:
        answer = library.answer(few[0].questions[0], conditions=frozenset(), now=now)
    assert answer.citations[0].article == few[0].id
