"""What is that medicine? Answers composed from a table by class; amounts and changes are refused."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from knowledge.answer import Answer, Citation
from knowledge.article import Confidence, Review
from knowledge.composing import cited, shortened
from knowledge.source import Source, read_sources
from language.medicines import Medicine, Named, by_name, find

DRUGS = Path(__file__).parent / "drugs.toml"
_MOST = 2
_X = "X"
_LONG = 40
_CLAUSE = re.compile(r"[,;:。]")
_INTERACTION = "med.interaction"
_STOPPING = "med.stop_self"
_FIELDS = ("use", "harm", "when", "ask")
_CONFIDENCE = 0.97
_REFUSAL = "dose_change"


class DrugError(Exception):
    """The drug table is wrong. The message names the class and the field."""


@dataclass(frozen=True, slots=True)
class DrugClass:
    """What may be said of the medicines of one class; `notes` replace it for one medicine."""

    key: str
    title: str
    says: Mapping[str, str]
    feel: tuple[tuple[re.Pattern[str], str, str], ...]
    who: tuple[tuple[re.Pattern[str], str], ...]
    article: str
    side: str
    source: Source
    confidence: Confidence
    notes: Mapping[str, Mapping[str, Any]]

    def title_of(self, generic: str) -> str:
        return str(self.notes.get(generic, {}).get("title", self.title))

    def sentence(self, field: str, generic: str) -> str:
        return str(self.notes.get(generic, {}).get(field, self.says[field]))

    def people(self, generic: str) -> tuple[tuple[re.Pattern[str], str], ...]:
        return _patterns(self.notes.get(generic, {}).get("who", ())) or self.who


@dataclass(frozen=True, slots=True)
class DrugAdvice:
    """A composed answer with the article and document behind it, or `refused` for an amount."""

    text: str = ""
    citations: tuple[tuple[str, Source, str], ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class _Pair:
    one: frozenset[str]
    other: frozenset[str]
    says: str

    def fits(self, first: str, second: str) -> bool:
        return (first in self.one and second in self.other) or (
            second in self.one and first in self.other
        )


@dataclass(frozen=True, slots=True)
class _Food:
    word: re.Pattern[str]
    classes: frozenset[str]
    says: str

    def fits(self, kind: str, question: str) -> bool:
        return bool({kind, "*"} & self.classes) and self.word.search(question) is not None


@dataclass(frozen=True, slots=True)
class _Now:
    """A danger that may be there while the question is asked."""

    word: re.Pattern[str]
    classes: frozenset[str]
    says: str
    article: str

    def fits(self, kind: str, question: str) -> bool:
        return kind in self.classes and self.word.search(question) is not None


class DrugTable:
    """The classes of medicines, and what may be said of a medicine that a question names."""

    def __init__(self, path: Path = DRUGS) -> None:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        registry = read_sources()
        self.review = Review(raw["meta"]["review"])
        self.expires: date = raw["meta"]["expires"]
        self._general = frozenset(raw["meta"]["general"])
        self._shots = frozenset(raw["meta"]["shots"])
        self._say: Mapping[str, str] = raw["say"]
        self._ask = {name: re.compile("|".join(words)) for name, words in raw["ask"].items()}
        self._pairs = [_Pair(frozenset(p["a"]), frozenset(p["b"]), p["says"]) for p in raw["pairs"]]
        self._foods = [
            _Food(re.compile(f["word"]), frozenset(f["a"]), f["says"]) for f in raw["foods"]
        ]
        self._now = [
            _Now(re.compile(n["word"]), frozenset(n["a"]), n["says"], n["article"])
            for n in raw["now"]
        ]
        self.classes = {key: _class(key, entry, registry) for key, entry in raw["classes"].items()}

    def served(self, today: date, *, pending: bool) -> bool:
        """Tell whether the table may be used: not expired, signed unless allowed."""
        return today <= self.expires and (pending or self.review is not Review.PENDING)

    def answer(self, asked: Sequence[str], whole: str, known: Container[str]) -> Answer | None:
        """Answer the first of the asking sentences that is about a medicine by name.

        Args:
            asked: the normalised asking sentences of `whole`.
            whole: the normalised message.
            known: ids of the articles that may be cited.
        """
        for sentence in asked:
            advice = self.advise(sentence, whole)
            if advice is not None and advice.refused:
                return Answer("refusal", _REFUSAL, confidence=1.0)
            if advice is not None:
                return self._answer(advice, known)
        return None

    def _answer(self, advice: DrugAdvice, known: Container[str]) -> Answer:
        unsigned = self.review is Review.PENDING
        cites = list(dict.fromkeys(source.cite for _, source, _ in advice.citations))
        behind = [(a, source.title, said) for a, source, said in advice.citations if a in known]
        unique = {article: Citation(article, title, said) for article, title, said in behind}
        text = advice.text + cited(cites, pending=unsigned)
        return Answer(
            "answer",
            text=text,
            short=shortened(advice.text, cites, pending=unsigned),
            long=text,
            citations=tuple(unique.values()),
            confidence=_CONFIDENCE,
            pending=unsigned,
        )

    def advise(self, sentence: str, whole: str) -> DrugAdvice | None:
        """Answer what one sentence asks about a medicine; None when it asks something else.

        Args:
            sentence: one normalised asking sentence.
            whole: the normalised message, which may name the medicine before it asks.
        """
        here = _specific(find(sentence))
        named = tuple(n for n in here or find(whole) if n.medicine.generic not in self._general)
        if not named or self._ask["other"].search(whole):
            return None
        masked = _masked(sentence, here)
        if here and self._ask["sudden"].search(masked):
            return self._advice(here[:1], [(self._say["sudden"], _STOPPING)])
        if here and self._ask["dose"].search(masked):
            return DrugAdvice(refused=True)
        now = self._happening(whole, named[0])
        if len(here) > 1 and self._ask["with"].search(masked):
            return self._of_pair(here, now)
        if now:
            fields = [field for field in ("when", "harm", "use") if self._ask[field].search(masked)]
            return self._advice(named[:1], now, *(fields or ["use"])[:1])
        return self._of_each(masked, named, asked=bool(here))

    def _happening(self, whole: str, one: Named) -> list[tuple[str, str]]:
        """What cannot wait, with the article behind it; it is said before what was asked."""
        return [(n.says, n.article) for n in self._now if n.fits(one.medicine.kind, whole)]

    def _of_pair(self, here: Sequence[Named], now: Sequence[tuple[str, str]]) -> DrugAdvice:
        one, other = here[0], here[1]
        kinds = (one.medicine.kind, other.medicine.kind)
        says = next((pair.says for pair in self._pairs if pair.fits(*kinds)), "")
        if not says:
            key = "twice" if kinds[0] == kinds[1] else "with"
            names = "和".join(_said(named) for named in (one, other))
            says = self._say[key].format(names=names)
        urgent = "".join(warning for warning, _ in now)
        text = f"{urgent}{self._head(one)}{self._head(other)}{says}{self._tail(one)}"
        groups = [self.classes[kind] for kind in dict.fromkeys(kinds)]
        cited = [(article, groups[0].source, warning) for warning, article in now]
        cited.append((_INTERACTION, groups[0].source, says))
        cited += [(group.article, group.source, says) for group in groups]
        return DrugAdvice(text, tuple(cited))

    def _of_each(self, masked: str, named: Sequence[Named], *, asked: bool) -> DrugAdvice | None:
        """Say what the sentence asks about the medicine, at most two things.

        Args:
            masked: the sentence with X for each medicine.
            named: the medicines, of this sentence or of the message before it.
            asked: whether the sentence itself names one; otherwise only a complaint is meant.
        """
        may_take = self._ask["who"].search(masked)
        said = [] if may_take else self._felt(masked, named[0])
        near = _near(masked)
        fields = [field for field in ("when", "harm", "use") if self._ask[field].search(near)]
        if not asked:
            return self._advice(named[:1], said) if said else None
        with_food = self._with_food(masked, named[0])
        said = with_food + said
        if not said and may_take and not fields:
            said = self._may_take(masked, named[0])
        if said:
            fields = [field for field in fields if field != "harm"]
        elif fields and len(named) > 1:
            return self._advice(named[:_MOST], [], fields[0])
        elif len(fields) == 1:
            fields.append("ask")
        return (
            self._advice(named[:1], said, *fields[: _MOST - len(said)]) if said or fields else None
        )

    def _felt(self, masked: str, one: Named) -> list[tuple[str, str]]:
        group = self.classes[one.medicine.kind]
        if not self._ask["feel"].search(masked):
            return []
        return next(([(says, more)] for p, says, more in group.feel if p.search(masked)), [])

    def _with_food(self, masked: str, one: Named) -> list[tuple[str, str]]:
        if not self._ask["with"].search(masked):
            return []
        kind = one.medicine.kind
        return next(([(f.says, _INTERACTION)] for f in self._foods if f.fits(kind, masked)), [])

    def _may_take(self, masked: str, one: Named) -> list[tuple[str, str]]:
        people = self.classes[one.medicine.kind].people(one.medicine.generic)
        says = next((said for pattern, said in people if pattern.search(masked)), "")
        return [(says or self._say["who"].format(name=_said(one)), "")]

    def _advice(
        self, named: Sequence[Named], said: Sequence[tuple[str, str]], *fields: str
    ) -> DrugAdvice:
        parts: list[str] = []
        cited: list[tuple[str, Source, str]] = []
        for one in named:
            group = self.classes[one.medicine.kind]
            words = "".join(text for text, _ in said)
            words += "".join(group.sentence(field, one.medicine.generic) for field in fields)
            parts += [self._head(one), words]
            behind = [*(article for _, article in said), group.article]
            behind += [group.side] if "harm" in fields else []
            cited += [(name, group.source, words) for name in behind if name]
        return DrugAdvice("".join((*parts, self._tail(named[0]))), tuple(cited))

    def _tail(self, named: Named) -> str:
        return self._say["tail_shot" if named.medicine.kind in self._shots else "tail"]

    def _head(self, named: Named) -> str:
        medicine = named.medicine
        title = self.classes[medicine.kind].title_of(medicine.generic)
        said = _said(named)
        key = "is" if medicine.generic in said or said in medicine.generic else "same"
        return self._say[key].format(name=said, generic=medicine.generic, title=title)


def _specific(named: Sequence[Named]) -> tuple[Named, ...]:
    """The medicines named, without the word for a class beside one of that class."""
    kinds = {n.medicine.kind for n in named if not _is_class(n)}
    return tuple(n for n in named if not (_is_class(n) and n.medicine.kind in kinds))


def _is_class(named: Named) -> bool:
    return named.medicine.generic.endswith("类") or f"{named.medicine.generic}类" in by_name()


def _said(named: Named) -> str:
    """The name as the packet has it; a misspelt one is given back as generic and brand."""
    medicine = named.medicine
    right = next((name for name in medicine.names if name.lower() == named.said), "")
    if right:
        return right
    return f"{medicine.generic}（{medicine.brand}）" if medicine.brand else medicine.generic


def _masked(sentence: str, named: Sequence[Named]) -> str:
    """The sentence with X for each name, so that "能吃X吗" is told from "吃X能吃西瓜吗"."""
    if not named:
        return sentence
    known: Mapping[str, Medicine] = by_name()
    words = sorted((word for word in known if word in sentence), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, words)), _X, sentence)


def _near(masked: str) -> str:
    """Of a long sentence the clauses that name a medicine, each with the one behind it."""
    clauses = _CLAUSE.split(masked)
    if len(masked) <= _LONG or len(clauses) <= _MOST:
        return masked
    kept = {i + k for i, clause in enumerate(clauses) if _X in clause for k in (0, 1)}
    return ",".join(clause for i, clause in enumerate(clauses) if i in kept)


def _patterns(entries: Sequence[Sequence[str]]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), says) for pattern, says in entries)


def _class(key: str, entry: Mapping[str, Any], registry: Mapping[str, Source]) -> DrugClass:
    side, felt = entry.get("side", ""), entry.get("feel", ())
    try:
        return DrugClass(
            key=key,
            title=entry["title"],
            says={field: entry[field] for field in _FIELDS},
            feel=tuple((re.compile(p), says, *(more or [side])) for p, says, *more in felt),
            who=_patterns(entry.get("who", ())),
            article=entry["article"],
            side=side,
            source=registry[entry["source"]].at(entry.get("section", "")),
            confidence=Confidence(entry["confidence"]),
            notes=entry.get("notes", {}),
        )
    except (KeyError, ValueError) as error:
        msg = f"{key}: {error}"
        raise DrugError(msg) from error
