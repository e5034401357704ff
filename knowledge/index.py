"""The vector index: an immutable, versioned Chroma folder and the pointer to the current one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from knowledge.article import Article, read_articles
from knowledge.decoys import DECOY, Decoys, read_decoys
from knowledge.embedder import Embedder, Vectors
from knowledge.question import normalise

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

Progress = Callable[[int, int], None]
_LAYOUT = "2"
_BATCH = 32
_ABOUT = "index.json"
_CURRENT = "current"
PASSAGES = "passages"
VARIANTS = "variants"


class IndexBroken(Exception):  # noqa: N818 - reads as what it says
    """There is no usable index; the message says why."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did. `fresh` is False when that version stood already."""

    version: str
    fresh: bool
    embedded: int
    reused: int


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    article: str
    text: str


def corpus_hash(articles: Sequence[Article], decoys: Decoys) -> str:
    """Identify the texts that are embedded; anything else may change without a rebuild."""
    digest = hashlib.sha256()
    for article in articles:
        for text in (article.id, article.passage, *article.questions):
            digest.update(text.encode())
            digest.update(b"\0")
    digest.update(json.dumps(dict(decoys), sort_keys=True).encode())
    return digest.hexdigest()[:16]


def version_of(articles: Sequence[Article], decoys: Decoys, embedder: Embedder) -> str:
    """Name the index these articles and this embedder give."""
    named = f"{_LAYOUT}|{corpus_hash(articles, decoys)}|{embedder.name}"
    return hashlib.sha256(named.encode()).hexdigest()[:16]


