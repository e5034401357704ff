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
        self._place: dict[str, int] = {}
        # Every posting of every term in three flat arrays: a start of ten thousand small ones is slow.
        place = self._place
        which = [place.setdefault(term, len(place)) for count in counts for term in count]
        often = np.array([n for count in counts for n in count.values()], dtype=np.float32)
        at = np.repeat(np.arange(len(texts)), [len(count) for count in counts])
        order = np.argsort(np.array(which, dtype=np.int64), kind="stable")
        found = np.bincount(np.array(which, dtype=np.int64), minlength=len(place))
        idf = np.log(1 + (len(texts) - found + 0.5) / (found + 0.5))
        weights = idf[which].astype(np.float32) * often * np.float32(_K1 + 1)
        weights = weights / (often + norms[at].astype(np.float32)) if which else weights
        self._size = len(texts)
        self._at, self._weights = at[order], weights[order]
        self._bounds = [0, *np.cumsum(found).tolist()]
        self._idf = idf.tolist()
        self._unknown = math.log(1 + (len(texts) + 0.5) / 0.5)

    def scores(self, query: str) -> NDArray[np.float32]:
        """Score every text against the (normalised) query."""
        total = np.zeros(self._size, dtype=np.float32)
        for term in set(terms(query)):
            place = self._place.get(term)
            if place is not None:
                here = slice(self._bounds[place], self._bounds[place + 1])
                total[self._at[here]] += self._weights[here]
        return total

    def mass(self, query: str) -> float:
        """How much there is to match in the query: the idf of its terms, unknown ones included."""
        places = (self._place.get(term) for term in set(terms(query)))
        return sum(self._unknown if place is None else self._idf[place] for place in places)


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
