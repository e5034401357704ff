"""Which article is taught next to one person: a pure choice over curriculum.toml.

Nothing is chosen that rests, that was asked about or taught lately, that is not served, or that has
a sentence which may be wrong for this person.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from care.level import Level
from knowledge.article import Article

CURRICULUM = Path(__file__).parent / "curriculum.toml"
BASIC, NEXT = "basic", "next"
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject, its articles in the order of teaching, and for whom it is any matter."""

    id: str
    base: int
    articles: tuple[str, ...]
    only: frozenset[str] = frozenset()
    basic: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """Something known of a person, the weight it has, and the subjects it brings forward."""

    id: str
    by: int
    lifts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Curriculum:
    """The data of curriculum.toml."""

    subjects: tuple[Subject, ...]
    signals: tuple[Signal, ...]
    unfit: Mapping[str, frozenset[str]]
    nobody: frozenset[str]
    old_from: int
    seasons: Mapping[str, frozenset[int]]
    festival: str
    festival_days: int
    subject_rests: timedelta
    asked_rests: timedelta
    article_rests: timedelta
    fade: int
    untaught: int
    unsaid: tuple[str, ...]
    today_unfit: frozenset[str]
    today_unsaid: tuple[str, ...]

    def today_of(self, article: Article) -> str:
        """What to do today, where that is true for somebody to whom nothing has happened."""
        acute = article.level >= Level.URGENT or article.id in self.today_unfit
        situated = any(word in article.today for word in self.today_unsaid)
        return "" if acute or situated else article.today


