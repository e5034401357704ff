"""A library of articles that are not in force: what would be answered if they were.

It lies in a folder of its own that goes with it. Vectors that were paid for are taken along, so only
the texts that are new are embedded; the index in use is not touched.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from knowledge import index
from knowledge.article import Article
from knowledge.embedder import Embedder, EmbedderError, borrowed
from knowledge.library import Library
from knowledge.store import FolderStore, Store

_VECTORS = "vectors"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How such a library is made. `folder`: where the index in use keeps its vectors.

    `embedder` makes a patient one; None: words alone.
    """

    library: Callable[[Store | None, Embedder | None, Sequence[Article]], Library]
    folder: Path
    embedder: Callable[[], Embedder | None] = lambda: None

    @contextmanager
    def opened(
        self, articles: Sequence[Article], breathe: Callable[[float], None] = lambda _: None
    ) -> Iterator[Library]:
        """Open a library of these articles, and forget it afterwards.

        Where no vectors are to be had words alone answer, as they do then for patients too.

        Raises:
            IndexBroken: its index cannot be written here.
        """
        with tempfile.TemporaryDirectory(prefix="suifang-rehearsal-") as place:
            store = FolderStore(Path(place))
            with borrowed(self._made()) as embedder:
                built = embedder is not None and self._build(store, embedder, articles, breathe)
                library = self.library(
                    store if built else None, embedder if built else None, articles
                )
                try:
                    yield library
                finally:
                    library.index.close()

    def _made(self) -> Embedder | None:
        try:
            return self.embedder()
        except EmbedderError:
            return None

    def _build(
        self,
        store: FolderStore,
        embedder: Embedder,
        articles: Sequence[Article],
        breathe: Callable[[float], None],
    ) -> bool:
        """Build its index; False where no vectors are to be had."""
        kept = self.folder / _VECTORS
        try:
            if kept.is_dir():
                shutil.copytree(kept, store.folder / _VECTORS)
            index.build(store, embedder, articles=articles, breathe=breathe)
        except EmbedderError:
            return False
        return True
