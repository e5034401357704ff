"""Ranking articles for a question: character BM25 and vectors, fused by weight.

Beside the articles stand decoys: things people ask that are not ours. A question that is nearest
to a decoy is not answered, however near the best article may be.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from knowledge.article import Article
from knowledge.decoys import DECOY, Decoys
from knowledge.embedder import Embedder, EmbedderError
from knowledge.index import place_of, version_of
from knowledge.lexical import Bm25, Odds
from knowledge.question import normalise
from knowledge.store import About, IndexBroken, Reader, Store

# Weights chosen on tests/knowledge/tuning.tsv, see docs/knowledge.md.
_LEXICAL = 0.4
_VECTOR = 0.6
_PASSAGE_SHARE, _BEST_SHARE, _TOP_SHARE = 0.25, 0.5, 0.25
_TOP = 3
_COSINE_FLOOR = 0.80
_COSINE_SPAN = 0.18
_OTHER_CONDITION = 0.25
_NOT_THEIRS = 0.04
# Words alone decide when the best article is this far ahead of the next and of every decoy
# (right in 150 of 150 labelled questions): no need to embed a third of what is asked.
_SURE_LEXICAL, _SURE_MARGIN, _SURE_GAP, _SURE_ODDS = 0.2, 0.1, 0.15, 0.5
_TIED_MARGIN, _TIED_SCORE = 0.025, 0.55
# Below it nothing really fits; another disease in the same words asks for a better fit.
_FLOOR, _FLOOR_ELSEWHERE = 0.40, 0.46
_PLAIN_MARGIN, _PLAIN_SCORE = 0.1, 0.6
_KEPT = 5
_LOOK_AGAIN_SECONDS = 2.0
_NEAREST_PASSAGES = 30
_NEAREST_VARIANTS = 120

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hit:
    """One article with its fused score and the parts of it."""

    article: Article
    score: float
    lexical: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best articles for a question, best first, and the best decoy.

    `vectors` tells whether vectors took part; `odds` whether the words sound like ours.
    """

    hits: tuple[Hit, ...]
    vectors: bool
    decoy: str = ""
    decoy_score: float = 0.0
    odds: float = 0.0

    def far(self, *, elsewhere: bool) -> bool:
        """Tell whether even the best article is too far off.

        Args:
            elsewhere: whether the question names a disease that is not ours.
        """
        floor = _FLOOR_ELSEWHERE if elsewhere else _FLOOR
        return self.vectors and bool(self.hits) and self.hits[0].score < floor

    @property
    def sure(self) -> bool:
        """Tell whether the words alone leave no doubt."""
        if not self.hits or self.hits[0].lexical < _SURE_LEXICAL or self.odds < _SURE_ODDS:
            return False
        gap = self.hits[0].score - self.decoy_score
        return self.margin >= _SURE_MARGIN and gap >= _SURE_GAP

    @property
    def plain(self) -> bool:
        """Tell whether the question is nearly one of the known ones."""
        if self.sure:
            return True
        near = self.vectors and bool(self.hits) and self.hits[0].score >= _PLAIN_SCORE
        return near and self.margin >= _PLAIN_MARGIN

    @property
    def tied(self) -> bool:
        """Tell whether two articles fit equally well, so that saying both is the honest answer."""
        return (
            self.vectors
            and len(self.hits) > 1
            and self.margin < _TIED_MARGIN
            and self.hits[1].score >= _TIED_SCORE
        )

    @property
    def margin(self) -> float:
        """How far the best is ahead of the second."""
        if not self.hits:
            return 0.0
        return self.hits[0].score - (self.hits[1].score if len(self.hits) > 1 else 0.0)