@dataclass(frozen=True, slots=True)
class Learner:
    """What the choice may know of a person.

    `signals` are codes of the record ("pressure_high", "drug:insulin"); `taught` are the articles
    and days of earlier lessons, `asked` the articles that answered a question, each with its last
    day. `relative`: a relative reads it.
    """

    programmes: frozenset[str]
    signals: frozenset[str] = frozenset()
    taught: tuple[tuple[str, date], ...] = ()
    asked: Mapping[str, date] = field(default_factory=dict)
    age: int | None = None
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A subject, the article of it that comes next, its score, and the code of why."""

    subject: str
    article: Article
    score: int
    reason: str


Articles = Callable[[str], Article | None]


def choose(
    known: Curriculum, learner: Learner, today: date, articles: Articles, festival_on: date
) -> Choice | None:
    """What is taught next; None when nothing fits."""
    return next(iter(ranking(known, learner, today, articles, festival_on)), None)


def ranking(
    known: Curriculum, learner: Learner, today: date, articles: Articles, festival_on: date
) -> tuple[Choice, ...]:
    """Every subject that could be taught today, the most fitting first.

    Args:
        known: the curriculum.
        learner: the person.
        today: the day where the people live.
        articles: gives an article that may be taught by its id, and None for any other.
        festival_on: the next New Year's day of the Chinese calendar.
    """
    signals = signals_of(known, learner, today, festival_on)
    if signals & known.nobody:
        return ()
    found = (
        choice
        for subject in known.subjects
        if (choice := _choice(known, subject, learner, signals, today, articles)) is not None
    )
    # Stable: among equals the order of the curriculum decides.
    return tuple(sorted(found, key=lambda choice: -choice.score))


def signals_of(
    known: Curriculum, learner: Learner, today: date, festival_on: date
) -> frozenset[str]:
    """Everything known of the person and the day, as codes."""
    found = set(learner.signals) | set(learner.programmes)
    found |= {signal for signal, months in known.seasons.items() if today.month in months}
    if timedelta(0) <= festival_on - today <= timedelta(days=known.festival_days):
        found.add(known.festival)
    if learner.age is not None and learner.age >= known.old_from:
        found.add("old")
    if learner.relative:
        found.add("relative")
    if not any(signal.startswith("drug:") for signal in found):
        found.add("medicines_unknown")
    return frozenset(found)


def _choice(
    known: Curriculum,
    subject: Subject,
    learner: Learner,
    signals: frozenset[str],
    today: date,
    articles: Articles,
) -> Choice | None:
    if (subject.only and not subject.only & signals) or _rests(known, subject, learner, today):
        return None
    for article_id in _in_order(known, subject, learner, today):
        if signals & known.unfit.get(article_id, frozenset()):
            continue
        article = articles(article_id)
        if article is not None and _concerns(article, learner):
            lifted = [one for one in known.signals if one.id in signals and subject.id in one.lifts]
            given = sum(today - on < _YEAR for _, on in _lessons(subject, learner))
            fresh = known.untaught if subject.basic and not given else 0
            score = subject.base + fresh + sum(one.by for one in lifted) - known.fade * given
            strongest = max(lifted, key=lambda one: one.by, default=None)
            plain = BASIC if subject.basic and not given else NEXT
            return Choice(subject.id, article, score, strongest.id if strongest else plain)
    return None


def _rests(known: Curriculum, subject: Subject, learner: Learner, today: date) -> bool:
    """Taught lately, or asked about lately: then it was just heard."""
    if any(today - on < known.subject_rests for _, on in _lessons(subject, learner)):
        return True
    asked = (on for one, on in learner.asked.items() if one in subject.articles)
    return any(today - on < known.asked_rests for on in asked)


def _in_order(known: Curriculum, subject: Subject, learner: Learner, today: date) -> Iterable[str]:
    """The articles that were never taught, then those taught longest ago; none that still rests."""
    last: dict[str, date] = {}
    for article_id, on in learner.taught:
        last[article_id] = max(on, last.get(article_id, on))
    ready = [
        one
        for one in subject.articles
        if one not in last or today - last[one] >= known.article_rests
    ]
    return sorted(ready, key=lambda one: last.get(one, date.min))


def _lessons(subject: Subject, learner: Learner) -> Iterable[tuple[str, date]]:
    return ((one, on) for one, on in learner.taught if one in subject.articles)


def _concerns(article: Article, learner: Learner) -> bool:
    """An article about one disease is for people who have it."""
    return not article.about or bool(article.about & learner.programmes)


@lru_cache(maxsize=1)
def curriculum() -> Curriculum:
    """The curriculum in use, read once per process."""
    return read(tomllib.loads(CURRICULUM.read_text(encoding="utf-8")))


def read(data: Mapping[str, Any]) -> Curriculum:
    """Make a curriculum of its data.

    Raises:
        ValueError: a signal lifts a subject that is not there.
    """
    subjects = tuple(_subject(entry) for entry in data["subject"])
    signals = tuple(
        Signal(entry["id"], entry["by"], frozenset(entry["lifts"])) for entry in data["signal"]
    )
    _refuse_unknown({one.id for one in subjects}, signals)
    pace = data["pace"]
    return Curriculum(
        subjects=subjects,
        signals=signals,
        unfit=_unfit(data["unfit"]),
        nobody=frozenset(data["nobody"]["signals"]),
        old_from=data["old"]["from"],
        seasons={entry["signal"]: frozenset(entry["months"]) for entry in data["season"]},
        festival=data["festival"]["signal"],
        festival_days=data["festival"]["days_before"],
        subject_rests=timedelta(weeks=pace["subject_weeks"]),
        asked_rests=timedelta(weeks=pace["asked_weeks"]),
        article_rests=timedelta(weeks=pace["article_weeks"]),
        fade=pace["fade"],
        untaught=pace["untaught"],
        unsaid=tuple(data["sms"]["unsaid"]),
        today_unfit=frozenset(data["today"]["unfit"]),
        today_unsaid=tuple(data["today"]["unsaid"]),
    )


def _subject(entry: Mapping[str, Any]) -> Subject:
    return Subject(
        entry["id"],
        entry["base"],
        tuple(entry["articles"]),
        frozenset(entry.get("only", ())),
        entry.get("basic", False),
    )


def _unfit(entries: Iterable[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for entry in entries:
        for article_id in entry["articles"]:
            found[article_id] = found.get(article_id, frozenset()) | frozenset(entry["signals"])
    return found


def _refuse_unknown(subjects: Collection[str], signals: Iterable[Signal]) -> None:
    for signal in signals:
        unknown = signal.lifts - set(subjects)
        if unknown:
            message = f"{signal.id} lifts {min(unknown)}, which is no subject"
            raise ValueError(message)
