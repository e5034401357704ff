"""Vectors that were paid for, in one file beside the index: no text is embedded twice.

Records have a fixed length and are only ever appended, so a build that was killed goes on where it
stood: a torn record at the end is dropped. One process writes at a time (`knowledge.store`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from knowledge.embedder import Vectors

_KEY = 16
_FLOAT = np.dtype("<f4")


class VectorFile:
    """The vectors of one embedder, by key."""

    def __init__(self, folder: Path, embedder: str) -> None:
        self._stem = hashlib.sha256(embedder.encode()).hexdigest()[:12]
        self._folder = folder
        self._length = 0
        self._known: dict[bytes, Vectors] = {}
        for path in sorted(folder.glob(f"{self._stem}.*.f4")):
            self._read(path)

    def __len__(self) -> int:
        return len(self._known)

    @property
    def length(self) -> int:
        """The length of the vectors; 0 while there are none."""
        return self._length

    def find(self, key: str) -> Vectors | None:
        return self._known.get(_digest(key))

    def add(self, keys: Iterable[str], vectors: Vectors) -> None:
        """Keep vectors; they are on the disk when this returns."""
        found = {
            _digest(key): np.asarray(vector, _FLOAT)
            for key, vector in zip(keys, vectors, strict=True)
        }
        if not found:
            return
        self._length = vectors.shape[1]
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(b"".join(key + vector.tobytes() for key, vector in found.items()))
            file.flush()
            os.fsync(file.fileno())
        self._known.update(found)

    def forget(self) -> None:
        """Drop everything: the embedder has changed under its name."""
        for path in self._folder.glob(f"{self._stem}.*.f4"):
            path.unlink()
        self._known, self._length = {}, 0

    def keep_only(self, keys: Iterable[str]) -> None:
        """Write the file anew with these keys when half of it or more is of no use any longer."""
        wanted = {_digest(key) for key in keys} & self._known.keys()
        if len(wanted) * 2 > len(self._known):
            return
        self._known = {key: self._known[key] for key in sorted(wanted)}
        waiting = self._path.with_suffix(".new")
        waiting.write_bytes(b"".join(key + v.tobytes() for key, v in self._known.items()))
        waiting.replace(self._path)

    @property
    def _path(self) -> Path:
        # The length stands in the name, so that a record can be told from its neighbour.
        return self._folder / f"{self._stem}.{self._length}.f4"

    def _read(self, path: Path) -> None:
        length = path.suffixes[0].removeprefix(".")
        if not length.isdecimal() or not int(length):
            return
        size = _KEY + int(length) * _FLOAT.itemsize
        content = path.read_bytes()
        whole = len(content) - len(content) % size
        if whole < len(content):
            os.truncate(path, whole)
        self._length = int(length)
        for at in range(0, whole, size):
            vector = np.frombuffer(content, _FLOAT, int(length), at + _KEY)
            if np.isfinite(vector).all():
                self._known[content[at : at + _KEY]] = vector


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()[:_KEY]
