"""The embeddings endpoint, against a real HTTP server that has every bad day there is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge.article import Article
from knowledge.breaker import Breaker
from knowledge.embedder import EmbedderError
from knowledge.endpoint import Endpoint, EndpointEmbedder
from knowledge.index import build
from knowledge.retrieval import Retriever
from knowledge.scale import RELATED, UNRELATED, scale_of, spread_of
from simulator.embeddings import SCRIPTS, at_most, embed, now_and_then, of_length, vector

TURN = 0.15


def embedder(url: str, *, model: str = "hashed", **more: Any) -> EndpointEmbedder:
    described = Endpoint(url, model, "secret", more.pop("query", None), more.pop("passage", None))
    return EndpointEmbedder(described, shortest_wait=0.01, **{"turn_seconds": TURN, **more})


@pytest.fixture
def asking(endpoint: Any) -> Any:
    made = embedder(endpoint.url)
    yield made
    made.close()


@pytest.fixture
def building(endpoint: Any) -> Any:
    made = embedder(endpoint.url, patient=True)
    yield made
    made.close()


def test_vectors_come_in_the_order_of_the_texts_and_the_key_in_a_header_alone(
    endpoint: Any, asking: EndpointEmbedder
) -> None:
    vectors = asking.queries(["甲乙丙", "丁戊己"])
    assert np.allclose(vectors, [vector("甲乙丙"), vector("丁戊己")], atol=1e-6)
    (wanted,) = endpoint.stand.asked
    assert (wanted.path, wanted.model) == ("/v1/embeddings", "hashed")
    assert wanted.authorization == "Bearer secret"
    assert "secret" not in repr(Endpoint(endpoint.url, "m", "secret"))


@pytest.mark.parametrize(
    ("model", "query", "passage"),
    [
        ("multilingual-e5-small", "query: ", "passage: "),
        ("BAAI/bge-m3", "", ""),
        ("bge-large-zh-v1.5", "为这个句子生成表示以用于检索相关文章：", ""),
        ("text-embedding-v4", "", ""),
    ],
)
def test_a_model_gets_the_prefixes_of_its_family(model: str, query: str, passage: str) -> None:
    assert Endpoint("http://127.0.0.1:9", model, "k").prefixes == (query, passage)


def test_prefixes_that_are_set_win_and_make_other_vectors_under_another_name(endpoint: Any) -> None:
    ours = embedder(endpoint.url, model="e5", query="问：", passage="")
    ours.queries(["甲"])
    ours.passages(["甲"])
    assert [wanted.texts for wanted in endpoint.stand.asked] == [["问：甲"], ["甲"]]
    assert ours.name != embedder(endpoint.url, model="e5").name
    ours.close()


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_in_a_turn_a_bad_answer_costs_a_moment_and_is_never_believed(
    endpoint: Any, asking: EndpointEmbedder, script: str
) -> None:
    asking.queries(["先接上线"])
    endpoint.stand.script = SCRIPTS[script]
    began = time.monotonic()
    with pytest.raises(EmbedderError, match="the embeddings endpoint failed"):
        asking.queries(["甲", "乙"])
    assert time.monotonic() - began < TURN + 0.3
    assert endpoint.stand.elsewhere == 0


def test_a_dead_endpoint_slows_two_questions_and_then_nobody(endpoint: Any) -> None:
    now = [100.0]
    ours = embedder(endpoint.url, breaker=Breaker(30, clock=lambda: now[0]))
    endpoint.stand.script = SCRIPTS["stall"]
    for _ in range(2):
        with pytest.raises(EmbedderError, match="in time"):
            ours.queries(["甲"])
    asked = len(endpoint.stand.asked)
    for _ in range(50):
        with pytest.raises(EmbedderError, match="left alone"):
            ours.queries(["甲"])
    assert len(endpoint.stand.asked) == asked
    now[0] += 31
    endpoint.stand.script = embed
    assert len(ours.queries(["甲"])) == 1
    ours.close()


def test_after_a_rest_one_goes_ahead_and_one_failure_is_enough() -> None:
    now = [100.0]
    breaker = Breaker(30, clock=lambda: now[0])
    found = []
    for moment in (breaker.failed, breaker.failed):
        moment()
        found.append(breaker.rests)
    assert found == [False, True]
    now[0] += 31
    assert [breaker.rests, breaker.rests] == [False, True]
    breaker.failed()
    now[0] += 29
    found = [breaker.rests]
    breaker.worked()
    assert [*found, breaker.rests] == [True, False]


def test_it_dies_and_comes_back(endpoint: Any, asking: EndpointEmbedder) -> None:
    asking.queries(["甲"])
    endpoint.stop()
    with pytest.raises(EmbedderError):
        asking.queries(["甲"])
    endpoint.start()
    assert len(asking.queries(["甲"])) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_build_tries_again(endpoint: Any, building: EndpointEmbedder, status: int) -> None:
    endpoint.stand.script = now_and_then(3, status)
    assert len(building.passages(["甲", "乙"])) == 2
    assert len(endpoint.stand.asked) == 4


def test_a_build_waits_as_long_as_it_is_asked_to(
    endpoint: Any, building: EndpointEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    endpoint.stand.script = now_and_then(2, 429, wait="7")
    building.passages(["甲"])
    assert waits == [7, 7]


def test_a_build_gives_up_at_once_where_another_try_is_of_no_use(
    endpoint: Any, building: EndpointEmbedder
) -> None:
    endpoint.stand.script = SCRIPTS["refuse"]
    with pytest.raises(EmbedderError, match="status 401"):
        building.passages(["甲"])
    assert len(endpoint.stand.asked) == 1


def test_a_server_that_takes_few_texts_at_once_gets_few(
    endpoint: Any, building: EndpointEmbedder
) -> None:
    endpoint.stand.script = at_most(3)
    texts = [f"第{n}句" for n in range(20)]
    assert np.allclose(building.queries(texts), [vector(text) for text in texts], atol=1e-6)
    sizes = [len(wanted.texts) for wanted in endpoint.stand.asked]
    assert max(sizes[3:]) <= 3


def test_vectors_of_two_lengths_are_no_vectors(endpoint: Any, building: EndpointEmbedder) -> None:
    endpoint.stand.script = at_most(2)
    building.queries(["甲", "乙", "丙"])
    endpoint.stand.script = of_length(8)
    assert building.queries(["甲"]).shape == (1, 8)


def test_an_index_is_built_over_http_answers_outlive_the_endpoint_and_it_comes_back(
    endpoint: Any,
    building: EndpointEmbedder,
    tmp_path: Path,
    corpus: tuple[Article, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("knowledge.retrieval._LOOK_AGAIN_SECONDS", 0.0)
    few = tuple(a for a in corpus if a.id in {"life.salt", "life.sleep", "dm.fruit"})
    decoys = {"off_topic": ("今天天气怎么样",)}
    now = [0.0]
    asking = embedder(endpoint.url, turn_seconds=2, breaker=Breaker(30, clock=lambda: now[0]))
    build(tmp_path, building, articles=few, decoys=decoys)
    retriever = Retriever(few, decoys, tmp_path, asking)
    asked = "睡觉打呼噜憋气要不要紧"
    best = retriever.rank(asked).hits[0]
    assert (best.article.id, retriever.rank(asked).vectors) == ("life.sleep", True)

    endpoint.stop()
    left = [retriever.rank(asked) for _ in range(5)]
    assert not any(ranking.vectors for ranking in left)
    assert {ranking.hits[0].article.id for ranking in left} == {"life.sleep"}

    endpoint.start()
    now[0] += 31
    assert retriever.rank(asked).vectors

    endpoint.stand.script = of_length(32)
    assert not retriever.rank(asked).vectors
    assert build(tmp_path, building, articles=few, decoys=decoys).reused == 0
    assert retriever.rank(asked).vectors
    asking.close()


def test_cosines_of_another_embedder_are_brought_to_the_local_scale() -> None:
    rng = np.random.default_rng(7)
    rows = []
    for owner in range(40):
        centre = rng.normal(size=24)
        for _ in range(8):
            one = centre + rng.normal(size=24)
            rows.append((f"a{owner}", (one / np.linalg.norm(one)).astype(np.float32)))
    low, high = spread_of(rows)
    slope, offset = scale_of(rows)
    assert offset + slope * low == pytest.approx(UNRELATED)
    assert offset + slope * high == pytest.approx(RELATED)
    assert scale_of(rows[:3]) == (1.0, 0.0)
    assert scale_of([]) == (1.0, 0.0)
