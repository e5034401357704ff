"""Vectors from any server that speaks OpenAI's `/embeddings`.

In a turn there is one try within a fraction of a second, and a dead server is left alone for a
while; a build is patient and tries again. Nothing of an answer is believed before it was counted
and measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from knowledge.breaker import Breaker
from knowledge.calling import Caller, CallFailed
from knowledge.embedder import EmbedderError, Vectors, clean

QUERY_LIMIT, PASSAGE_LIMIT = 64, 400
TURN_SECONDS = 0.3
_BUILD_SECONDS = 60.0
_TRIES = 5
_LONGEST_WAIT = 30.0
# Answers of a server that takes fewer texts, or fewer words, at once than it was sent.
_TOO_MUCH = frozenset({400, 413, 422})
_BYTES_PER_VECTOR = 262_144
# A name that says its family says its prefixes; see the models' own cards.
_PREFIXES = (
    ("e5", ("query: ", "passage: ")),
    ("bge-m3", ("", "")),
    ("bge", ("为这个句子生成表示以用于检索相关文章：", "")),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the server is. A prefix that is None goes by the model's name."""

    base_url: str
    model: str
    key: str = field(repr=False)
    query_prefix: str | None = None
    passage_prefix: str | None = None

    @property
    def prefixes(self) -> tuple[str, str]:
        """What stands before a query and before a passage."""
        name = self.model.lower()
        query, passage = next((found for word, found in _PREFIXES if word in name), ("", ""))
        return (
            query if self.query_prefix is None else self.query_prefix,
            passage if self.passage_prefix is None else self.passage_prefix,
        )


class EndpointEmbedder:
    """The adapter. `patient` ones build; the others answer a turn."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        patient: bool = False,
        turn_seconds: float = TURN_SECONDS,
        breaker: Breaker | None = None,
        shortest_wait: float = 1.0,
    ) -> None:
        self._endpoint = endpoint
        self._url = f"{endpoint.base_url.rstrip('/')}/embeddings"
        self._query, self._passage = endpoint.prefixes
        said = f"{self._url}|{endpoint.model}|{self._query}|{self._passage}"
        digest = hashlib.sha256(said.encode()).hexdigest()[:8]
        self.name = f"endpoint-{endpoint.model}-{digest}"
        self._patient = patient
        self._seconds = _BUILD_SECONDS if patient else turn_seconds
        self._breaker = breaker or Breaker()
        self._shortest_wait = shortest_wait
        self._most = 0
        # A key travels in this header and nowhere else.
        headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        self._caller = Caller(headers)

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed([self._query + text for text in clean(texts, QUERY_LIMIT)])

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed([self._passage + text for text in clean(texts, PASSAGE_LIMIT)])

    def close(self) -> None:
        self._caller.close()

    def _embed(self, texts: list[str]) -> Vectors:
        if self._patient:
            return self._insisted(texts)
        if self._breaker.rests:
            msg = "the embeddings endpoint failed and is left alone for a while"
            raise EmbedderError(msg)
        try:
            vectors = self._once(texts)
        except CallFailed as error:
            self._breaker.failed()
            msg = f"the embeddings endpoint failed: {error}"
            raise EmbedderError(msg) from None
        self._breaker.worked()
        return vectors

    def _insisted(self, texts: list[str]) -> Vectors:
        """Ask piece by piece; a server that finds a piece too much gets smaller ones from then on."""
        found: list[Vectors] = []
        start = 0
        while start < len(texts):
            piece = texts[start : start + (self._most or len(texts))]
            try:
                found.append(self._again(piece))
            except CallFailed as error:
                if error.status in _TOO_MUCH and len(piece) > 1:
                    self._most = (len(piece) + 1) // 2
                    continue
                msg = f"the embeddings endpoint failed: {error}"
                raise EmbedderError(msg) from None
            start += len(piece)
        if len({vectors.shape[1] for vectors in found}) > 1:
            msg = "the embeddings endpoint gives vectors of different lengths"
            raise EmbedderError(msg)
        return np.concatenate(found)

    def _again(self, texts: list[str]) -> Vectors:
        asking = Retrying(
            stop=stop_after_attempt(_TRIES),
            wait=self._pause,
            retry=retry_if_exception(lambda e: isinstance(e, CallFailed) and e.again),
            reraise=True,
        )
        return asking(self._once, texts)

    def _pause(self, state: RetryCallState) -> float:
        """Longer each time; as long as the server asks for, within reason."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, CallFailed) else 0.0
        waits = wait_exponential_jitter(multiplier=self._shortest_wait, jitter=0.1)
        return min(_LONGEST_WAIT, max(asked, waits(state)))

    def _once(self, texts: list[str]) -> Vectors:
        answer = self._caller.ask(
            "POST",
            self._url,
            {"model": self._endpoint.model, "input": texts},
            seconds=self._seconds,
            most_bytes=_BYTES_PER_VECTOR * len(texts),
        )
        return _vectors(answer, len(texts))


def _vectors(answer: Any, count: int) -> Vectors:
    """Read one vector for each text, in the texts' order; anything odd is a failed call."""
    try:
        rows = {int(row["index"]): row["embedding"] for row in answer["data"]}
        if rows.keys() != set(range(count)) or len(answer["data"]) != count:
            msg = "another number of vectors"
            raise CallFailed(msg)
        vectors = np.asarray([rows[at] for at in range(count)], dtype=np.float32)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        msg = f"the answer has another form ({type(error).__name__})"
        raise CallFailed(msg) from None
    if vectors.ndim != 2 or not vectors.shape[1] or not np.isfinite(vectors).all():  # noqa: PLR2004 - one row per text
        msg = "the answer holds no vectors"
        raise CallFailed(msg)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (lengths > 0).all() or not np.isfinite(lengths).all():
        msg = "a vector has no direction"
        raise CallFailed(msg)
    return np.asarray(vectors / lengths, dtype=np.float32)
