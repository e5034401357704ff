"""Questions about eating: which foods are meant, and the answer with its sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from care.situation import Programme
from knowledge.answer import Answer, Citation
from knowledge.article import Article, Review
from knowledge.composing import cited, compose, shortened
from knowledge.foods import Advice, FoodTable, Mention
from knowledge.gate import Gate
from knowledge.question import asks
from knowledge.topic import Topic

_CONFIDENCE = 0.97
_VALUE = re.compile(r"[^,。;!?]*[0-9]{1,3}(?:[./][0-9]+)?[^,。;!?]*(?:[,。;!?]|$)")
# 血压药饭前吃 names a medicine and no disease that the food should suit.
_MEDICINE = re.compile(r"(?:降?血?[压糖]|降脂)药")
_CLAUSE = re.compile(r"[,;]")
# 西瓜,能吃吗: the clause behind asks about the food before it.
_LEAVE = re.compile(
    r"[^,]{0,4}(?:能|可以|可不|敢|行|好不|要紧|成不|中不|该|适合|吃|喝|一天|每天|一次|多少|有没有|会不会|对)"
)
# What is said of a food that no table knows, by disease.
_IN_GENERAL = {
    str(Programme.TYPE2_DIABETES): "dm.diet",
    str(Programme.HYPERTENSION): "life.diet_htn",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """A normalised message, who it is for, and the day it was written."""

    whole: str
    conditions: frozenset[str]
    ailments: frozenset[str]
    today: date


class Eating:
    """Answers from the food table."""

    def __init__(
        self, foods: FoodTable, gate: Gate, articles: Mapping[str, Article], *, pending: bool
    ) -> None:
        self.foods = foods
        self._gate = gate
        self._articles = articles
        self._pending = pending

    def served(self, today: date) -> bool:
        return self.foods.served(today, pending=self._pending)

    def eaten(
        self,
        asked: Sequence[str],
        whole: str,
        conditions: frozenset[str] = frozenset(),
    ) -> tuple[Mention, ...]:
        """The foods of the sentences that ask about eating them.

        Together with another disease that is not ours a food is not answered, unless it is one of
        the ailments of somebody with ours, and the food has a word for it. What is poisonous or
        spoiled is answered whatever else is said.
        """
        dangers = self.foods.dangers(whole)
        if dangers and self.foods.swallows(whole):
            return dangers
        named = bool(self._gate.mentioned(whole))
        found: dict[str, Mention] = {}
        for sentence in [part for one in asked for part in self._parts(one)]:
            eats = self.foods.asks_to_eat(sentence, disease=named)
            cures = named and self.foods.asks_for_cure(sentence)
            mentions = self._asked_about(sentence) if eats or cures else ()
            if not mentions and (named or conditions) and self.foods.asks_which(sentence):
                compared = self.foods.find(sentence)
                mentions = compared if len(compared) > 1 else ()
            for mention in mentions:
                found.setdefault(mention.food, mention)
        mentions = tuple(found.values())
        if named or not self._gate.elsewhere(whole):
            return mentions
        return mentions if conditions and self._suits(mentions, whole) else ()

    def _asked_about(self, sentence: str) -> tuple[Mention, ...]:
        """喝水特别多,请问是糖尿病吗: a food told in one clause is not what another clause asks."""
        mentions, clauses = self.foods.find(sentence), _CLAUSE.split(sentence)
        if len(clauses) == 1 or not any(asks(clause) for clause in clauses):
            return mentions
        asking = "".join(_asking(clauses))
        meant = {mention.food for mention in self.foods.find(asking)}
        return tuple(mention for mention in mentions if mention.food in meant)

    def _parts(self, sentence: str) -> Sequence[str]:
        """能吃柿子吗,还有感冒了吃什么药: the clauses on their own where one of them is about no food."""
        clauses = _CLAUSE.split(sentence)
        if len(clauses) == 1 or not self.foods.is_other(sentence):
            return [sentence]
        return _asking(clauses)

    def about(self, whole: str, conditions: frozenset[str]) -> frozenset[str]:
        """The diseases a question about eating is for: named, or the person's own.

        A value that is told beside it (血压138/86,花生能吃不) names no disease to somebody we know.
        """
        named = self._gate.mentioned(_MEDICINE.sub("", _VALUE.sub("", whole)))
        return named or conditions or self._gate.mentioned(whole)

    def serve(
        self,
        mentions: Sequence[Mention],
        text: str,
        about: frozenset[str],
        ailments: frozenset[str],
        part: Callable[[str], str] | None = None,
    ) -> Answer:
        """The answer about these foods; for `part` see `FoodTable.advise`."""
        everything = ailments | self.foods.ailments(text)
        advice = self.foods.advise(mentions, text, about, everything, part)
        citations = self._citations(advice)
        cites = list(dict.fromkeys(source.cite for _, source, _ in advice.citations))
        pending = self.foods.review is Review.PENDING
        left = self.foods.said("too_many", food="、".join(advice.left)) if advice.left else ""
        words = f"{advice.text}{left}{cited(cites, pending=pending)}"
        foods = tuple(mention.name for mention in mentions)
        return Answer(
            "answer",
            text=words,
            short=shortened(advice.text, cites, pending=pending),
            long=words,
            citations=citations,
            confidence=_CONFIDENCE,
            pending=pending,
            topic=Topic(foods, tuple(c.article for c in citations), about, everything),
        )

    def in_general(self, asking: Asking) -> Answer | None:
        """What may be eaten at all, asked without food and disease: it is meant for the patient's own."""
        general = self.foods.asks_in_general(asking.whole)
        if not general or not asking.conditions or self._gate.mentioned(asking.whole):
            return None
        rules = self._rules(asking.conditions, asking.today)
        if not rules:
            return None
        answer = compose(rules, confidence=_CONFIDENCE)
        articles = tuple(article.id for article in rules)
        return replace(answer, topic=Topic((), articles, asking.conditions, asking.ailments))

    def _rules(self, about: frozenset[str], today: date) -> list[Article]:
        """The articles on eating in general, for the diseases (both when none is known)."""
        known = [self._articles.get(i) for c, i in _IN_GENERAL.items() if c in about or not about]
        return [one for one in known if one and one.served(today, pending=self._pending)]

    def unknown(self, asked: Sequence[str], asking: Asking) -> Answer | None:
        """What to say of a food that no table and no article knows: how to judge it by oneself."""
        if self._gate.elsewhere(asking.whole) or not self.served(asking.today):
            return None
        name = next((food for one in asked if (food := self.foods.unknown(one))), "")
        about = self._gate.mentioned(asking.whole) or asking.conditions
        rules = self._rules(about, asking.today)
        told = any(name in f"{a.plain}{a.body}{a.questions}" for a in self._articles.values())
        if not name or told or not rules:
            return None
        cites = list(dict.fromkeys(article.sources[0].cite for article in rules))
        pending = any(article.pending for article in rules)
        words = self.foods.said("unknown", food=name) + "".join(a.plain for a in rules)
        return Answer(
            "unknown",
            text=f"{words}{cited(cites, pending=pending)}",
            short=shortened(words, cites, pending=pending),
            citations=tuple(Citation(a.id, a.sources[0].title, a.plain) for a in rules),
            pending=pending,
            topic=Topic((), tuple(a.id for a in rules), about, asking.ailments),
        )

    def _suits(self, mentions: Sequence[Mention], whole: str) -> bool:
        ailments = self.foods.ailments(whole)
        return any(ailments & set(mention.group.extra) for mention in mentions)

    def _citations(self, advice: Advice) -> tuple[Citation, ...]:
        listed = [Citation(a, s.title, p) for a, s, p in advice.citations if a in self._articles]
        myth = self._articles.get(advice.cure_article)
        if myth is not None:
            listed.insert(0, Citation(myth.id, myth.sources[0].title, myth.plain))
        unique: dict[tuple[str, str], Citation] = {}
        for citation in listed:
            unique.setdefault((citation.article, citation.source), citation)
        return tuple(unique.values())


def _asking(clauses: Sequence[str]) -> list[str]:
    """The clauses that ask, and those whose next clause asks leave."""
    pairs = zip(clauses, [*clauses[1:], ""], strict=True)
    return [clause for clause, following in pairs if asks(clause) or _LEAVE.match(following)]
