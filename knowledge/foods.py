"""May I eat that? A table of foods by group, and the answer composed from it for each disease."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from care.situation import Programme
from knowledge.article import Confidence, Review
from knowledge.source import Source, read_sources

FOODS = Path(__file__).parent / "foods.toml"
_MOST_GROUPS = 3
_MOST_LINES = 4
# Names that begin like this are no names to say back: 吃面, 什么菜.
_UNSAID = "吃喝饮酌什哪"
_CURE_ARTICLE = "myth.folk_remedy"
# What is poisonous or spoiled: nothing else that is named beside it is spoken of.
_DANGER = "danger"


class FoodError(Exception):
    """The food table is wrong. The message names the group and the field."""


@dataclass(frozen=True, slots=True)
class Group:
    """Foods that call for the same advice.

    `advice` is by disease, `extra` by other condition, `notes` by food and disease, `also` a second
    article that says the same. A group of
    general words ("水果") yields to the groups in `general_of` when a question names both.
    `faster_than` are groups of the same grade that raise glucose more slowly.
    """

    key: str
    title: str
    verb: str
    advice: Mapping[str, str]
    extra: Mapping[str, str]
    notes: Mapping[str, Mapping[str, str]]
    articles: Mapping[str, str]
    also: Mapping[str, str]
    sources: Mapping[str, Source]
    confidence: Confidence
    gi: str
    salt: str
    potassium: str
    purine: str
    general_of: frozenset[str]
    faster_than: frozenset[str]
    cure_article: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A food found in a question, as the person wrote it."""

    name: str
    food: str
    group: Group
    start: int


@dataclass(frozen=True, slots=True)
class Advice:
    """A composed answer: the words, and for each disease the article and document behind it.

    `left`: foods that were named too, and are not spoken of.
    """

    text: str
    citations: tuple[tuple[str, Source, str], ...]
    confidence: Confidence
    cure_article: str = ""
    left: tuple[str, ...] = ()


