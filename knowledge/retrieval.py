"""Ranking articles for a question: character BM25 and vectors, fused by weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.article import Article
from knowledge.embedder import Embedder, EmbedderError
from knowledge.index import IndexBroken, Reader, corpus_hash, current
from knowledge.lexical import Bm25
from knowledge.question import normalise

# Weights chosen on tests/knowledge/asked.tsv, see docs/knowledge.md.
_LEXICAL = 0.3
_VECTOR = 0.7
_COSINE_FLOOR = 0.80
_COSINE_SPAN = 0.18
_OTHER_CONDITION = 0.25
_NOT_THEIRS = 0.04
_SURE = 0.93
_NEAREST_PASSAGES = 24
_NEAREST_VARIANTS = 80


@dataclass(frozen=True, slots=True)
class Hit:
    """One article with its fused score and the parts of it."""

    article: Article
    score: float
    lexical: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best articles for a question, best first; `vectors` tells whether vectors took part."""

    hits: tuple[Hit, ...]
    vectors: bool

    @property
    def margin(self) -> float:
        """How far the best is ahead of the second."""
        if not self.hits:
            return 0.0
        return self.hits[0].score - (self.hits[1].score if len(self.hits) > 1 else 0.0)


class Retriever:
    """Ranks a fixed corpus. Without an embedder, or with a broken index, BM25 goes on alone."""

    def __init__(
        self, articles: Sequence[Article], index_dir: Path | None, embedder: Embedder | None
    ) -> None:
        self._articles = tuple(articles)
        self._place = {article.id: i for i, article in enumerate(self._articles)}
        self._corpus = corpus_hash(self._articles)
        self._bodies = Bm25([normalise(_whole(article)) for article in self._articles])
        variants = [(i, normalise(q)) for i, a in enumerate(self._articles) for q in a.questions]
        self._owner = np.array([i for i, _ in variants] or [0], dtype=np.int64)
        self._variants = Bm25([text for _, text in variants] or [""])
        self._embedder = embedder
        self._index_dir = index_dir
        self._reader: Reader | None = None
        self._broken = ""
        self._seen: str | None = None

    @property
    def problem(self) -> str:
        """Why vectors are not in use; empty when they are."""
        if self._embedder is None:
            return "no embedder is configured"
        if self._index_dir is None:
            return "no index folder is configured"
        return "" if self._open() is not None else self._broken

    @property
    def stale(self) -> bool:
        """Tell whether the index was built from other articles than the ones served."""
        reader = self._open()
        return reader is not None and reader.corpus != self._corpus

    def rank(
        self,
        question: str,
        mentioned: frozenset[str] = frozenset(),
        conditions: frozenset[str] = frozenset(),
        keep: int = 5,
    ) -> Ranking:
        """Rank the articles for one normalised sentence.

        Args:
            question: one normalised sentence.
            mentioned: the diseases the sentence names; articles about another one fall back.
            conditions: the patient's diseases, a slight preference.
            keep: how many hits to return.
        """
        if not self._articles:
            return Ranking((), vectors=False)
        lexical = self._lexical(question)
        prior = self._prior(mentioned, conditions)
        cosine = None
        if float((lexical + prior).max()) < _SURE:
            cosine = self._cosine(question)
        if cosine is None:
            score = lexical + prior
        else:
            scaled = np.clip((cosine - _COSINE_FLOOR) / _COSINE_SPAN, 0, 1.2)
            score = _LEXICAL * lexical + _VECTOR * scaled + prior
        order = np.argsort(-score, kind="stable")[:keep]
        hits = tuple(
            Hit(
                self._articles[i],
                float(score[i]),
                float(lexical[i]),
                float(cosine[i]) if cosine is not None else 0.0,
            )
            for i in order
        )
        return Ranking(hits, vectors=cosine is not None)

    def _lexical(self, question: str) -> NDArray[np.float32]:
        bodies = self._bodies.scores(question) / max(self._bodies.mass(question), 1e-6)
        scores = self._variants.scores(question) / max(self._variants.mass(question), 1e-6)
        best = np.zeros(len(self._articles), dtype=np.float32)
        np.maximum.at(best, self._owner, scores)
        # BM25 saturates above 1 for short texts that say nothing else; both parts count equally.
        return np.asarray(np.clip((bodies / 2.2 + best / 1.6) / 2, 0, 1), dtype=np.float32)

    def _prior(self, mentioned: frozenset[str], conditions: frozenset[str]) -> NDArray[np.float32]:
        prior = np.zeros(len(self._articles), dtype=np.float32)
        for i, article in enumerate(self._articles):
            about = article.audience.conditions
            if about and mentioned and not about & mentioned:
                prior[i] -= _OTHER_CONDITION
            elif about and conditions and not mentioned and not about & conditions:
                prior[i] -= _NOT_THEIRS
        return prior

    def _cosine(self, question: str) -> NDArray[np.float32] | None:
        reader = self._open()
        if reader is None or self._embedder is None:
            return None
        try:
            vector = self._embedder.queries([question])[0]
            passages, variants = reader.nearest(vector, _NEAREST_PASSAGES, _NEAREST_VARIANTS)
        except (EmbedderError, IndexBroken) as error:
            self._broken = str(error)
            return None
        # What is not among the nearest is at most as near as the last of them.
        low_passage = min(passages.values(), default=0.0)
        low_variant = min(variants.values(), default=0.0)
        cosine = np.full(len(self._articles), (low_passage + low_variant) / 2, dtype=np.float32)
        for key in passages.keys() | variants.keys():
            place = self._place.get(key)
            if place is not None:
                near = passages.get(key, low_passage), variants.get(key, low_variant)
                cosine[place] = sum(near) / 2
        return cosine

    def _open(self) -> Reader | None:
        """Return the index in use, reopened when the pointer has moved."""
        if self._embedder is None or self._index_dir is None:
            return None
        version = current(self._index_dir)
        if version == self._seen:
            return self._reader
        self._seen, self._reader = version, None
        if version is None:
            self._broken = "no index has been built"
            return None
        try:
            reader = Reader(self._index_dir, version)
        except IndexBroken as error:
            self._broken = str(error)
            return None
        if reader.embedder != self._embedder.name:
            self._broken = f"the index was built with {reader.embedder}"
            reader.close()
            return None
        self._reader = reader
        return reader


def _whole(article: Article) -> str:
    return " ".join((article.title, article.plain, article.body, *article.questions))
