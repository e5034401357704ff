"""The library of one installation, and its index."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from knowledge import index
from knowledge.article import Article, ArticleError, read_articles
from knowledge.chroma_server import ServerStore
from knowledge.corpus import Corpus, overlaid
from knowledge.embedder import Embedder, EmbedderError, LocalEmbedder, borrowed
from knowledge.endpoint import Endpoint, EndpointEmbedder
from knowledge.library import Library
from knowledge.rehearsal import Rehearsal
from knowledge.shelf import Shelf, Supply
from knowledge.store import FolderStore, Store
from records import revisions
from records.db import Database
from suifang.errors import ConfigurationError
from suifang.installation import Installation
from suifang.settings import Settings

# In .env an empty line means "not set"; this word means "no prefix at all".
_NO_PREFIX = "none"
# Chroma and the model take half a second of a core: after the first answers, unless one needs them.
_WARM_AFTER_SECONDS = 2.0
_LOOK_SECONDS = 1.0

log = structlog.get_logger()


def embedder(settings: Settings, *, patient: bool = False) -> Embedder | None:
    """The embedder the settings name; None for words alone. A patient one builds."""
    endpoint = settings.embeddings_endpoint
    if endpoint is not None:
        described = Endpoint(
            endpoint.base_url,
            endpoint.name,
            endpoint.api_key.get_secret_value(),
            _prefix(settings.embeddings_query_prefix),
            _prefix(settings.embeddings_passage_prefix),
        )
        return EndpointEmbedder(described, patient=patient)
    return _once(LocalEmbedder) if settings.embeddings == "local" else None


def store(settings: Settings) -> Store:
    """Where the versions of the index lie."""
    if settings.chroma_url is None:
        return FolderStore(settings.index_dir)
    token = settings.chroma_token.get_secret_value() if settings.chroma_token else ""
    return ServerStore(settings.chroma_url, settings.index_dir, token)


def library(settings: Settings, *, serve_pending: bool | None = None) -> Library:
    """The library. Articles that no clinician signed are served only where that was asked for."""
    serve = settings.serve_pending if serve_pending is None else serve_pending
    try:
        asking = embedder(settings)
    except EmbedderError as error:
        problem = f"No vectors: {error}. Run make setup, or set SUIFANG_EMBEDDINGS=none."
        raise ConfigurationError(problem) from error
    return Library(store(settings), asking, serve_pending=serve)


def shelf(installation: Installation) -> Shelf:
    """The library of a worker, which changes when a curator signs. Loading goes on meanwhile."""
    settings = installation.settings
    place = store(settings)
    try:
        asking = embedder(settings)
    except EmbedderError as error:
        log.warning("embedder.missing", error=type(error).__name__)
        asking = None
    with installation.database.reading() as session:
        edition, texts = revisions.edition(session), _signed(session)

    def opened(articles: Sequence[Article]) -> Library:
        return Library(place, asking, serve_pending=settings.serve_pending, articles=articles)

    supply = Supply(opened, place, lambda: embedder(settings, patient=True))
    return Shelf(supply, edition, texts, warm_after=_WARM_AFTER_SECONDS)


def rehearsal(settings: Settings) -> Rehearsal:
    """How a library with a draft in it is made, beside the one in use."""

    def opened(
        place: Store | None, asking: Embedder | None, articles: Sequence[Article]
    ) -> Library:
        return Library(place, asking, serve_pending=settings.serve_pending, articles=articles)

    return Rehearsal(opened, settings.index_dir, lambda: embedder(settings, patient=True))


def corpus(settings: Settings) -> Corpus:
    """The articles in force: the packaged ones, and over them what was signed in the database."""
    signed: dict[str, str] = {}
    if has_database(settings):
        database = Database(settings.database)
        try:
            with database.reading() as session:
                signed = _signed(session)
        except SQLAlchemyError:
            # Not migrated yet, or not running: the packaged articles can be indexed all the same.
            log.warning("revisions.unreadable")
        finally:
            database.dispose()
    return overlaid(read_articles(), signed)


def has_database(settings: Settings) -> bool:
    """Whether there is a database to look into; SQLite would make one."""
    return settings.database_url is not None or settings.database_file.exists()


def build_index(
    settings: Settings,
    progress: Callable[[int, int], None],
    wait: Callable[[], None] = lambda: None,
) -> index.Built | None:
    """Build the index of the articles in force; None when the settings ask for no vectors.

    Args:
        settings: the installation's.
        progress: told (done, total) after each batch.
        wait: called about once a second while another process is building.

    Raises:
        ConfigurationError: with one sentence that says what is wrong and what to do.
    """
    try:
        with borrowed(embedder(settings, patient=True)) as found:
            if found is None:
                return None
            articles = corpus(settings).articles
            while True:
                try:
                    return index.build(store(settings), found, progress, articles)
                except index.BeingBuilt:
                    wait()
                    time.sleep(_LOOK_SECONDS)
    except ArticleError as error:
        raise ConfigurationError([f"An article cannot be read: {error}"]) from error
    except EmbedderError as error:
        advice = "run make setup" if settings.embeddings == "local" else "see SUIFANG_EMBEDDINGS_…"
        problem = f"No vectors: {error} ({advice}). Until then answers are found by words alone."
        raise ConfigurationError([problem]) from error
    except index.IndexBroken as error:
        problem = f"{str(error)[:1].upper()}{str(error)[1:]} ({store(settings)!r}). The index before stays in use."
        raise ConfigurationError([problem]) from error


def _signed(session: Session) -> dict[str, str]:
    return {item.article_id: item.manuscript for item in revisions.in_force(session)}


@lru_cache(maxsize=1)
def _once(kind: Callable[[], Embedder]) -> Embedder:
    """Its model takes seventy megabytes; whoever asks, builds or tries uses the same one."""
    return kind()


def _prefix(setting: str | None) -> str | None:
    return "" if setting == _NO_PREFIX else setting
