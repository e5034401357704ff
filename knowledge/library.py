"""The library: one question in, one sourced answer out, or an honest refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from knowledge.answer import UNKNOWN, Answer, Citation
from knowledge.article import Article, Review, read_articles
from knowledge.embedder import Embedder
from knowledge.foods import Advice, FoodTable
from knowledge.gate import Gate
from knowledge.question import asks, normalise, sentences
from knowledge.retrieval import Retriever

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_PENDING = "待医生审核"
_SHORT_LIMIT = 134
_FOOD_CONFIDENCE = 0.97
_ROUTE_CONFIDENCE = 0.95
_CURE_ARTICLE = "myth.folk_remedy"
_MOST_SENTENCES = 2


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


class Library:
    """Answers questions from the articles and the food table."""

    def __init__(
        self,
        index_dir: Path | None,
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
        self._retriever = Retriever(self._articles, index_dir, embedder)

    def answer(self, question: str, *, conditions: frozenset[str], now: datetime) -> Answer:
        """Answer one message as it was written.

        Args:
            question: the patient's words; data, never instructions.
            conditions: the patient's diseases (`Programme` values).
            now: decides which articles have expired.
        """
        today = now.astimezone(_SHANGHAI).date()
        whole = normalise(question)
        if not whole.strip():
            return UNKNOWN
        refusal = self._gate.refusal(whole)
        if refusal is not None:
            return Answer("refusal", refusal, confidence=1.0)
        asked = sentences(whole)[:_MOST_SENTENCES]
        food = self._food(asked, whole, conditions, today)
        if food is not None:
            return food
        found = self._find(asked, whole, conditions, today)
        if found:
            return self._compose(found)
        declined = self._gate.declined(whole)
        return Answer("refusal", declined) if declined else UNKNOWN

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
        for sentence in asked:
            if not self._foods.asks_to_eat(sentence) and not self._foods.asks_for_cure(sentence):
                continue
            mentions = self._foods.find(sentence)
            if mentions:
                about = self._gate.mentioned(whole) or conditions
                advice = self._foods.advise(mentions, whole, about)
                return self._of_food(advice, cure=self._foods.asks_for_cure(sentence))
        return None

    def _of_food(self, advice: Advice, *, cure: bool) -> Answer:
        citations = [Citation(a, s.title, p) for a, s, p in advice.citations if a in self._by_id]
        if cure and _CURE_ARTICLE in self._by_id:
            myth = self._by_id[_CURE_ARTICLE]
            citations.insert(0, Citation(myth.id, myth.sources[0].title, myth.plain))
        cites = list(dict.fromkeys(source.cite for _, source, _ in advice.citations))
        pending = self._foods.review is Review.PENDING
        text = advice.text + _cited(cites, pending=pending)
        return Answer(
            "answer",
            text=text,
            short=_short(advice.text, cites, pending=pending),
            long=text,
            citations=tuple(dict.fromkeys(citations)),
            confidence=_FOOD_CONFIDENCE,
            pending=pending,
        )

    def _find(
        self, asked: tuple[str, ...], whole: str, conditions: frozenset[str], today: date
    ) -> list[_Found]:
        found: dict[str, _Found] = {}
        for sentence in asked:
            if len(asked) > 1 and not asks(sentence):
                continue
            mentioned = self._gate.mentioned(sentence) or self._gate.mentioned(whole)
            routed = self._by_id.get(self._gate.route(sentence) or "")
            if routed is not None:
                found.setdefault(routed.id, _Found(routed, _ROUTE_CONFIDENCE))
                continue
            ranking = self._retriever.rank(sentence, mentioned, conditions)
            confidence = self._gate.confidence(self._gate.features(sentence, whole, ranking))
            if ranking.hits and self._gate.accepts(confidence):
                best = ranking.hits[0].article
                found.setdefault(best.id, _Found(best, confidence))
        pending = self._serve_pending
        return [item for item in found.values() if item.article.served(today, pending=pending)]

    def _compose(self, found: list[_Found]) -> Answer:
        articles = [item.article for item in found]
        pending = any(article.pending for article in articles)
        cites = list(dict.fromkeys(article.sources[0].cite for article in articles))
        plain = "".join(article.plain for article in articles)
        see = "".join(dict.fromkeys(article.see_doctor for article in articles))
        bodies = "\n".join(f"{article.plain}\n{article.body}" for article in articles)
        return Answer(
            "answer",
            text=f"{plain}{see}{_cited(cites, pending=pending)}",
            short=_short(articles[0].plain, cites[:1], pending=pending),
            long=f"{bodies}\n{see}{_cited(cites, pending=pending)}",
            citations=tuple(Citation(a.id, a.sources[0].title, a.plain) for a in articles),
            confidence=min(item.confidence for item in found),
            pending=pending,
        )


def _cited(cites: Sequence[str], *, pending: bool) -> str:
    label = f",{_PENDING}" if pending else ""
    return f"(来源:{'、'.join(cites)}{label})"


def _short(plain: str, cites: Sequence[str], *, pending: bool) -> str:
    """Fit plain and source into two SMS: whole sentences go first, the label never."""
    tail = _cited(cites[:1], pending=pending)
    kept = plain
    while len(kept) + len(tail) > _SHORT_LIMIT and "。" in kept[:-1]:
        kept = kept[: kept[:-1].rindex("。") + 1]
    return kept[: _SHORT_LIMIT - len(tail)] + tail
