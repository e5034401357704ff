"""The library: one question in, one sourced answer out, or an honest refusal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from knowledge.answer import UNKNOWN, Answer
from knowledge.article import Article, read_articles
from knowledge.composing import compose
from knowledge.decoys import read_decoys
from knowledge.drugs import DrugTable
from knowledge.eating import Asking, Eating
from knowledge.embedder import Embedder
from knowledge.following import Tools, follow
from knowledge.foods import FoodTable
from knowledge.gate import CHITCHAT, OFF_TOPIC, Gate
from knowledge.leaning import SIDES, Lean, Leaning, leaning, says_nothing
from knowledge.question import apart, asks, clauses, generics, normalise, pieces, sentences
from knowledge.retrieval import Ranking, Retriever
from knowledge.several import together
from knowledge.store import Store
from knowledge.topic import Topic
from language.dialects import standard
from language.medicines import find

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_ROUTE_CONFIDENCE = 0.95
_MOST_SENTENCES = 2
_MOST_ARTICLES = 2
# Below this chance by words alone a question is declined without embedding it.
_HOPELESS = 0.03
# How far ahead an article must be of the next, behind words that may lean on something else.
_PLAIN_MARGIN = 0.1
_CHAT = {CHITCHAT, OFF_TOPIC}
_ASK_BACK = Answer("unknown", ask_back=True)


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
        self._drugs = DrugTable()
        self._gate = gate or Gate()
        self._pending = serve_pending
        self._eating = Eating(self._foods, self._gate, self._by_id, pending=serve_pending)
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
            ailments: what else the person has that changes what may be eaten (`foods.AILMENTS`).
            topic: what the last answer was about; None when there was none, or it is long ago.
        """
        whole = normalise(standard(question))
        if not whole.strip():
            return UNKNOWN
        refusal = self._gate.refusal(whole)
        if refusal is not None and not (topic and _counts_food(whole, topic)):
            return Answer("refusal", refusal, confidence=1.0)
        asking = Asking(whole, conditions, ailments, now.astimezone(_SHANGHAI).date())
        plain = self._routed(asking) or self._drug(asking)
        if plain is not None:
            return plain
        if topic is not None and topic.alarm:
            if self._foods.asks_in_general(whole):
                # What to eat, asked right after an alarm, is for a human being to say.
                return UNKNOWN
            topic = None
        lean = self._said_alone(whole, topic) or leaning(whole)
        if lean is None:
            return self._alone(_meant(asking, topic))
        other = self._medicine(lean, asking)
        return other or self._leaning(lean, asking, topic)

    def _said_alone(self, whole: str, topic: Topic | None) -> Leaning | None:
        """Read a bare food (猪脚) behind another, and what to eat when an urgent topic stands."""
        if topic is None:
            return None
        if self._foods.asks_in_general(whole) and any(map(_is_urgent, topic.articles)):
            return Leaning(Lean.AGAIN, whole)
        foods = self._foods.find(whole)
        alone = bool(foods) and len(whole) - len(foods[0].name) <= 1
        return Leaning(Lean.REST, whole, whole, elliptical=True) if alone else None

    def _leaning(self, lean: Leaning, asking: Asking, topic: Topic | None) -> Answer:
        """Answer what looks as if it leaned on the last answer; ask back when nobody can know."""
        if self._stands(lean, asking.whole):
            return self._alone(_meant(asking, topic))
        followed = self._follow(lean, asking, topic) if topic is not None else None
        if followed is not None:
            return followed
        if lean.kind is not Lean.REST and not self._gate.in_scope(lean.rest):
            return _ASK_BACK
        answer = self._alone(_meant(asking, topic))
        lost = _lost(lean, answer) and not self._gate.mentioned(asking.whole)
        return _ASK_BACK if lost else answer

    def _alone(self, asking: Asking) -> Answer:
        """Answer a message that stands on its own."""
        whole = asking.whole
        asked = sentences(whole)[:_MOST_SENTENCES]
        food = self._food(asked, asking)
        if food is not None:
            return food
        other = self._eating.in_general(asking) or self._eating.unknown(asked, asking)
        if other is not None:
            return other
        found, ranking = self._find(asked, whole, asking.conditions, asking.today)
        if found:
            answer = _composed(found)
            left = len([one for one in sentences(whole) if asks(one)]) - _MOST_SENTENCES
            return replace(self._with_topic(answer, asking), left=max(0, left))
        declined = self._gate.declined(whole, ranking)
        return Answer("refusal", declined) if declined else UNKNOWN

    def _stands(self, lean: Leaning, whole: str) -> bool:
        """Tell whether a message that looks as if it leaned names all it needs."""
        if lean.elliptical or lean.kind not in {*SIDES, Lean.REST}:
            return False
        if self._gate.mentioned(whole):
            return True
        known = self._foods.find(whole) or self._gate.in_scope(lean.rest)
        return lean.kind in SIDES and bool(known)

    def _follow(self, lean: Leaning, asking: Asking, topic: Topic) -> Answer | None:
        """Answer what leans on the topic, unless what is really meant is refused."""
        served = {a.id: a for a in self._articles if self._serves(a, asking.today)}
        named = topic.articles if not topic.foods else ()
        for title in (served[name].title for name in named if name in served):
            meant = self._gate.refusal(f"{title},{asking.whole}")
            if meant is not None and self._gate.refusal(title) is None:
                return Answer("refusal", meant, confidence=1.0)

        def found(words: str, about: frozenset[str]) -> Answer | None:
            best, ranking = self._best(words, words, about)
            # So few words are near to much: an article must be plainly meant.
            sure = ranking is None or ranking.plain
            return _composed([best]) if best and sure and best.article.id in served else None

        def unknown(bare: str, about: frozenset[str]) -> Answer | None:
            words = f"能吃{bare}吗"
            return self._eating.unknown([words], replace(asking, whole=words, conditions=about))

        tools = Tools(self._foods, self._gate, served, self._eating.serve, found, unknown)
        if topic.foods and not self._eating.served(asking.today):
            return None
        ailments = topic.ailments | asking.ailments
        return follow(lean, asking.whole, replace(topic, ailments=ailments), tools)

    def warm(self) -> None:
        """Open the index and the model now, so that the first patient does not wait for them."""
        self._retriever.rank("血压")

    def examine(self, question: str) -> dict[str, float] | None:
        """Return what the classifier sees of a question; None when rules or foods decide it."""
        whole = normalise(standard(question))
        asked = sentences(whole)[:_MOST_SENTENCES]
        if not asked or self._gate.refusal(whole) or self._gate.first(whole):
            return None
        if self._gate.route(asked[0]):
            return None
        if self._drugs.answer(asked, whole, self._by_id) or self._eating.eaten(asked, whole):
            return None
        mentioned = self._gate.mentioned(asked[0]) or self._gate.mentioned(whole)
        ranking = self._retriever.rank(asked[0], mentioned)
        return self._gate.features(whole, ranking)

    @property
    def index(self) -> Retriever:
        """What ranks the articles: it knows which index they ask for, and which one it has."""
        return self._retriever

    def article(self, article_id: str) -> Article | None:
        return self._by_id.get(article_id)

    def status(self, today: date) -> Status:
        """Count what is served, for the operator."""
        served = [a for a in self._articles if a.served(today, pending=self._pending)]
        return Status(
            articles=len(self._articles),
            served=len(served),
            pending=sum(a.pending for a in self._articles),
            expired=sum(today > a.expires for a in self._articles),
            foods=len(self._foods.names),
            index_problem=self._retriever.problem,
            index_stale=self._retriever.stale,
        )

    def _medicine(self, lean: Leaning, asking: Asking) -> Answer | None:
        """Answer 那缬沙坦呢: a medicine and nothing else is asked what it is."""
        named = find(lean.bare) if lean.kind is Lean.REST else ()
        if len(named) != 1 or not says_nothing(lean.bare.replace(named[0].said, "")):
            return None
        return self._drug(replace(asking, whole=f"{named[0].said}是什么药"))

    def _routed(self, asking: Asking) -> Answer | None:
        """Answer what some words decide before any medicine or food that is named too."""
        article = self._by_id.get(self._gate.first(asking.whole) or "")
        if article is None or not self._serves(article, asking.today):
            return None
        return self._with_topic(_composed([_Found(article, _ROUTE_CONFIDENCE, 1.0)]), asking)

    def _with_topic(self, answer: Answer, asking: Asking) -> Answer:
        about = self._gate.mentioned(asking.whole) or asking.conditions
        articles = tuple(citation.article for citation in answer.citations)
        return replace(answer, topic=Topic((), articles, about, asking.ailments))

    def _drug(self, asking: Asking) -> Answer | None:
        if not self._drugs.served(asking.today, pending=self._pending):
            return None
        asked = sentences(asking.whole)[:_MOST_SENTENCES]
        answer = self._drugs.answer(asked, asking.whole, self._by_id)
        if answer is None or answer.kind != "answer":
            return answer
        return self._with_topic(answer, asking)

    def _food(self, asked: tuple[str, ...], asking: Asking) -> Answer | None:
        """Answer what may be eaten, and what else was asked in the same message."""
        if not self._eating.served(asking.today):
            return None
        whole = asking.whole
        mentions = self._eating.eaten(asked, whole, asking.conditions)
        if not mentions:
            return None
        about = self._eating.about(whole, asking.conditions)
        answer = self._eating.serve(mentions, whole, about, asking.ailments)
        others = [one for one in pieces(whole) if not self._eating.foods.find(one)]
        found: list[Answer] = []
        alone = apart(whole)
        for piece in others:
            best, ranking = self._best(piece, whole, asking.conditions)
            sure = piece in alone or ranking is None or ranking.plain
            if best is not None and sure and self._serves(best.article, asking.today):
                found.append(_composed([best]))
        new = [one for one in found if not _articles(one) & _articles(answer)]
        left = len(others) - len(new[:1]) if len(others) > 1 else 0
        return together(answer, new[0], left=left) if new else replace(answer, left=left)

    def _serves(self, article: Article, today: date) -> bool:
        return article.served(today, pending=self._pending)

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
        pending = self._pending
        served = [f for f in found.values() if f.article.served(today, pending=pending)]
        return served[:_MOST_ARTICLES], ranking

    def _best(
        self, sentence: str, whole: str, conditions: frozenset[str]
    ) -> tuple[_Found | None, Ranking | None]:
        routed = self._by_id.get(self._gate.route(sentence) or "")
        if routed is not None:
            return _Found(routed, _ROUTE_CONFIDENCE, 1.0), None
        mentioned = self._gate.mentioned(sentence) or self._gate.mentioned(whole)
        words = generics(sentence)
        ranking = self._retriever.rank(words, mentioned, conditions, vectors=False)
        confidence = self._confidence(whole, ranking)
        if not ranking.sure and confidence >= _HOPELESS:
            ranking = self._retriever.rank(words, mentioned, conditions)
            confidence = self._confidence(whole, ranking)
        far = ranking.far(elsewhere=self._gate.elsewhere(whole))
        if not ranking.hits or far or not self._gate.accepts(confidence):
            return None, ranking
        best = ranking.hits[0]
        return _Found(best.article, confidence, best.score, ranking.margin), ranking

    def _confidence(self, whole: str, ranking: Ranking) -> float:
        features = self._gate.features(whole, ranking)
        return self._gate.confidence(features, vectors=ranking.vectors)


