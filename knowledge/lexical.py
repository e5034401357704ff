"""Character uni- and bigram statistics: BM25, and the odds that a question is ours.

On this corpus characters beat word segmentation (docs/knowledge.md).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[a-z0-9.]+|[\u4e00-\u9fff]+")
_K1 = 1.2
_B = 0.5
_MOST_ODDS = 3.0
_UNSEEN_ODDS = -0.3


def terms(text: str) -> list[str]:
    """Cut normalised text into characters, character pairs and whole Latin or number words."""
    found: list[str] = []
    for run in _WORD.findall(text):
        if run[0].isascii():
            found.append(run)
            continue
        found.extend(run)
        found.extend(run[i : i + 2] for i in range(len(run) - 1))
    return found


class Bm25:
    """BM25 over a fixed list of texts, as postings in numpy arrays."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(terms(text)) for text in texts]
        lengths = np.array([sum(count.values()) for count in counts] or [1], dtype=np.float32)
        mean = float(lengths.mean()) or 1.0
        norms = _K1 * (1 - _B + _B * lengths / mean)
        postings: dict[str, list[tuple[int, int]]] = {}
        for position, count in enumerate(counts):
            for term, often in count.items():
                postings.setdefault(term, []).append((position, often))
        self._size = len(texts)
        self._postings: dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]] = {}
        self._idf: dict[str, float] = {}
        for term, places in postings.items():
            at = np.array([place for place, _ in places], dtype=np.int64)
            counted = np.array([n for _, n in places], dtype=np.float32)
            idf = math.log(1 + (len(texts) - len(places) + 0.5) / (len(places) + 0.5))
            weight = idf * counted * (_K1 + 1) / (counted + norms[at])
            self._idf[term] = idf
            self._postings[term] = (at, weight.astype(np.float32))
        self._unknown = math.log(1 + (len(texts) + 0.5) / 0.5)

    def scores(self, query: str) -> NDArray[np.float32]:
        """Score every text against the (normalised) query."""
        total = np.zeros(self._size, dtype=np.float32)
        for term in set(terms(query)):
            found = self._postings.get(term)
            if found is not None:
                total[found[0]] += found[1]
        return total

    def mass(self, query: str) -> float:
        """How much there is to match in the query: the idf of its terms, unknown ones included."""
        return sum(self._idf.get(term, self._unknown) for term in set(terms(query)))


class Odds:
    """Naive Bayes over the same terms: does a text sound like ours or like the others?"""

    def __init__(self, ours: Sequence[str], others: Sequence[str]) -> None:
        mine = Counter(term for text in ours for term in set(terms(text)))
        theirs = Counter(term for text in others for term in set(terms(text)))
        self._odds = {
            term: math.log((mine[term] + 0.5) / (len(ours) + 1))
            - math.log((theirs[term] + 0.5) / (len(others) + 1))
            for term in mine.keys() | theirs.keys()
        }

    def of(self, text: str) -> float:
        """Return the odds of a normalised text, above zero when it sounds like ours."""
        found = set(terms(text))
        total = sum(
            max(-_MOST_ODDS, min(_MOST_ODDS, self._odds.get(term, _UNSEEN_ODDS))) for term in found
        )
        # Terms overlap, so their evidence grows with the root of their number, not the number.
        return total / math.sqrt(len(found)) if found else 0.0
