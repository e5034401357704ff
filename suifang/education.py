"""The library of one installation, and its index."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from knowledge import index
from knowledge.article import Article
from knowledge.chroma_server import ServerStore
from knowledge.embedder import Embedder, LocalEmbedder
from knowledge.endpoint import Endpoint, EndpointEmbedder
from knowledge.library import Library
from knowledge.rehearsal import Rehearsal
from knowledge.shelf import Shelf, Supply
from knowledge.store import FolderStore, Store
from records import revisions
from suifang.installation import Installation
from suifang.settings import Settings

# In .env an empty line means "not set"; this word means "no prefix at all".
_NO_PREFIX = "none"
# Chroma and the model take half a second of a core: after the first answers, unless one needs them.
_WARM_AFTER_SECONDS = 2.0


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
    return LocalEmbedder() if settings.embeddings == "local" else None


def store(settings: Settings) -> Store:
    """Where the versions of the index lie."""
    if settings.chroma_url is None:
        return FolderStore(settings.index_dir)
    token = settings.chroma_token.get_secret_value() if settings.chroma_token else ""
    return ServerStore(settings.chroma_url, settings.index_dir, token)


def library(settings: Settings, *, serve_pending: bool | None = None) -> Library:
    """The library. Articles that no clinician signed are served only where that was asked for."""
    serve = settings.serve_pending if serve_pending is None else serve_pending
    return Library(store(settings), embedder(settings), serve_pending=serve)


def shelf(installation: Installation) -> Shelf:
    """The library of a worker, which changes when a curator signs. Loading goes on meanwhile."""
    settings = installation.settings
    place, asking = store(settings), embedder(settings)
    with installation.database.reading() as session:
        edition = revisions.edition(session)
        texts = {item.article_id: item.manuscript for item in revisions.in_force(session)}

    def opened(articles: Sequence[Article]) -> Library:
        return Library(place, asking, serve_pending=settings.serve_pending, articles=articles)

    supply = Supply(opened, place, lambda: embedder(settings, patient=True))
    return Shelf(supply, edition, texts, warm_after=_WARM_AFTER_SECONDS)


def rehearsal(settings: Settings) -> Rehearsal:
    """How a library with a draft in it is made, beside the one in use."""
    asking = embedder(settings)

    def opened(place: Store | None, articles: Sequence[Article]) -> Library:
        with_vectors = asking if place is not None else None
        return Library(place, with_vectors, serve_pending=settings.serve_pending, articles=articles)

    folder = None if asking is None else settings.index_dir
    return Rehearsal(opened, folder, lambda: embedder(settings, patient=True))


def build_index(settings: Settings, progress: Callable[[int, int], None]) -> index.Built | None:
    """Build the index of today's articles; None when the settings ask for no vectors."""
    found = embedder(settings, patient=True)
    if found is None:
        return None
    return index.build(store(settings), found, progress)


def _prefix(setting: str | None) -> str | None:
    return "" if setting == _NO_PREFIX else setting
