"""Versions of the index on a Chroma server: a version is two collections, named by it.

Spoken to over its HTTP API (v2) and not with chromadb's own client: that one waits without end,
obeys the proxies of the environment and takes half a second to import.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from knowledge.breaker import Breaker
from knowledge.calling import Caller, CallFailed
from knowledge.embedder import Vectors
from knowledge.store import PASSAGES, VARIANTS, About, IndexBroken, Near, Row, by_owner

_ROOT = "/api/v2/tenants/default_tenant/databases/default_database/collections"
_NAME = "suifang"
_POINTER = f"{_NAME}-current"
_TURN_SECONDS = 0.3
_BUILD_SECONDS = 30.0
_MOST_BYTES = 4_000_000
_NOT_FOUND = 404


class ServerStore:
    """Versions on a server. Vectors already paid for and the lock stay in `folder`."""

    look_every = 5.0

    def __init__(
        self,
        url: str,
        folder: Path,
        token: str = "",
        *,
        turn_seconds: float = _TURN_SECONDS,
        breaker: Breaker | None = None,
    ) -> None:
        self.folder = folder
        self._url = url.rstrip("/")
        self._turn_seconds = turn_seconds
        self._breaker = breaker or Breaker()
        self._caller = Caller({"X-Chroma-Token": token} if token else {})

    def __repr__(self) -> str:
        return self._url

    def current(self) -> str | None:
        found = self._collection(_POINTER)
        return str(found["metadata"]["version"]) if found else None

    def find(self, version: str) -> str | None:
        return version if self._collection(_full(version, PASSAGES)) else None

    def open(self, name: str) -> ServerReader:
        found = [self._collection(_full(name, kind)) for kind in (PASSAGES, VARIANTS)]
        if found[0] is None or found[1] is None:
            msg = "the index is not on the server"
            raise IndexBroken(msg)
        about = About.read(found[0]["metadata"] or {})
        counts = tuple(self._turn("GET", f"/{one['id']}/count") for one in found if one)
        if counts != (about.passages, about.variants):
            msg = "the index is not whole"
            raise IndexBroken(msg)
        return ServerReader(self, about, found[0]["id"], found[1]["id"])

    def write(self, about: About, rows: Mapping[str, Iterable[Sequence[Row]]]) -> str:
        """Fill two collections under names of our own; the last renaming makes the version whole."""
        mark = f"{socket.gethostname()}.{os.getpid()}.partial"
        self._sweep(lambda name: name.endswith(mark))
        ids = {kind: self._fill(kind, mark, about, batches) for kind, batches in rows.items()}
        # A broken one of the same name gives way; passages are looked at first, so they come last.
        for kind in (PASSAGES, VARIANTS):
            self._delete(_full(about.version, kind))
        for kind in (VARIANTS, PASSAGES):
            self._build("PUT", f"/{ids[kind]}", {"new_name": _full(about.version, kind)})
        return about.version

    def point(self, name: str) -> None:
        before = self.current()
        made = {"name": _POINTER, "metadata": {"version": name}, "get_or_create": True}
        pointer = self._build("POST", "", made)
        self._build("PUT", f"/{pointer['id']}", {"new_metadata": {"version": name}})
        kept = {
            _POINTER,
            *(_full(v, kind) for v in (name, before) for kind in (PASSAGES, VARIANTS)),
        }
        self._sweep(lambda found: found not in kept and not found.endswith(".partial"))

    def query(self, collection: str, vector: Vectors, count: int) -> Any:
        """Ask for the nearest, once, and not at all while the server is left alone."""
        wanted = {
            "query_embeddings": [[float(x) for x in vector]],
            "n_results": count,
            "include": ["metadatas", "distances"],
        }
        return self._turn("POST", f"/{collection}/query", wanted)

    def close(self) -> None:
        self._caller.close()

    def _fill(self, kind: str, mark: str, about: About, batches: Iterable[Sequence[Row]]) -> str:
        made = self._build(
            "POST",
            "",
            {
                "name": f"{_full(about.version, kind)}.{mark}",
                "metadata": asdict(about),
                "configuration": {"hnsw": {"space": "cosine"}},
            },
        )
        for batch in batches:
            rows = {
                "ids": [row.id for row in batch],
                "embeddings": [[float(x) for x in row.vector] for row in batch],
                "metadatas": [{"article": row.owner} for row in batch],
            }
            self._build("POST", f"/{made['id']}/add", rows)
        return str(made["id"])

    def _collection(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._turn("GET", f"/{name}")
        except _Absent:
            return None
        return found

    def _turn(self, method: str, path: str, body: Any = None) -> Any:
        if self._breaker.rests:
            msg = "the Chroma server failed and is left alone for a while"
            raise IndexBroken(msg)
        try:
            found = self._call(method, path, body, self._turn_seconds)
        except CallFailed as error:
            if error.status == _NOT_FOUND:
                self._breaker.worked()
                raise _Absent from None
            self._breaker.failed()
            msg = f"the Chroma server failed: {error}"
            raise IndexBroken(msg) from None
        self._breaker.worked()
        return found

    def _build(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return self._call(method, path, body, _BUILD_SECONDS)
        except CallFailed as error:
            msg = f"the Chroma server failed: {error}"
            raise IndexBroken(msg) from None

    def _call(self, method: str, path: str, body: Any, seconds: float) -> Any:
        url = f"{self._url}{_ROOT}{path}"
        return self._caller.ask(method, url, body, seconds=seconds, most_bytes=_MOST_BYTES)

    def _sweep(self, gone: Any) -> None:
        for found in self._build("GET", "?limit=1000"):
            name = str(found["name"])
            if name.startswith(f"{_NAME}-") and gone(name):
                self._delete(name)

    def _delete(self, name: str) -> None:
        with suppress(CallFailed):
            self._call("DELETE", f"/{name}", None, _BUILD_SECONDS)


class ServerReader:
    """A version on the server."""

    def __init__(self, store: ServerStore, about: About, passages: str, variants: str) -> None:
        self.about = about
        self._store, self._passages, self._variants = store, passages, variants

    def nearest(self, vector: Vectors, passages: int, variants: int) -> tuple[Near, Near]:
        return (
            self._near(self._passages, vector, passages),
            self._near(self._variants, vector, variants),
        )

    def close(self) -> None:
        """Nothing is held open."""

    def _near(self, collection: str, vector: Vectors, count: int) -> Near:
        found = self._store.query(collection, vector, count)
        try:
            owners = [str(meta["article"]) for meta in found["metadatas"][0]]
            distances = [float(distance) for distance in found["distances"][0]]
            return by_owner(self.about, owners, distances)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            msg = f"the Chroma server answered something else ({type(error).__name__})"
            raise IndexBroken(msg) from error


class _Absent(IndexBroken):
    """There is no such collection."""


def _full(version: str | None, kind: str) -> str:
    return f"{_NAME}-{version}-{kind}"
