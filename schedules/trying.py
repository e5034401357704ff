"""Works off trials: asks every stored question of the library in force and of one with the draft."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from time import monotonic, perf_counter

import structlog

from agent.context import Answers
from agent.loading import Tools
from knowledge.answer import Answer
from knowledge.article import Article, ArticleError, Signature, parse_article, read_articles
from knowledge.composing import PENDING
from knowledge.corpus import overlaid
from knowledge.rehearsal import Rehearsal
from knowledge.sheet import laid_out, sheet_of
from knowledge.source import read_sources
from records import asked, practitioners, revisions, trials
from records.db import Database
from records.people import china_date
from records.tables import ArticleTrial
from records.trials import Difference, Reply
from records.vault import Vault

_AT_ONCE = 25
_MOST_KEPT = 200
# Whoever asks meanwhile keeps half of the core.
_LONGEST_REST = 0.05
_SIGN_OF_LIFE = 20.0
_TRIED = "试算"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of both libraries: a wording of the article itself, or a kept question."""

    text: str
    conditions: frozenset[str]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that is read before the work begins."""

    questions: tuple[Question, ...]
    articles: tuple[Article, ...]
    edition: str


class _Unfit(Exception):  # noqa: N818 - the reason is its code
    """The draft cannot be tried; the message is the code that the page words."""


class _Stopped(Exception):  # noqa: N818 - nothing is wrong
    """The worker ends; the trial waits for the next one."""


def try_due(
    database: Database,
    tools: Tools,
    rehearsal: Rehearsal,
    clock: Callable[[], datetime],
    stopping: Event | None = None,
) -> int:
    """Work off the trial that waits longest. Returns how many questions were asked.

    Once `stopping` is set it ends between two questions and puts the trial back to waiting.
    """
    stop = stopping or Event()
    with database.reading() as session:
        if not trials.anything_to_do(session, clock()):
            return 0
    with database.transaction() as session:
        claimed = trials.claim(session, clock())
    if claimed is None:
        return 0
    problem = "broken"
    stopped = False
    try:
        plan = _plan(database, tools, claimed, clock())
        return _compare(
            tools,
            rehearsal,
            _Progress(database, claimed.id, len(plan.questions), clock, stop),
            plan,
        )
    except _Unfit as error:
        problem = str(error)
        return 0
    except _Stopped:
        stopped = True
        return 0
    except Exception as error:
        # Its page says that it failed; the next one is tried all the same.
        log.warning("trial.failed", error=type(error).__name__, exc_info=True)
        return 0
    finally:
        with database.transaction() as session:
            if stopped:
                trials.put_back(session, claimed.id)
            else:
                trials.fail_running(session, claimed.id, problem, clock())


def _plan(database: Database, tools: Tools, trial: ArticleTrial, now: datetime) -> _Plan:
    with database.reading() as session:
        row = revisions.one(session, trial.article_id, trial.number)
        reader = practitioners.reader_of(session, trial.requested_by, now)
        if row is None or reader is None:
            raise _Unfit("gone")  # noqa: EM101
        texts = {item.article_id: item.manuscript for item in revisions.in_force(session)}
        stored = asked.stored(session, tools.vault, reader)
        edition = revisions.edition(session)
    draft = _signed(trial.article_id, row.manuscript, now)
    corpus = overlaid(read_articles(), {**texts, trial.article_id: draft[1]})
    own = (Question(text, draft[0].about) for text in draft[0].questions)
    theirs = (Question(one.text, frozenset(one.conditions), one.id) for one in stored if one.text)
    # The same words of two patients are asked once.
    once = {(one.text, one.conditions, one.id is None): one for one in (*own, *theirs)}
    return _Plan(tuple(once.values()), corpus.articles, edition)


def _signed(article_id: str, manuscript: str, now: datetime) -> tuple[Article, str]:
    """The draft as it will be served: signed, else it would not be shown everywhere."""
    today = china_date(now)
    try:
        sheet = sheet_of(article_id, manuscript)
        text = laid_out(sheet, Signature(_TRIED, _TRIED, today))
        article = parse_article(f"{article_id}.md", text, read_sources())
    except ArticleError:
        raise _Unfit("unfit") from None  # noqa: EM101
    if not article.served(today, pending=False):
        raise _Unfit("unfit")  # noqa: EM101
    return article, text


def _compare(tools: Tools, rehearsal: Rehearsal, progress: _Progress, plan: _Plan) -> int:
    progress.show(0)
    found: list[Difference] = []
    changed = 0
    with rehearsal.opened(plan.articles, progress.breathe) as after:
        differences = _differences(tools.answers, after, plan, progress.now)
        for done, difference in enumerate(differences, 1):
            if difference is not None:
                changed += 1
                found += [difference] if len(found) < _MOST_KEPT else []
            if done % _AT_ONCE == 0:
                progress.show(done)
            progress.go_on()
    progress.finish(tools.vault, found, changed, plan.edition)
    return len(plan.questions)


def _differences(
    before: Answers, after: Answers, plan: _Plan, now: datetime
) -> Iterator[Difference | None]:
    for question in plan.questions:
        began = perf_counter()
        old, new = (
            _reply(library.answer(question.text, conditions=question.conditions, now=now))
            for library in (before, after)
        )
        yield None if old == new else Difference(question.text, old, new, question.id)
        time.sleep(min(perf_counter() - began, _LONGEST_REST))


def _reply(answer: Answer) -> Reply:
    """What counts as the answer: its kind, its articles and the words that are sent, signed or not."""
    articles = tuple(dict.fromkeys(citation.article for citation in answer.citations))
    text = answer.text.replace(f"，{PENDING}", "")
    return Reply(f"refusal:{answer.refusal}" if answer.refusal else answer.kind, articles, text)


class _Progress:
    """Keeps the trial claimed and its page up to date, and ends it when the worker ends."""

    def __init__(
        self,
        database: Database,
        trial_id: str,
        total: int,
        clock: Callable[[], datetime],
        stop: Event,
    ) -> None:
        self._database, self._trial_id, self._stop = database, trial_id, stop
        self._total, self._clock, self._shown = total, clock, monotonic()

    @property
    def now(self) -> datetime:
        return self._clock()

    def show(self, done: int) -> None:
        with self._database.transaction() as session:
            trials.advance(session, self._trial_id, done, self._total, self._clock())
        self._shown = monotonic()

    def breathe(self, took: float) -> None:
        """Rest as long as a step of the index took."""
        self._stop.wait(min(took, _LONGEST_REST))
        self.go_on()
        if monotonic() - self._shown > _SIGN_OF_LIFE:
            self.show(0)

    def go_on(self) -> None:
        """Raise when the worker ends."""
        if self._stop.is_set():
            raise _Stopped

    def finish(self, vault: Vault, found: Sequence[Difference], changed: int, edition: str) -> None:
        with self._database.transaction() as session:
            trials.advance(session, self._trial_id, self._total, self._total, self._clock())
            trials.finish(session, vault, self._trial_id, found, changed, edition, self._clock())