def build(
    index_dir: Path,
    embedder: Embedder,
    progress: Progress | None = None,
    articles: Sequence[Article] | None = None,
    decoys: Decoys | None = None,
) -> Built:
    """Build the index of the corpus beside the one in use, then point `current` at it.

    Vectors of unchanged texts are taken from the index in use. Serving goes on meanwhile.

    Args:
        index_dir: the folder that holds the versions.
        embedder: where vectors come from.
        progress: told (done, total) after each batch.
        articles: the corpus; the packaged one when not given.
        decoys: what is not ours; the packaged ones when not given.
    """
    corpus = read_articles() if articles is None else tuple(articles)
    others = read_decoys() if decoys is None else decoys
    version = version_of(corpus, others, embedder)
    final = index_dir / version
    if (final / _ABOUT).exists():
        _point(index_dir, version)
        return Built(version, fresh=False, embedded=0, reused=0)
    previous = _open_previous(index_dir, embedder)
    partial = index_dir / f"{version}.{os.getpid()}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        embedded, reused = _fill(partial, _entries(corpus, others), embedder, previous, progress)
        about = {
            "version": version,
            "corpus": corpus_hash(corpus, others),
            "embedder": embedder.name,
        }
        (partial / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        shutil.rmtree(final, ignore_errors=True)
        partial.rename(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    before = current(index_dir)
    _point(index_dir, version)
    _sweep(index_dir, keep={version, before})
    return Built(version, fresh=True, embedded=embedded, reused=reused)


def current(index_dir: Path) -> str | None:
    """Return the version in use, or None before the first build."""
    try:
        return (index_dir / _CURRENT).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


class Reader:
    """An open version of the index."""

    def __init__(self, index_dir: Path, version: str) -> None:
        folder = index_dir / version
        try:
            about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
            self.version: str = about["version"]
            self.corpus: str = about["corpus"]
            self.embedder: str = about["embedder"]
            self._client = _client(folder)
            self._passages = self._client.get_collection(PASSAGES, embedding_function=None)
            self._variants = self._client.get_collection(VARIANTS, embedding_function=None)
            self._passages.count()
            self._variants.count()
        except Exception as error:
            # Chroma raises its own Rust errors; whatever it is, the index cannot be used.
            msg = f"{type(error).__name__}: {error}"
            raise IndexBroken(msg) from error

    def nearest(
        self, vector: Vectors, passages: int, variants: int
    ) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
        """Return the best cosine per article, by passage and by question variant."""
        try:
            return (
                _near(self._passages, vector, passages),
                _near(self._variants, vector, variants),
            )
        except Exception as error:
            msg = f"{type(error).__name__}: {error}"
            raise IndexBroken(msg) from error

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the stored vectors of the ids that exist."""
        found = self._client.get_collection(collection, embedding_function=None).get(
            ids=list(ids), include=["embeddings"]
        )
        rows = found["embeddings"]
        if rows is None:
            return {}
        return {
            key: np.asarray(row, dtype=np.float32)
            for key, row in zip(found["ids"], rows, strict=True)
        }

    def close(self) -> None:
        self._client.close()


def _near(collection: Collection, vector: Vectors, count: int) -> dict[str, list[float]]:
    found = collection.query(
        query_embeddings=np.asarray([vector]),
        n_results=count,
        include=["metadatas", "distances"],
    )
    near: dict[str, list[float]] = {}
    metas, distances = (found["metadatas"] or [[]])[0], (found["distances"] or [[]])[0]
    for meta, distance in zip(metas, distances, strict=True):
        near.setdefault(str(meta["article"]), []).append(1.0 - float(distance))
    return near


def _client(folder: Path) -> Client:
    # Imported late: the web process never needs Chroma, and it costs most of a second.
    import chromadb  # noqa: PLC0415
    from chromadb.config import Settings  # noqa: PLC0415

    settings = Settings(anonymized_telemetry=False, allow_reset=False)
    return cast("Client", chromadb.PersistentClient(path=str(folder), settings=settings))


def _entries(corpus: Sequence[Article], decoys: Decoys) -> tuple[list[_Entry], list[_Entry]]:
    """List the passages and the question variants, each variant once per owner."""
    passages = [_Entry(_key("p", a.passage), a.id, a.passage) for a in corpus]
    asked = [(a.id, a.questions) for a in corpus]
    asked += [(DECOY + kind, tuple(texts)) for kind, texts in decoys.items()]
    variants = {
        _key(owner, text): _Entry(_key(owner, text), owner, normalise(text))
        for owner, texts in asked
        for text in texts
    }
    return passages, list(variants.values())


def _fill(
    folder: Path,
    entries: tuple[list[_Entry], list[_Entry]],
    embedder: Embedder,
    previous: Reader | None,
    progress: Progress | None,
) -> tuple[int, int]:
    client = _client(folder)
    passages, variants = entries
    total, done, reused = len(passages) + len(variants), 0, 0
    jobs = ((PASSAGES, passages, embedder.passages), (VARIANTS, variants, embedder.queries))
    for name, rows, embed in jobs:
        collection = client.create_collection(
            name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        known = previous.vectors(name, [row.id for row in rows]) if previous else {}
        reused += len(known)
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            collection.add(
                ids=[entry.id for entry in batch],
                embeddings=_embed(batch, known, embed),
                metadatas=[{"article": entry.article} for entry in batch],
            )
            done += len(batch)
            if progress is not None:
                progress(done, total)
    client.close()
    return total - reused, reused


def _embed(
    batch: Sequence[_Entry],
    known: dict[str, Vectors],
    embed: Callable[[Sequence[str]], Vectors],
) -> Vectors:
    new = [entry for entry in batch if entry.id not in known]
    fresh = dict(zip((e.id for e in new), embed([e.text for e in new]), strict=True)) if new else {}
    return np.asarray([known.get(e.id, fresh.get(e.id)) for e in batch], dtype=np.float32)


def _key(scope: str, text: str) -> str:
    return hashlib.sha256(f"{scope}|{text}".encode()).hexdigest()[:24]


def _open_previous(index_dir: Path, embedder: Embedder) -> Reader | None:
    version = current(index_dir)
    if version is None:
        return None
    try:
        reader = Reader(index_dir, version)
    except IndexBroken:
        return None
    return reader if reader.embedder == embedder.name else None


def _point(index_dir: Path, version: str) -> None:
    waiting = index_dir / f"{_CURRENT}.{os.getpid()}"
    waiting.write_text(version, encoding="utf-8")
    waiting.replace(index_dir / _CURRENT)


def _sweep(index_dir: Path, keep: set[str | None]) -> None:
    # The version before stays: a reader may still have it open.
    for folder in index_dir.iterdir():
        if folder.is_dir() and folder.name not in keep and (folder / _ABOUT).exists():
            shutil.rmtree(folder, ignore_errors=True)
