"""The vector index: which texts are embedded, under which version, and how a version is built.

A version is named by everything that decides its vectors: the texts as they are normalised, the
layout and the embedder. Building it touches nothing that is in use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from knowledge.article import Article, read_articles
from knowledge.decoys import DECOY, Decoys, read_decoys
from knowledge.embedder import Embedder, EmbedderError, LocalEmbedder, Vectors
from knowledge.question import normalise
from knowledge.scale import scale_of
from knowledge.store import (
    LAYOUT,
    PASSAGES,
    VARIANTS,
    About,
    FolderStore,
    IndexBroken,
    Row,
    Store,
    building,
    now_seconds,
)
from knowledge.vectors import VectorFile

__all__ = ["Built", "IndexBroken", "build", "current", "version_of"]

Progress = Callable[[int, int], None]
# Told how many seconds a step took. May wait so that others get the core, or raise to give up.
Breathe = Callable[[float], None]
_BATCH = 32
_STORED_AT_ONCE = 256
_SAME = 0.99


class BeingBuilt(Exception):  # noqa: N818 - reads as what it says
    """Another process of this machine is at it; its version will be there soon."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did. `fresh` is False when that version stood already."""

    version: str
    fresh: bool
    embedded: int
    reused: int


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    owner: str
    text: str


def version_of(articles: Sequence[Article], decoys: Decoys, embedder: Embedder) -> str:
    """Name the index that these articles and this embedder give."""
    digest = hashlib.sha256(f"{LAYOUT}|{embedder.name}".encode())
    for entries in _entries(articles, decoys):
        for entry in sorted(entries, key=lambda one: one.key):
            digest.update(f"{entry.key}|{entry.owner}|{entry.text}\0".encode())
    return digest.hexdigest()[:16]


def build(
    place: Path | Store,
    embedder: Embedder,
    progress: Progress | None = None,
    articles: Sequence[Article] | None = None,
    decoys: Decoys | None = None,
    *,
    breathe: Breathe = lambda _: None,
    batch: int = _BATCH,
) -> Built:
    """Build the index of the corpus beside the one in use, then make it the current one.

    A text that was embedded before is not embedded again, not even after a build that was killed.

    Args:
        place: where the versions lie.
        embedder: where vectors come from.
        progress: told (done, total) after each batch.
        articles: the corpus; the packaged one when not given.
        decoys: what is not ours; the packaged ones when not given.
        breathe: called after each step, with the seconds it took.
        batch: how many texts are embedded at once.

    Raises:
        BeingBuilt: another process is building.
        EmbedderError: no vectors are to be had.
        IndexBroken: the index cannot be written; the message says why.
    """
    store = place_of(place)
    corpus = read_articles() if articles is None else tuple(articles)
    entries = _entries(corpus, read_decoys() if decoys is None else decoys)
    version = version_of(corpus, read_decoys() if decoys is None else decoys, embedder)
    try:
        with building(store.folder) as ours:
            if not ours:
                raise BeingBuilt
            work = _Work(store, embedder, progress, breathe, batch)
            return work.built(version, entries)
    except OSError as error:
        msg = f"the index cannot be written: {error.strerror or error}"
        raise IndexBroken(msg) from error


def current(index_dir: Path) -> str | None:
    """Return the version in use, or None before the first build."""
    return FolderStore(index_dir).current()


def place_of(place: Path | Store) -> Store:
    """A folder stands for the store in it."""
    return FolderStore(place) if isinstance(place, Path) else place


