"""The library of one installation, and its index."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from knowledge import index
from knowledge.embedder import Embedder, EndpointEmbedder, LocalEmbedder
from knowledge.library import Library
from suifang.settings import Settings


def embedder(settings: Settings) -> Embedder | None:
    """The embedder the settings name; None for words alone."""
    endpoint = settings.embeddings_endpoint
    if endpoint is not None:
        client = httpx.Client(timeout=endpoint.timeout, trust_env=False, follow_redirects=False)
        key = endpoint.api_key.get_secret_value()
        return EndpointEmbedder(endpoint.base_url, endpoint.name, key, client)
    return LocalEmbedder() if settings.embeddings == "local" else None


def library(settings: Settings, *, serve_pending: bool | None = None) -> Library:
    """The library. Articles that no clinician signed are served only where that was asked for."""
    serve = settings.serve_pending if serve_pending is None else serve_pending
    return Library(settings.index_dir, embedder(settings), serve_pending=serve)


def build_index(settings: Settings, progress: Callable[[int, int], None]) -> index.Built | None:
    """Build the index of today's articles; None when the settings ask for no vectors."""
    found = embedder(settings)
    if found is None:
        return None
    return index.build(settings.index_dir, found, progress)
