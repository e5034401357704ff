"""A second ear: how much a message sounds like somebody who is ill now. Learned, and it only raises.

The rules know what they were told; people say it otherwise. A linear model over pieces of the text
(one, two and three signs), trained by `scripts/train_suspicion.py` on the sentences
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

from language.lexicon import table

DATA = Path(__file__).parent / "data"
# So many that hardly two pieces share one; a megabyte a head.
BUCKETS = 1 << 20
ACUTE, GRAVE = "acute", "grave"
HEADS = (ACUTE, GRAVE)

# People put the trouble first or last; a long letter is heard piece by piece.
_LONGEST_PIECE = 120
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_COMMAS = re.compile(r"[,，]{2,}")
_ENDS = re.compile(r"(?<=[。!！?？;；\n])")
_CLOSING = " ,，。.!！?？;；、~…\n"
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

    Pure and total; about a tenth of a millisecond a sentence. Signs that the rules have accounted
    for (`accounted`: denied, past, supposed, a story) are not listened to.
    """
    heads = _heads()
    listened = heard(unaccounted(text, accounted))
    acute = [one for one in listened if heads[ACUTE].fires(one)]
    if not acute:
        return frozenset()
    # What cannot wait at all cannot wait for tomorrow: one head alone does not make an emergency.
    grave = any(heads[GRAVE].fires(one) for one in acute)
    return frozenset({"sounds_acute", "sounds_grave"} if grave else {"sounds_acute"})


def heard(text: str) -> list[frozenset[int]]:
    """The features of every piece, as it stood after each of its sentences."""
    return [features(begun) for piece in pieces(text) for begun in beginnings(piece)]


def unaccounted(text: str, accounted: Sequence[tuple[int, int]]) -> str:
    """The text with a comma where a sign stood that is accounted for; what stands around it is heard."""
    kept, end = [], 0
    for first, last in sorted(accounted):
        kept += [text[end:first], ","] if first >= end else []
        end = max(end, last)
    return _COMMAS.sub(",", "".join([*kept, text[end:]])) if accounted else text


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
    """The piece as it stood after each of its sentences: what is added behind never drowns it.

    Without the sign at its end, so that a full stop makes nothing more or less urgent.
    """
    ends = [found.end() for found in _SENTENCE_ENDS.finditer(piece)]
    begun = (piece[:end].rstrip(_CLOSING) for end in sorted({*ends, len(piece)}))
    return [one for one in dict.fromkeys(begun) if one]


def features(text: str) -> frozenset[int]:
    """The buckets of every one, two and three signs. What a number says is for the rules: here it is a number.

    Signs that are one in another dialect are one here, as they are for the frames.
    """
    framed = "^" + _NUMBER.sub("#", text).translate(_folded()) + "$"
    found = set(framed)
    found.update(map("".join, itertools.pairwise(framed)))
    found.update(map("".join, zip(framed, framed[1:], framed[2:], strict=False)))
    return frozenset(crc32(piece.encode("utf-8", "ignore")) % BUCKETS for piece in found)


@lru_cache(maxsize=1)
def _folded() -> dict[int, str]:
    fold = table("frames")["fold"]
    return {ord(sign): same for same, signs in fold.items() for sign in signs}


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