class FoodTable:
    """The foods, and what may be said of them."""

    def __init__(self, path: Path = FOODS) -> None:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        registry = read_sources()
        self.review = Review(raw["meta"]["review"])
        self.expires: date = raw["meta"]["expires"]
        self._say: Mapping[str, str] = {k: v for k, v in raw["say"].items() if k != "ailment"}
        self._ailments: Mapping[str, str] = raw["say"]["ailment"]
        self._ask = {name: re.compile("|".join(words)) for name, words in raw["ask"].items()}
        self.groups = {key: _group(key, entry, registry) for key, entry in raw["groups"].items()}
        self.names: dict[str, tuple[str, Group]] = {}
        for key, entry in raw["groups"].items():
            for line in entry["foods"]:
                self._add(line.split("|"), self.groups[key])
        longest_first = sorted(self.names, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(self._alone, longest_first)))
        self._dangers = {
            food: (re.compile("|".join(entry["words"])), str(entry["says"]))
            for food, entry in raw["dangers"].items()
        }

    def served(self, today: date, *, pending: bool) -> bool:
        """Tell whether the table may be used: not expired, signed unless allowed."""
        return today <= self.expires and (pending or self.review is not Review.PENDING)

    def find(self, question: str) -> tuple[Mention, ...]:
        """Return the foods a normalised question names, each once, in order.

        An alias that begins with a verb ("吃面") is given its food's own name back. Where something
        poisonous or spoiled is named, it is all that counts.
        """
        dangers = self.dangers(question)
        if dangers:
            return dangers
        hidden = self._ask["not_food"].sub(lambda m: "\0" * len(m.group()), question)
        found: dict[str, Mention] = {}
        for match in self._pattern.finditer(hidden):
            food, group = self.names[match.group()]
            said = food if match.group()[0] in _UNSAID else match.group()
            found.setdefault(food, Mention(said, food, group, match.start()))
        mentions = tuple(found.values())
        named = {mention.group.key for mention in mentions}
        return tuple(m for m in mentions if not named & m.group.general_of)

    def dangers(self, question: str) -> tuple[Mention, ...]:
        """Return what a normalised question names that nobody should eat."""
        hits = {food: word.search(question) for food, (word, _) in self._dangers.items()}
        found = [(hit.start(), food) for food, hit in hits.items() if hit]
        return tuple(Mention(food, *self.names[food], start) for start, food in sorted(found))

    def swallows(self, question: str) -> bool:
        """Tell whether somebody eats it, has eaten it, or asks whether it is poison."""
        return bool(self._ask["swallow"].search(question))

    def is_other(self, question: str) -> bool:
        """Tell whether something in the question makes it no question about eating."""
        return bool(self._ask["other"].search(question))

    def asks_to_eat(self, question: str, *, disease: bool) -> bool:
        """Tell whether the question is whether, how or how much to eat or drink.

        Args:
            question: one normalised sentence.
            disease: whether the message names a disease we look after.
        """
        if self.is_other(question):
            return False
        return bool(self._ask["eat" if disease else "permit"].search(question))

    def asks_for_cure(self, question: str) -> bool:
        """Tell whether the question is whether a food treats the disease."""
        return bool(self._ask["cure"].search(question))

    def asks_which(self, question: str) -> bool:
        """Tell whether the question is which of several foods is better."""
        return bool(self._ask["compare"].search(question))

    def asks_in_general(self, question: str) -> bool:
        """Tell whether the question is what may be eaten at all, and names neither food nor disease."""
        return bool(self._ask["general"].search(question))

    def ailments(self, text: str) -> frozenset[str]:
        """What else a text names that changes what may be eaten."""
        return frozenset(name for name in AILMENTS if self._ask[name].search(text))

    def mention(self, food: str) -> Mention | None:
        """A food of the table by any of its names."""
        known = self.names.get(food)
        return Mention(food, *known, 0) if known else None

    def unknown(self, question: str) -> str:
        """The food somebody asks leave for that no table knows; empty when none is named."""
        for found in self._ask["asked_food"].finditer(question):
            name = found["after"] or found["before"] or ""
            if name and not self._ask["no_food"].search(name) and not self.find(name):
                return name
        return ""

    def said(self, name: str, **values: str) -> str:
        """A sentence of the table's own."""
        return self._say[name].format(**values)

    def advise(
        self,
        mentions: Sequence[Mention],
        question: str,
        conditions: frozenset[str],
        ailments: frozenset[str] = frozenset(),
        part: Callable[[str], str] | None = None,
    ) -> Advice:
        """Compose the answer for these foods and diseases (both diseases when none is known).

        Args:
            mentions: the foods.
            question: the normalised words: whether a food treats the disease, which one is better.
            conditions: the diseases the answer is for.
            ailments: what else the person has, beside what the question names.
            part: what is kept of a piece of advice; empty when nothing of it fits.
        """
        asked = tuple(c for c in _ORDER if c in conditions) or _ORDER
        poison = tuple(m for m in mentions if m.group.key == _DANGER)
        if poison:
            return self._warning(poison, asked)
        by_group: dict[str, list[Mention]] = {}
        for mention in mentions:
            by_group.setdefault(mention.group.key, []).append(mention)
        cure = self.asks_for_cure(question)
        parts = [self.said("cure", food=_listed(mentions))] if cure else []
        if len(mentions) > 1 and not cure and self.asks_which(question):
            parts.append(self._compared(mentions, asked))
        citations: list[tuple[str, Source, str]] = []
        everything = ailments | self.ailments(question)
        most = min(_MOST_GROUPS, max(1, _MOST_LINES // len(asked)))
        spoken = list(by_group.values())
        for members in spoken[:most]:
            said, cited = self._of_group(members, asked, everything, part)
            parts.extend(said)
            citations.extend(cited)
        parts.extend(self._ailments[name] for name in AILMENTS if name in everything & _SAID)
        confidence = max((m.group.confidence for m in mentions), key=list(Confidence).index)
        behind = mentions[0].group.cure_article if cure else ""
        left = tuple(m.name for members in spoken[most:] for m in members)
        return Advice("".join(parts), tuple(citations), confidence, behind, left)

    def _warning(self, poison: Sequence[Mention], asked: tuple[str, ...]) -> Advice:
        """What is said of something that nobody should eat, whatever they have."""
        group = poison[0].group
        said = "".join(self._dangers[mention.food][1] for mention in poison)
        text = said + self.said("eaten")
        cited = tuple((group.articles[c], group.sources[c], text) for c in asked)
        return Advice(text, cited, group.confidence)

    def _of_group(
        self,
        members: list[Mention],
        asked: tuple[str, ...],
        ailments: frozenset[str],
        part: Callable[[str], str] | None,
    ) -> tuple[list[str], list[tuple[str, Source, str]]]:
        group, names = members[0].group, _listed(members)
        # "喝酒" and "吃面" are names that bring their own verb.
        verb = "" if names.startswith(group.verb) else group.verb
        # The warning goes first: a shortened answer loses its end.
        parts = [said for extra, said in group.extra.items() if extra in ailments]
        citations: list[tuple[str, Source, str]] = []
        for condition in asked:
            said = _advice(group, members, condition)
            if part is not None:
                # Nothing of it speaks of what was asked: said plainly, with the verdict.
                said = part(said) or self.said("not_written") + verdict(said)
            who = self._say[condition]
            parts.append(self.said("line", who=who, verb=verb, food=names, advice=said))
            behind = (group.articles[condition], group.also.get(condition))
            citations.extend((name, group.sources[condition], said) for name in behind if name)
        return parts, citations

    def _compared(self, mentions: Sequence[Mention], asked: tuple[str, ...]) -> str:
        """Which one is better, by glucose or by salt; alike where the table sees no difference."""
        glucose = _ORDER[0] in asked
        grades = {m.name: _grade(m.group, mentions, glucose=glucose) for m in mentions}
        best, worst = (min(grades, key=grades.__getitem__), max(grades, key=grades.__getitem__))
        if grades[best] < grades[worst]:
            return self.said(
                "compare_slower" if glucose else "compare_less_salt", best=best, worst=worst
            )
        notes = "".join(m.group.notes.get(m.food, {}).get(c, "") for m in mentions for c in asked)
        if self._ask["compared_already"].search(notes):
            return ""
        return self.said("compare_alike", food=_listed(mentions))

    def _alone(self, name: str) -> str:
        """The pattern of a name; "吃醋" is none where a longer name begins behind the verb: 吃醋蛋."""
        if name[0] not in _UNSAID:
            return re.escape(name)
        longer = [n for n in self.names if n.startswith(name[1:]) and len(n) >= len(name)]
        behind = "|".join(map(re.escape, longer))
        return f"{name[0]}(?!{behind}){name[1:]}" if longer else re.escape(name)

    def _add(self, aliases: list[str], group: Group) -> None:
        for alias in aliases:
            if alias in self.names:
                msg = f"{group.key}: {alias} stands in two places"
                raise FoodError(msg)
            self.names[alias] = (aliases[0], group)


_ORDER = (Programme.TYPE2_DIABETES.value, Programme.HYPERTENSION.value)
# What changes an answer beside the two diseases; a group has its own words for the first two.
AILMENTS = ("kidney", "gout", "pregnant", "heart_failure")
_SAID = frozenset({"pregnant", "heart_failure"})
_GRADES = {"low": 0, "medium": 1, "high": 2}
_FASTER = 0.5


def _grade(group: Group, mentions: Sequence[Mention], *, glucose: bool) -> float:
    if not glucose:
        return _GRADES[group.salt]
    faster = any(mention.group.key in group.faster_than for mention in mentions)
    return _GRADES[group.gi] + _FASTER * faster


def verdict(advice: str) -> str:
    """The first sentence: whether it may be eaten."""
    return advice[: advice.find("。") + 1] or advice


def _listed(mentions: Sequence[Mention]) -> str:
    return "、".join(mention.name for mention in mentions)


def _advice(group: Group, members: Sequence[Mention], condition: str) -> str:
    """What is said of a group to people with a disease, and of these foods of it."""
    notes = (group.notes.get(m.food, {}).get(condition, "") for m in members)
    return "".join((group.advice[condition], *dict.fromkeys(notes)))


def _group(key: str, entry: Mapping[str, Any], registry: Mapping[str, Source]) -> Group:
    try:
        return Group(
            key=key,
            title=entry["title"],
            verb=entry.get("verb", "吃"),
            advice={condition: entry[condition] for condition in _ORDER},
            extra={name: entry[name] for name in ("kidney", "gout") if name in entry},
            notes=entry.get("notes", {}),
            articles={condition: entry["articles"][condition] for condition in _ORDER},
            also=entry.get("also", {}),
            sources={condition: registry[entry["sources"][condition]] for condition in _ORDER},
            confidence=Confidence(entry["confidence"]),
            gi=entry["gi"],
            salt=entry["salt"],
            potassium=entry["potassium"],
            purine=entry["purine"],
            general_of=frozenset(entry.get("general_of", ())),
            faster_than=frozenset(entry.get("faster_than", ())),
            cure_article=entry.get("cure_article", _CURE_ARTICLE),
        )
    except (KeyError, ValueError) as error:
        msg = f"{key}: {error}"
        raise FoodError(msg) from error
