"""A second ear: how much a message sounds like somebody who is ill now. Learned, and it only raises.

The rules know what they were told; people say it otherwise. A linear model over pieces of the text
(signs, pairs of signs with a gap, sounds), trained by `scripts/train_suspicion.py` on the sentences
in `language/corpus/`, hears what stands in no list. It adds a finding and takes none away.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zlib import crc32

from language.homophones import sound_of

DATA = Path(__file__).parent / "data"
BUCKETS = 1 << 17
ACUTE, GRAVE = "acute", "grave"
HEADS = (ACUTE, GRAVE)

# People put the trouble first or last; a long letter is heard piece by piece.
_LONGEST_PIECE = 120
_GAPS = (2, 3, 4)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_CLAUSE = re.compile(r"[^,，。!！?？;；\n]+[,，。!！?？;；\n]*")
_ENDS = re.compile(r"(?<=[。!！?？;；\n])")
_SENTENCE_ENDS = re.compile(r"[。!！?？;；\n]+")


@dataclass(frozen=True, slots=True)
class _Head:
    weights: array[int]
    scale: float
    bias: float
    threshold: float

    def fires(self, features: frozenset[int]) -> bool:
        total: int = sum(map(self.weights.__getitem__, features))
        score = total * self.scale / max(1, len(features)) ** 0.5 + self.bias
        return bool(score >= self.threshold)


def sounds(text: str, accounted: Sequence[tuple[int, int]] = ()) -> frozenset[str]:
    """The concepts that a normalised text sounds like: none, `sounds_acute`, or `sounds_grave` too.

    Pure and total; about a third of a millisecond a sentence. Clauses whose signs the rules have
    accounted for (`accounted`: denied, past, supposed, a story) are not listened to.
    """
    heads = _heads()
    heard = [
        features(begun)
        for piece in pieces(unaccounted(text, accounted))
        for begun in beginnings(piece)
    ]
    return frozenset(
        f"sounds_{name}" for name in HEADS if any(heads[name].fires(one) for one in heard)
    )


def unaccounted(text: str, accounted: Sequence[tuple[int, int]]) -> str:
    """The clauses in which nothing is accounted for."""
    if not accounted:
        return text
    clauses = [(one.start(), one.end()) for one in _CLAUSE.finditer(text)]
    return "".join(
        text[start:end]
        for start, end in clauses
        if not any(start < last and first < end for first, last in accounted)
    )


def pieces(text: str) -> list[str]:
    """The text as one, or a long one sentence by sentence."""
    if len(text) <= _LONGEST_PIECE:
        return [text] if text.strip() else []
    found = [""]
    for sentence in _ENDS.split(text):
        for start in range(0, len(sentence), _LONGEST_PIECE):
            part = sentence[start : start + _LONGEST_PIECE]
            if len(found[-1]) + len(part) > _LONGEST_PIECE:
                found.append("")
            found[-1] += part
    return [piece for piece in found if piece.strip()]


def beginnings(piece: str) -> list[str]:
    """The piece as it stood after each of its sentences: what is added behind never drowns it."""
    ends = [found.end() for found in _SENTENCE_ENDS.finditer(piece)]
    return [piece[:end] for end in sorted({*ends, len(piece)})]


def features(text: str) -> frozenset[int]:
    """The buckets of everything a piece is made of. What a number says is for the rules: here it is a number."""
    framed = "^" + _NUMBER.sub("#", text) + "$"
    found = set(framed)
    found.update(map("".join, itertools.pairwise(framed)))
    found.update(map("".join, zip(framed, framed[1:], framed[2:], strict=False)))
    for gap in _GAPS:
        found.update(f"{one}*{two}" for one, two in zip(framed, framed[gap:], strict=False))
    sounds = [sound_of(sign) for sign in framed]
    found.update(f"p{one}_{two}" for one, two in itertools.pairwise(sounds))
    return frozenset(crc32(piece.encode("utf-8", "ignore")) % BUCKETS for piece in found)


@lru_cache(maxsize=1)
def _heads() -> dict[str, _Head]:
    facts = tomllib.loads((DATA / "suspicion.toml").read_text("utf-8"))
    stored = (DATA / "suspicion.bin").read_bytes()
    heads = {}
    for number, name in enumerate(HEADS):
        weights = array("b")
        weights.frombytes(stored[number * BUCKETS : (number + 1) * BUCKETS])
        head = facts[name]
        heads[name] = _Head(weights, head["scale"], head["bias"], head["threshold"])
    return heads
