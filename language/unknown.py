"""Words that people use and no list knows: counted over messages, told without any of them.

There is no dictionary. A stretch of two to four signs is taken for a word when its signs come
together far oftener than chance would have it and when different signs stand around it. What the
known texts hold is no news; what fewer than five conversations use stays between them.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from language.dialects import standard

AT_LEAST = 5
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0002ffff]+")
_LONGEST = 4
_SIZES = range(2, _LONGEST + 1)
# A word's signs meet this much oftener than by chance, and this many different signs surround it.
_COHESION = 4.0
_NEIGHBOURS = 2
# Nine of ten uses of a piece are inside a longer word: the longer word is told.
_PART = 0.9
# Particles and the like: a stretch that begins or ends with one is a piece of a sentence.
_LOOSE = frozenset(
    "的了着过呢吗啊吧呀嘛就都也还又很太不没是在有和跟把被给我你他她它这那个一二三四五六七八九十两几"
)
_PLACE = re.compile(r"[村镇乡县市省区路街巷组队屯庄]$")
_NAMED = re.compile(r"医生|大夫|主任|院长|老师|护士|师傅")


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """A stretch of signs, and in how many conversations it was used."""

    text: str
    conversations: int


@dataclass(slots=True)
class Counts:
    """What is kept of messages while they are counted: no message, only pieces of them."""

    total: int = 0
    pieces: Counter[str] = field(default_factory=Counter)
    conversations: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    before: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    behind: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, run: str, conversation: int) -> None:
        """Count the pieces of one run of signs."""
        self.total += len(run)
        self.pieces.update(run)
        for start, size in itertools.product(range(len(run)), _SIZES):
            piece = run[start : start + size]
            if len(piece) < size:
                continue
            self.pieces[piece] += 1
            self.conversations[piece].add(conversation)
            self.before[piece].add(run[start - 1 : start] or f"^{conversation}")
            self.behind[piece].add(run[start + size : start + size + 1] or f"${conversation}")


class Known:
    """Every piece that the known texts hold, and names that are never told."""

    def __init__(self, texts: Iterable[str], names: Iterable[str] = ()) -> None:
        self._pieces = {piece for text in texts for run in runs(text) for piece in _pieces(run)}
        self._names = frozenset(name for name in names if len(name) > 1)

    def holds(self, piece: str) -> bool:
        """Whether a piece is known, or a piece of a name or an address."""
        if piece in self._pieces or _PLACE.search(piece) or _NAMED.search(piece):
            return True
        return any(piece in name or name in piece for name in self._names)


def runs(text: str) -> list[str]:
    """The stretches of Chinese signs, in standard words: no number, no address of the net."""
    found: list[str] = _HAN.findall(standard(text))
    return found


def unknown_words(
    messages: Iterable[tuple[str, str]], known: Known, at_least: int = AT_LEAST
) -> list[UnknownWord]:
    """The unknown words of (conversation, text) pairs, the most used first.

    `at_least` can only be raised: nothing is told that fewer than five conversations use.
    """
    numbers: dict[str, int] = {}
    counts = Counts()
    for conversation, text in messages:
        number = numbers.setdefault(conversation, len(numbers))
        for run in runs(text):
            counts.add(run, number)
    found = {
        piece: len(used)
        for piece, used in counts.conversations.items()
        if len(used) >= max(at_least, AT_LEAST) and _is_word(piece, counts, known)
    }
    kept = [word for word in found if not _part(word, found)]
    return [UnknownWord(word, found[word]) for word in sorted(kept, key=lambda w: (-found[w], w))]


def _pieces(run: str) -> Iterator[str]:
    for start, size in itertools.product(range(len(run)), _SIZES):
        if start + size <= len(run):
            yield run[start : start + size]


def _is_word(piece: str, counts: Counts, known: Known) -> bool:
    if piece[0] in _LOOSE or piece[-1] in _LOOSE or known.holds(piece):
        return False
    if len(counts.before[piece]) < _NEIGHBOURS or len(counts.behind[piece]) < _NEIGHBOURS:
        return False
    return _cohesion(piece, counts) >= _COHESION


def _cohesion(piece: str, counts: Counts) -> float:
    """How much oftener the two parts meet than by chance, at the weakest seam."""
    uses = counts.pieces[piece] * counts.total
    return min(
        uses / (counts.pieces[piece[:cut]] * counts.pieces[piece[cut:]])
        for cut in range(1, len(piece))
    )


def _part(word: str, found: dict[str, int]) -> bool:
    return any(
        word in other and word != other and found[other] >= _PART * found[word] for other in found
    )
