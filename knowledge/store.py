"""Where finished versions of the index lie: immutable, named by what they hold, one of them current.

This store is a folder with one embedded Chroma database for each version. A reader never sees half
a version: it is filled under another name and gets its own when it is whole.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast
from uuid import uuid4

import numpy as np

from knowledge.embedder import Vectors

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

LAYOUT = "3"
PASSAGES = "passages"
VARIANTS = "variants"
_ABOUT = "index.json"
_CURRENT = "current"
_LOCK = "lock"
_PARTIAL = ".partial"

Near = dict[str, list[float]]


class IndexBroken(Exception):  # noqa: N818 - reads as what it says
    """There is no usable index; the message says why."""


@dataclass(frozen=True, slots=True)
class About:
    """What a version says of itself.

    `slope` and `offset` bring the cosines of its embedder to the scale of the local one, for which
    the weights of the ranking were chosen.
    """

    version: str
    embedder: str
    length: int
    passages: int
    variants: int
    built: float
    slope: float = 1.0
    offset: float = 0.0
    layout: str = LAYOUT

    @classmethod
    def read(cls, fields: Mapping[str, object]) -> About:
        """Check what was written down.

        Raises:
            IndexBroken: it was written by another layout, or by nobody.
        """
        if fields.get("layout") != LAYOUT:
            msg = "the index was built by another release"
            raise IndexBroken(msg)
        try:
            return cls(**cast("dict[str, str]", dict(fields)))  # type: ignore[arg-type]
        except TypeError as error:
            msg = "the index does not say what it holds"
            raise IndexBroken(msg) from error


@dataclass(frozen=True, slots=True)
class Row:
    """One embedded text: its key, whose it is, and its vector."""

    id: str
    owner: str
    vector: Vectors


class Reader(Protocol):
    """An open version."""

    about: About

    def nearest(self, vector: Vectors, passages: int, variants: int) -> tuple[Near, Near]:
        """Return the best cosines per owner, by passage and by question variant."""
        ...

    def close(self) -> None: ...


class Store(Protocol):
    """Versions by name. `folder` is where this machine keeps vectors and lock.

    `look_every`: how many seconds a reader waits before it looks for a better version again.
    """

    folder: Path
    look_every: float

    def current(self) -> str | None:
        """Return the name of the version in use, None before the first."""
        ...

    def find(self, version: str) -> str | None:
        """Return the name under which a whole version lies."""
        ...

    def open(self, name: str) -> Reader: ...

    def write(self, about: About, rows: Mapping[str, Iterable[Sequence[Row]]]) -> str:
        """Write a version, beside a broken one if need be, and return its name."""
        ...

    def point(self, name: str) -> None:
        """Make a version the current one; what is older than the one before goes."""
        ...


@contextmanager
def building(folder: Path) -> Iterator[bool]:
    """Hold the right to build on this machine; False when another process has it.

    The kernel takes the lock back from a process that dies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


class FolderStore:
    """Versions in a folder."""

    look_every = 0.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return str(self.folder)

    def current(self) -> str | None:
        try:
            return (self.folder / _CURRENT).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def find(self, version: str) -> str | None:
        # Nearly always the first one is there; the others are what stands beside a broken one.
        try:
            whole = [p.parent.name for p in self.folder.glob(f"{version}*/{_ABOUT}")]
        except OSError:
            return None
        return max((n for n in whole if not n.endswith(_PARTIAL)), key=_number, default=None)

    def open(self, name: str) -> FolderReader:
        return FolderReader(self.folder / name)

    def write(self, about: About, rows: Mapping[str, Iterable[Sequence[Row]]]) -> str:
        self._sweep_partial()
        # A name of its own each time: Chroma never forgets a folder that it failed to open.
        partial = self.folder / f"{about.version}.{uuid4().hex[:8]}{_PARTIAL}"
        partial.mkdir(parents=True)
        try:
            with _client(partial) as client:
                for name, batches in rows.items():
                    _fill(client, name, batches)
            (partial / _ABOUT).write_text(json.dumps(asdict(about)), encoding="utf-8")
            final = self.folder / self._free_name(about.version)
            partial.rename(final)
        except Exception as error:
            # On a full disk Chroma raises whatever comes: Rust errors, missing attributes.
            if type(error).__module__.startswith("knowledge."):
                raise
            msg = f"the index cannot be written: {error}"
            raise IndexBroken(msg) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return final.name

    def point(self, name: str) -> None:
        before = self.current()
        waiting = self.folder / f"{_CURRENT}.{os.getpid()}"
        waiting.write_text(name, encoding="utf-8")
        waiting.replace(self.folder / _CURRENT)
        # The version before stays: a reader may still have it open.
        for folder in self.folder.iterdir():
            if folder.name not in {name, before} and (folder / _ABOUT).exists():
                shutil.rmtree(folder, ignore_errors=True)

    def _free_name(self, version: str) -> str:
        """Never a name that was in use: Chroma remembers the folders that a process has opened."""
        names = [p.name for p in self.folder.glob(f"{version}*") if p.is_dir()]
        pointed = self.current() or ""
        names += [pointed] if pointed.startswith(version) else []
        last = max(map(_number, names), default=0)
        return f"{version}-{last + 1}" if last else version

    def _sweep_partial(self) -> None:
        """Only who holds the lock writes, so whatever is unfinished here was left by the dead."""
        for left in (*self.folder.glob(f"*{_PARTIAL}"), *self.folder.glob(f"{_CURRENT}.*")):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