def _meant(asking: Asking, topic: Topic | None) -> Asking:
    """Of somebody whose diseases are not known it is meant for those that were talked about."""
    if asking.conditions or topic is None:
        return asking
    return replace(asking, conditions=topic.about)


def _is_urgent(article: str) -> bool:
    return article.startswith(("emg.", "dm.hypo"))


def _counts_food(whole: str, topic: Topic) -> bool:
    """Tell whether 一天几颗 is asked of the food that was just talked about, and of no medicine."""
    lean = leaning(whole)
    if not topic.foods or lean is None or lean.kind is not Lean.AMOUNT:
        return False
    return len(lean.rest) <= 1 and bool(re.search("几[个颗粒]", whole))


def _lost(lean: Leaning, answer: Answer) -> bool:
    """Tell whether a message that leans on nothing we know was answered by chance, or not at all."""
    if answer.kind == "unknown" or answer.refusal in _CHAT:
        return lean.elliptical and not answer.text
    if not lean.bare:
        return True
    near = answer.margin is not None and answer.margin < _PLAIN_MARGIN
    return lean.elliptical and answer.kind == "answer" and near


def _articles(answer: Answer) -> set[str]:
    return {citation.article for citation in answer.citations}


def _composed(found: list[_Found]) -> Answer:
    confidence = min(item.confidence for item in found)
    answer = compose([item.article for item in found], confidence=confidence)
    # Two articles said both: nothing was left to chance between them.
    return replace(answer, margin=found[0].margin) if len(found) == 1 else answer