@dataclass
class _Work:
    """One build."""

    store: Store
    embedder: Embedder
    progress: Progress | None
    breathe: Breathe
    batch: int

    def built(self, version: str, entries: tuple[list[_Entry], list[_Entry]]) -> Built:
        passages, variants = entries
        kept = VectorFile(self.store.folder / "vectors", self.embedder.name)
        same = self._probe(kept, (passages or variants)[0].text)
        found = self.store.find(version)
        if found is not None and same and self._sound(found, kept.length):
            self.store.point(found)
            return Built(found, fresh=False, embedded=0, reused=0)
        embedded = self._embed(kept, entries)
        slope, offset = self._scale(kept, variants)
        about = About(
            version=version,
            embedder=self.embedder.name,
            length=kept.length,
            passages=len(passages),
            variants=len(variants),
            built=now_seconds(),
            slope=slope,
            offset=offset,
        )
        name = self.store.write(
            about,
            {PASSAGES: self._rows(kept, passages), VARIANTS: self._rows(kept, variants)},
        )
        self.store.open(name).close()
        self.store.point(name)
        kept.keep_only(entry.key for entry in (*passages, *variants))
        total = len(passages) + len(variants)
        return Built(name, fresh=True, embedded=embedded, reused=total - embedded)

    def _probe(self, kept: VectorFile, text: str) -> bool:
        """Ask for one vector: an embedder that has changed under its name must begin anew."""
        (fresh,) = self.embedder.passages([text])
        key = f"probe|{text}"
        known = kept.find(key)
        same = kept.length in {0, len(fresh)}
        if same and known is not None:
            same = float(known @ fresh) >= _SAME
        if not same:
            kept.forget()
        if kept.find(key) is None:
            kept.add([key], np.asarray([fresh]))
        return same

    def _sound(self, name: str, length: int) -> bool:
        try:
            reader = self.store.open(name)
        except IndexBroken:
            return False
        try:
            reader.nearest(np.ones(length, dtype=np.float32), 1, 1)
        except IndexBroken:
            return False
        finally:
            reader.close()
        return reader.about.length == length

    def _embed(self, kept: VectorFile, entries: tuple[list[_Entry], list[_Entry]]) -> int:
        """Embed what is not known yet. Returns how many texts that were."""
        total = len(entries[0]) + len(entries[1])
        missing = [[one for one in part if kept.find(one.key) is None] for part in entries]
        embedded = 0
        known = total - sum(map(len, missing))
        for part, embed in zip(
            missing, (self.embedder.passages, self.embedder.queries), strict=True
        ):
            for start in range(0, len(part), self.batch):
                began = perf_counter()
                some = part[start : start + self.batch]
                vectors = embed([one.text for one in some])
                if kept.length not in {0, vectors.shape[1]}:
                    msg = "the embedder gives vectors of different lengths"
                    raise EmbedderError(msg)
                kept.add([one.key for one in some], vectors)
                embedded += len(some)
                if self.progress is not None:
                    self.progress(known + embedded, total)
                self.breathe(perf_counter() - began)
        if self.progress is not None:
            self.progress(total, total)
        return embedded

    def _scale(self, kept: VectorFile, variants: list[_Entry]) -> tuple[float, float]:
        if self.embedder.name == LocalEmbedder.name:
            return 1.0, 0.0
        return scale_of([(one.owner, _vector(kept, one)) for one in variants])

    def _rows(self, kept: VectorFile, entries: list[_Entry]) -> Iterator[list[Row]]:
        for start in range(0, len(entries), _STORED_AT_ONCE):
            some = entries[start : start + _STORED_AT_ONCE]
            began = perf_counter()
            yield [Row(one.key, one.owner, _vector(kept, one)) for one in some]
            self.breathe(perf_counter() - began)


def _vector(kept: VectorFile, entry: _Entry) -> Vectors:
    vector = kept.find(entry.key)
    assert vector is not None  # noqa: S101 - it was embedded a moment ago
    return vector


def _entries(corpus: Sequence[Article], decoys: Decoys) -> tuple[list[_Entry], list[_Entry]]:
    """List the passages and the question variants, each variant once per owner."""
    passages = [_Entry(_key("p", a.id, a.passage), a.id, a.passage) for a in corpus]
    asked = [(a.id, a.questions) for a in corpus]
    asked += [(DECOY + kind, tuple(texts)) for kind, texts in decoys.items()]
    found: dict[str, _Entry] = {}
    for owner, texts in asked:
        for text in map(normalise, texts):
            key = _key("v", owner, text)
            found[key] = _Entry(key, owner, text)
    return passages, list(found.values())


def _key(kind: str, owner: str, text: str) -> str:
    return hashlib.sha256(f"{kind}|{owner}|{text}".encode()).hexdigest()[:24]