class FolderReader:
    """An open version in a folder."""

    def __init__(self, folder: Path) -> None:
        self._client: Client | None = None
        try:
            self.about = About.read(json.loads((folder / _ABOUT).read_text(encoding="utf-8")))
            self._client = _client(folder)
            self._passages = self._client.get_collection(PASSAGES, embedding_function=None)
            self._variants = self._client.get_collection(VARIANTS, embedding_function=None)
            found = (self._passages.count(), self._variants.count())
        except IndexBroken:
            raise
        except Exception as error:
            # Chroma raises its own Rust errors; whatever it is, the index cannot be used.
            self.close()
            msg = f"{type(error).__name__}: {error}"
            raise IndexBroken(msg) from error
        if found != (self.about.passages, self.about.variants):
            self.close()
            msg = "the index is not whole"
            raise IndexBroken(msg)

    def nearest(self, vector: Vectors, passages: int, variants: int) -> tuple[Near, Near]:
        try:
            return (
                self._near(self._passages, vector, passages),
                self._near(self._variants, vector, variants),
            )
        except Exception as error:
            msg = f"{type(error).__name__}: {error}"
            raise IndexBroken(msg) from error

    def close(self) -> None:
        if self._client is not None:
            with suppress(Exception):
                self._client.close()

    def _near(self, collection: Collection, vector: Vectors, count: int) -> Near:
        found = collection.query(
            query_embeddings=np.asarray([vector]),
            n_results=count,
            include=["metadatas", "distances"],
        )
        owners = [str(meta["article"]) for meta in (found["metadatas"] or [[]])[0]]
        distances = [float(distance) for distance in (found["distances"] or [[]])[0]]
        return by_owner(self.about, owners, distances)


def by_owner(about: About, owners: Sequence[str], distances: Sequence[float]) -> Near:
    """Gather cosines by owner, on the local embedder's scale, best first."""
    near: Near = {}
    for owner, distance in zip(owners, distances, strict=True):
        near.setdefault(owner, []).append(about.offset + about.slope * (1.0 - distance))
    return near


def now_seconds() -> float:
    """When a version was built; nothing is decided by it."""
    return time.time()


def _fill(client: Client, name: str, batches: Iterable[Sequence[Row]]) -> None:
    collection = client.create_collection(
        name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
    )
    for batch in batches:
        collection.add(
            ids=[row.id for row in batch],
            embeddings=np.asarray([row.vector for row in batch], dtype=np.float32),
            metadatas=[{"article": row.owner} for row in batch],
        )


def _client(folder: Path) -> Client:
    # Imported late: the web process never needs Chroma, and it costs most of a second.
    import chromadb  # noqa: PLC0415
    from chromadb.config import Settings  # noqa: PLC0415

    settings = Settings(anonymized_telemetry=False, allow_reset=False)
    return cast("Client", chromadb.PersistentClient(path=str(folder), settings=settings))


def _number(name: str) -> int:
    """Which build of its version a folder is; 0 when it is none."""
    version, _, number = name.partition("-")
    if "." in version:
        return 0
    return int(number) if number.isdecimal() else 1