class Retriever:
    """Ranks a fixed corpus. Without an embedder, or with a broken index, BM25 goes on alone."""

    def __init__(
        self,
        articles: Sequence[Article],
        decoys: Decoys,
        index: Path | Store | None,
        embedder: Embedder | None,
        shares: tuple[float, float] = (_LEXICAL, _VECTOR),
    ) -> None:
        self._shares = shares
        self._articles = tuple(articles)
        self._kinds = tuple(decoys)
        names = [a.id for a in self._articles] + [DECOY + kind for kind in self._kinds]
        self._place = {name: i for i, name in enumerate(names)}
        self._version = version_of(self._articles, decoys, embedder) if embedder else ""
        asked = [article.questions for article in self._articles] + list(decoys.values())
        wholes = [_whole(a) for a in self._articles] + [" ".join(d) for d in decoys.values()]
        variants = [(i, normalise(q)) for i, questions in enumerate(asked) for q in questions]
        self._bodies = Bm25([normalise(whole) for whole in wholes])
        self._owner = np.array([i for i, _ in variants], dtype=np.int64)
        self._variants = Bm25([text for _, text in variants])
        self._about = [article.about for article in self._articles]
        ours = [text for i, text in variants if i < len(self._articles)]
        self._odds = Odds(ours, [text for i, text in variants if i >= len(self._articles)])
        self._embedder = embedder
        self._store = None if index is None else place_of(index)
        self._opening = threading.Lock()
        self._reader: Reader | None = None
        self._broken = "no index has been built"
        self._seen: str | None = None
        self._look_at = 0.0

    @property
    def version(self) -> str:
        """The version of the index that these articles ask for."""
        return self._version

    @property
    def about(self) -> About | None:
        """What the version in use says of itself."""
        reader = self._open()
        return reader.about if reader is not None else None

    @property
    def problem(self) -> str:
        """Why vectors are not in use; empty when they are."""
        if self._embedder is None:
            return "no embedder is configured"
        if self._store is None:
            return "no index folder is configured"
        return "" if self._open() is not None else self._broken

    @property
    def stale(self) -> bool:
        """Tell whether the index was built from other articles than the ones served."""
        about = self.about
        return about is not None and about.version != self._version

    def close(self) -> None:
        """Let go of the index. Whoever is still ranking goes on without vectors."""
        with self._opening:
            if self._reader is not None:
                self._reader.close()
            self._reader, self._seen, self._look_at = None, None, 0.0

    def rank(
        self,
        question: str,
        mentioned: frozenset[str] = frozenset(),
        conditions: frozenset[str] = frozenset(),
        *,
        vectors: bool = True,
        kept: int = _KEPT,
    ) -> Ranking:
        """Rank the articles for one normalised sentence.

        Args:
            question: one normalised sentence.
            mentioned: the diseases the sentence names; articles about another one fall back.
            conditions: the patient's diseases, a slight preference.
            vectors: whether to embed the question; words alone take a fiftieth of the time.
            kept: how many articles are given back.
        """
        count = len(self._articles)
        if not count:
            return Ranking((), vectors=False)
        lexical = self._lexical(question)
        prior = self._prior(mentioned, conditions)
        cosine = self._cosine(question) if vectors else None
        score = lexical + prior
        if cosine is not None:
            scaled = np.clip((cosine - _COSINE_FLOOR) / _COSINE_SPAN, 0, 1.2)
            score = self._shares[0] * lexical + self._shares[1] * scaled + prior
        cosines = np.zeros_like(score) if cosine is None else cosine
        hits = tuple(
            Hit(self._articles[i], float(score[i]), float(lexical[i]), float(cosines[i]))
            for i in np.argsort(-score[:count], kind="stable")[:kept]
        )
        odds = self._odds.of(question)
        if not self._kinds:
            return Ranking(hits, cosine is not None, odds=odds)
        decoy = int(np.argmax(score[count:]))
        nearest = float(score[count + decoy])
        return Ranking(hits, cosine is not None, self._kinds[decoy], nearest, odds)

    def _lexical(self, question: str) -> Floats:
        bodies = self._bodies.scores(question) / max(self._bodies.mass(question), 1e-6)
        scores = self._variants.scores(question) / max(self._variants.mass(question), 1e-6)
        best = np.zeros(len(self._place), dtype=np.float32)
        np.maximum.at(best, self._owner, scores)
        # A decoy is a heap of unlike questions: only its nearest one says anything.
        bodies[len(self._articles) :] = best[len(self._articles) :] * 2.2 / 1.6
        # BM25 saturates above 1 for short texts that say nothing else; both parts count equally.
        return np.asarray(np.clip((bodies / 2.2 + best / 1.6) / 2, 0, 1), dtype=np.float32)

    def _prior(self, mentioned: frozenset[str], conditions: frozenset[str]) -> Floats:
        prior = np.zeros(len(self._place), dtype=np.float32)
        for i, about in enumerate(self._about):
            if about and mentioned and not about & mentioned:
                prior[i] -= _OTHER_CONDITION
            elif about and conditions and not mentioned and not about & conditions:
                prior[i] -= _NOT_THEIRS
        return prior

    def _cosine(self, question: str) -> Floats | None:
        reader = self._open()
        if reader is None or self._embedder is None:
            return None
        try:
            vector = self._embedder.queries([question])[0]
            passages, variants = reader.nearest(vector, _NEAREST_PASSAGES, _NEAREST_VARIANTS)
        except EmbedderError as error:
            self._broken = str(error)
            return None
        except IndexBroken as error:
            self._drop(reader, str(error))
            return None
        # What is not among the nearest is at most as near as the last of them.
        low_passage = min((found[0] for found in passages.values()), default=0.0)
        low_variant = min((found[-1] for found in variants.values()), default=0.0)
        cosine = np.zeros(len(self._place), dtype=np.float32)
        for key, place in self._place.items():
            closest = variants.get(key, [low_variant])[:_TOP]
            top = (sum(closest) + low_variant * (_TOP - len(closest))) / _TOP
            asked = (_BEST_SHARE * closest[0] + _TOP_SHARE * top) / (_BEST_SHARE + _TOP_SHARE)
            passage = asked if key.startswith(DECOY) else passages.get(key, [low_passage])[0]
            cosine[place] = _PASSAGE_SHARE * passage + (1 - _PASSAGE_SHARE) * asked
        return cosine

    def _open(self) -> Reader | None:
        """Return the version these articles ask for; until it is there, the current one."""
        if self._embedder is None or self._store is None:
            return None
        reader = self._reader
        if reader is not None and reader.about.version == self._version:
            return reader
        with self._opening:
            now = monotonic()
            if self._reader is not None and self._reader.about.version == self._version:
                return self._reader
            if now < self._look_at:
                return self._reader
            self._look_at = now + self._store.look_every
            return self._opened(self._store, self._embedder)

    def _drop(self, broken: Reader, why: str) -> None:
        """Let a version go that opened and yet does not answer; look again in a while."""
        with self._opening:
            self._broken = why
            if self._reader is broken:
                self._reader, self._seen = None, None
                self._look_at = monotonic() + _LOOK_AGAIN_SECONDS

    def _opened(self, store: Store, embedder: Embedder) -> Reader | None:
        try:
            name = store.find(self._version) or store.current()
        except IndexBroken as error:
            self._broken = str(error)
            return self._reader
        if name == self._seen:
            return self._reader
        # The one before stays open: a thread may be asking it.
        self._seen, self._reader = name, None
        if name is None:
            self._broken = "no index has been built"
            return None
        try:
            reader = store.open(name)
        except IndexBroken as error:
            self._broken = str(error)
            return None
        if reader.about.embedder != embedder.name:
            self._broken = f"the index was built with {reader.about.embedder}"
            reader.close()
            return None
        self._reader = reader
        return reader


def _whole(article: Article) -> str:
    return " ".join((article.title, article.plain, *article.questions))
