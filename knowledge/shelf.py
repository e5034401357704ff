"""The library in use, and how it gives way to a newer one while questions are being answered.

A newer one is made ready in a thread: signed revisions over the packaged articles, then the index,
at half speed so that turns keep their core. Only when it is whole does it take the place of the old
one, in one step. Whatever goes wrong leaves the old one, or words alone, and is told.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

from knowledge import index
from knowledge.answer import Answer
from knowledge.article import ARTICLES, Article, ArticleError, read_articles
from knowledge.corpus import overlaid
from knowledge.embedder import Embedder, EmbedderError, borrowed
from knowledge.library import Library
from knowledge.store import IndexBroken, Store
from knowledge.topic import Topic

# Small steps, and after each a rest as long as it took: turns keep their core.
_BATCH = 4
_LONGEST_REST = 0.5
_FIRST_RETRY, _LAST_RETRY = 30.0, 900.0
_STOP_SECONDS = 10.0
Fingerprint = tuple[tuple[str, int], ...]


class _Stopped(Exception):  # noqa: N818 - nothing is wrong
    """The worker ends; so does the build."""


@dataclass(frozen=True, slots=True)
class Supply:
    """What a shelf is stocked from. `builder` makes a patient embedder; None: words alone."""

    library: Callable[[Sequence[Article]], Library]
    store: Store | None = None
    builder: Callable[[], Embedder | None] = lambda: None
    packaged: Callable[[], tuple[Article, ...]] = read_articles
    files: Path = ARTICLES


@dataclass(frozen=True, slots=True)
class Standing:
    """What is served. `problems` are sentences: revisions that cannot be read, no index."""

    edition: str
    version: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Stock:
    library: Library
    edition: str
    files: Fingerprint
    problems: tuple[str, ...]


class Shelf:
    """Answers from the library in use. Safe to ask from any thread at any moment."""

    def __init__(
        self,
        supply: Supply,
        edition: str,
        manuscripts: Mapping[str, str],
        *,
        warm_after: float = 0.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Begin to load; whoever asks before that is done waits for it.

        Args:
            supply: what the shelf is stocked from.
            edition: the edition of the signed revisions.
            manuscripts: the signed revisions, by article.
            warm_after: how many seconds index and model leave to the rest of a start. A question
                that needs them before opens them itself.
            clock: seconds, for what is tried again later.
        """
        self._supply, self._clock, self._warm_after = supply, clock, warm_after
        self._stop = threading.Event()
        self._before: Library | None = None
        self._index_problem = ""
        self._retry_at, self._retry_pause = 0.0, _FIRST_RETRY
        self.told = ""
        self._jobs = ThreadPoolExecutor(1, "shelf")
        self._stock: _Stock | None = None
        self._first = self._jobs.submit(self._load, edition, dict(manuscripts))
        self._job: Future[None] = self._jobs.submit(self._warm)

    def answer(
        self,
        question: str,
        *,
        conditions: frozenset[str],
        now: datetime,
        ailments: frozenset[str] = frozenset(),
        topic: Topic | None = None,
    ) -> Answer:
        return self.library.answer(
            question, conditions=conditions, now=now, ailments=ailments, topic=topic
        )

    def article(self, article_id: str) -> Article | None:
        """Return an article as it stands now."""
        return self.library.article(article_id)

    @property
    def library(self) -> Library:
        """The library in use."""
        return self._loaded.library

    @property
    def standing(self) -> Standing:
        """What is served, for the operator."""
        stock = self._loaded
        about = stock.library.index.about
        more = (self._index_problem,) if self._index_problem else ()
        return Standing(stock.edition, about.version if about else "", (*stock.problems, *more))

    @property
    def busy(self) -> bool:
        """Whether a newer library is being made ready."""
        return not self._job.done()

    def wants(self, edition: str) -> bool:
        """Tell whether something newer is to be made ready, so that the revisions are needed.

        Raises whatever ended the last attempt unforeseen, once.
        """
        if self.busy:
            return False
        ended, self._job = self._job, _nothing()
        ended.result()
        self._let_go()
        stock = self._loaded
        if edition != stock.edition or _fingerprint(self._supply.files) != stock.files:
            return True
        return self._lacks_index(stock.library) and self._clock() >= self._retry_at

    def renew(self, edition: str, manuscripts: Mapping[str, str]) -> None:
        """Make a library of this edition ready in a thread, then serve it."""
        if not self.busy:
            self._job = self._jobs.submit(self._renew, edition, dict(manuscripts))

    def wait_loaded(self) -> None:
        """Wait for the first library; raises what kept it from being read."""
        self._first.result()

    def wait(self, seconds: float) -> None:
        """Wait until nothing is being made ready."""
        wait([self._job], seconds)

    def close(self) -> None:
        """Stop making anything ready."""
        self._stop.set()
        wait([self._job], _STOP_SECONDS)
        self._jobs.shutdown(wait=False)

    @property
    def _loaded(self) -> _Stock:
        return self._stock or self._first.result()

    def _load(self, edition: str, manuscripts: Mapping[str, str]) -> _Stock:
        files = _fingerprint(self._supply.files)
        corpus = overlaid(self._supply.packaged(), manuscripts)
        library = self._supply.library(corpus.articles)
        self._stock = _Stock(library, edition, files, corpus.problems)
        return self._stock

    def _warm(self) -> None:
        if not self._stop.wait(self._warm_after):
            self._loaded.library.warm()

    def _renew(self, edition: str, manuscripts: Mapping[str, str]) -> None:
        stock = self._loaded
        files = _fingerprint(self._supply.files)
        try:
            corpus = overlaid(self._supply.packaged(), manuscripts)
        except (ArticleError, OSError) as error:
            # The packaged files themselves: all stays as it is until they change again.
            problems = (*stock.problems, str(error))
            self._stock = _Stock(stock.library, edition, files, tuple(dict.fromkeys(problems)))
            return
        try:
            self._build(corpus.articles)
        except index.BeingBuilt:
            return
        except _Stopped:
            return
        if (edition, files) == (stock.edition, stock.files):
            # Only the index was missing; the library in use finds it by itself.
            return
        library = self._supply.library(corpus.articles)
        library.warm()
        self._stock = _Stock(library, edition, files, corpus.problems)
        self._before = stock.library

    def _build(self, articles: Sequence[Article]) -> None:
        """Bring the index up. Without one, words alone answer, and it is tried again later."""
        store = self._supply.store
        try:
            with borrowed(self._supply.builder() if store is not None else None) as embedder:
                if embedder is not None and store is not None:
                    index.build(
                        store, embedder, articles=articles, breathe=self._breathe, batch=_BATCH
                    )
        except (EmbedderError, IndexBroken) as error:
            self._index_problem = str(error)
            self._retry_at = self._clock() + self._retry_pause
            self._retry_pause = min(_LAST_RETRY, 2 * self._retry_pause)
        else:
            self._index_problem, self._retry_pause = "", _FIRST_RETRY

    def _let_go(self) -> None:
        """Close the library before: whoever was asking it a tick ago has been answered."""
        before, self._before = self._before, None
        if before is not None:
            before.index.close()
            _give_back()

    def _breathe(self, took: float) -> None:
        if self._stop.wait(min(took, _LONGEST_REST)):
            raise _Stopped

    def _lacks_index(self, library: Library) -> bool:
        """Whether the index that this library asks for is still to be built."""
        if self._supply.store is None or not library.index.version:
            return False
        about = library.index.about
        return about is None or about.version != library.index.version


def _give_back() -> None:
    """Return what a build has used to the machine; glibc keeps it otherwise, some 30 MB."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _nothing() -> Future[None]:
    """A job that is done."""
    done: Future[None] = Future()
    done.set_result(None)
    return done


def _fingerprint(folder: Path) -> Fingerprint:
    """Tell when packaged files change; a release does that together with a restart."""
    try:
        return tuple(sorted((p.name, p.stat().st_mtime_ns) for p in folder.glob("*.md")))
    except OSError:
        return ()
