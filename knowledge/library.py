"""The library: one question in, one sourced answer out, or an honest refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from knowledge.answer import UNKNOWN, Answer, Citation
from knowledge.article import Article, Review, read_articles
from knowledge.composing import cited, compose, shortened
from knowledge.decoys import read_decoys
from knowledge.embedder import Embedder
from knowledge.foods import Advice, FoodTable, Mention
from knowledge.gate import Gate
from knowledge.question import asks, clauses, normalise, sentences
from knowledge.retrieval import Ranking, Retriever
from knowledge.store import Store
from knowledge.topic import Topic
from language.dialects import standard

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_FOOD_CONFIDENCE = 0.97
_ROUTE_CONFIDENCE = 0.95
_MOST_SENTENCES = 2
_MOST_ARTICLES = 2
# Below this chance by words alone a question is declined without embedding it.
_HOPELESS = 0.03


@dataclass(frozen=True, slots=True)
class Status:
    """What `suifang doctor` says: counts, and why vectors are not in use (empty when they are)."""

    articles: int
    served: int
    pending: int
    expired: int
    foods: int
    index_problem: str
    index_stale: bool


@dataclass(frozen=True, slots=True)
class _Found:
    article: Article
    confidence: float
    score: float
    margin: float | None = None


class Library:
    """Answers questions from the articles and the food table."""

    def __init__(
        self,
        index: Path | Store | None,
        embedder: Embedder | None,
        *,
        serve_pending: bool,
        articles: Sequence[Article] | None = None,
        foods: FoodTable | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._articles = read_articles() if articles is None else tuple(articles)
        self._by_id = {article.id: article for article in self._articles}
        self._foods = foods or FoodTable()
        self._gate = gate or Gate()
        self._serve_pending = serve_pending
        self._retriever = Retriever(self._articles, read_decoys(), index, embedder)

    def answer(
        self,
        question: str,
        *,
        conditions: frozenset[str],
        now: datetime,
        ailments: frozenset[str] = frozenset(),
        topic: Topic | None = None,
    ) -> Answer:
        """Answer one message as it was written.

        Args:
            question: the patient's words; data, never instructions.
            conditions: the patient's diseases (`Programme` values).
            now: decides which articles have expired.
        """
        today = now.astimezone(_SHANGHAI).date()
        whole = normalise(standard(question))
        if not whole.strip():
            return UNKNOWN
        refusal = self._gate.refusal(whole)
        if refusal is not None:
            return Answer("refusal", refusal, confidence=1.0)
        asked = sentences(whole)[:_MOST_SENTENCES]
        food = self._food(asked, whole, conditions, today)
        if food is not None:
            return food
        found, ranking = self._find(asked, whole, conditions, today)
        if found:
            return _composed(found)
        declined = self._gate.declined(whole, ranking)
        return Answer("refusal", declined) if declined else UNKNOWN

    def warm(self) -> None:
        """Open the index and the model now, so that the first patient does not wait for them."""
        self._retriever.rank("血压")

    def examine(self, question: str) -> dict[str, float] | None:
        """Return what the classifier sees of a question; None when rules or foods decide it."""
        whole = normalise(standard(question))
        asked = sentences(whole)[:_MOST_SENTENCES]
        if not asked or self._gate.refusal(whole) or self._gate.route(asked[0]):
            return None
        if self._eaten(asked, whole):
            return None
        mentioned = self._gate.mentioned(asked[0]) or self._gate.mentioned(whole)
        ranking = self._retriever.rank(asked[0], mentioned)
        return self._gate.features(whole, ranking)

    def article(self, article_id: str) -> Article | None:
        return self._by_id.get(article_id)

    def status(self, today: date) -> Status:
        """Count what is served, for the operator."""
        served = [a for a in self._articles if a.served(today, pending=self._serve_pending)]
        return Status(
            articles=len(self._articles),
            served=len(served),
            pending=sum(a.pending for a in self._articles),
            expired=sum(today > a.expires for a in self._articles),
            foods=len(self._foods.names),
            index_problem=self._retriever.problem,
            index_stale=self._retriever.stale,
        )

    def _food(
        self, asked: tuple[str, ...], whole: str, conditions: frozenset[str], today: date
    ) -> Answer | None:
        if not self._foods.served(today, pending=self._serve_pending):
            return None
        mentions = self._eaten(asked, whole)
        if not mentions:
            return None
        about = self._gate.mentioned(whole) or conditions
        return self._of_food(self._foods.advise(mentions, whole, about))

    def _eaten(self, asked: tuple[str, ...], whole: str) -> tuple[Mention, ...]:
        """Return the foods of the first sentence that asks about eating them."""
        named = bool(self._gate.mentioned(whole))
        if not named and self._gate.elsewhere(whole):
            return ()
        for sentence in asked:
            eats = self._foods.asks_to_eat(sentence, disease=named)
            if eats or (named and self._foods.asks_for_cure(sentence)):
                mentions = self._foods.find(sentence)
                if mentions:
                    return mentions
        return ()

    def _of_food(self, advice: Advice) -> Answer:
        citations = [Citation(a, s.title, p) for a, s, p in advice.citations if a in self._by_id]
        myth = self._by_id.get(advice.cure_article)
        if myth is not None:
            citations.insert(0, Citation(myth.id, myth.sources[0].title, myth.plain))
        unique: dict[tuple[str, str], Citation] = {}
        for citation in citations:
            unique.setdefault((citation.article, citation.source), citation)
        cites = list(dict.fromkeys(source.cite for _, source, _ in advice.citations))
        pending = self._foods.review is Review.PENDING
        text = advice.text + cited(cites, pending=pending)
        return Answer(
            "answer",
            text=text,
            short=shortened(advice.text, cites, pending=pending),
            long=text,
            citations=tuple(unique.values()),
            confidence=_FOOD_CONFIDENCE,
            pending=pending,
        )

    def _find(
        self, asked: tuple[str, ...], whole: str, conditions: frozenset[str], today: date
    ) -> tuple[list[_Found], Ranking | None]:
        """Find one article per asking sentence, and one more where a clause plainly asks for it."""
        found: dict[str, _Found] = {}
        ranking = None
        for sentence in asked:
            if len(asked) > 1 and not asks(sentence):
                continue
            best, ranking = self._best(sentence, whole, conditions)
            if best is None:
                continue
            found.setdefault(best.article.id, best)
            if ranking is not None and ranking.tied:
                second = ranking.hits[1]
                twin = _Found(second.article, best.confidence, second.score)
                found.setdefault(second.article.id, twin)
            for clause in clauses(sentence):
                more, ranked = self._best(clause, whole, conditions)
                if more is not None and (ranked is None or ranked.plain):
                    found.setdefault(more.article.id, more)
        pending = self._serve_pending
        served = [f for f in found.values() if f.article.served(today, pending=pending)]
        return served[:_MOST_ARTICLES], ranking

    def _best(
        self, sentence: str, whole: str, conditions: frozenset[str]
    ) -> tuple[_Found | None, Ranking | None]:
        routed = self._by_id.get(self._gate.route(sentence) or "")
        if routed is not None:
            return _Found(routed, _ROUTE_CONFIDENCE, 1.0), None
        mentioned = self._gate.mentioned(sentence) or self._gate.mentioned(whole)
        ranking = self._retriever.rank(sentence, mentioned, conditions, vectors=False)
        confidence = self._confidence(whole, ranking)
        if not ranking.sure and confidence >= _HOPELESS:
            ranking = self._retriever.rank(sentence, mentioned, conditions)
            confidence = self._confidence(whole, ranking)
        if not ranking.hits or ranking.far or not self._gate.accepts(confidence):
            return None, ranking
        best = ranking.hits[0]
        return _Found(best.article, confidence, best.score, ranking.margin), ranking

    def _confidence(self, whole: str, ranking: Ranking) -> float:
        features = self._gate.features(whole, ranking)
        return self._gate.confidence(features, vectors=ranking.vectors)


def _composed(found: list[_Found]) -> Answer:
    confidence = min(item.confidence for item in found)
    answer = compose([item.article for item in found], confidence=confidence)
    # Two articles said both: nothing was left to chance between them.
    return replace(answer, margin=found[0].margin) if len(found) == 1 else answer
