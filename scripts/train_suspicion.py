"""Trains `language/suspicion.py` on `language/corpus/*.tsv` and writes its two data files.

Deterministic: the same corpus gives the same bytes. Run it after every change of the corpus:

    .venv/bin/python scripts/train_suspicion.py

The thresholds come from leaving out one author at a time: what an author's sentences score under a
model that has read everybody else's. They are set at the share of calm messages that may be raised wrongly.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from care.level import Level  # noqa: E402 - the path comes first
from language.judgement import highest, judge  # noqa: E402
from language.normalise import normalise  # noqa: E402
from language.reader import read as read_text  # noqa: E402
from language.suspicion import ACUTE, BUCKETS, DATA, GRAVE, features, heard, pieces  # noqa: E402

CORPUS = ROOT / "language" / "corpus"
LABELS = {"E": 2, "U": 1, "N": 0}
LEAST = {ACUTE: 1, GRAVE: 2}
# How many calm messages of a hundred each head may raise (false alarms cost the doctor's trust).
CALM_RAISED = {ACUTE: 0.016, GRAVE: 0.011}
# Questions of lessons and bare values are easy: only sentences written to mislead set the thresholds.
EASY = frozenset({"asked", "everyday"})
TRUST, ROUNDS, MEMORY = 100.0, 60, 8

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Example:
    """One sentence of the corpus: 2 emergency, 1 urgent, 0 neither."""

    text: str
    label: int
    author: str
    pieces: tuple[Places, ...]
    heard: tuple[Places, ...]

    @property
    def hard(self) -> bool:
        return self.author not in EASY


def read(folder: Path = CORPUS) -> list[Example]:
    """The sentences of all files, each once. The author of `posts_calm.tsv` is `posts`."""
    found: dict[str, Example] = {}
    for path in sorted(folder.glob("*.tsv")):
        author = path.stem.partition("_")[0]
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            label, tab, text = line.partition("\t")
            if not tab or label not in LABELS or not text.strip():
                message = f"{path.name}:{number}: write E, U or N, a tab, and the sentence"
                raise SystemExit(message)
            if text in found or (LABELS[label] and number_decides(text)):
                continue
            normal = normalise(text).text
            read = places(map(features, pieces(normal)))
            found[text] = Example(text, LABELS[label], author, read, places(heard(normal)))
    return list(found.values())


def places(pieces: Iterable[frozenset[int]]) -> tuple[Places, ...]:
    return tuple(np.fromiter(sorted(piece), dtype=np.int64) for piece in pieces)


def number_decides(text: str) -> bool:
    """Whether it is a value that makes a sentence urgent: that is for the rules, not for an ear."""
    understood = replace(read_text(text), sounds=frozenset())
    if not understood.mentions and not understood.meter_errors:
        return False
    wordless = replace(understood, mentions=(), meter_errors=frozenset())
    with_value, without = highest(judge(understood)), highest(judge(wordless))
    return with_value >= Level.URGENT > without


class Sheet:
    """All pieces of all sentences as one sparse matrix: a row a piece, a column a feature.

    Rare features weigh more than common ones (inverse document frequency), long pieces no more than short.
    """

    def __init__(self, examples: Sequence[Example]) -> None:
        pieces = [piece for one in examples for piece in one.pieces]
        lengths = np.array([len(piece) for piece in pieces])
        self.owner = np.repeat(np.arange(len(examples)), [len(one.pieces) for one in examples])
        self.columns, self.column = np.unique(np.concatenate(pieces), return_inverse=True)
        self.rarity = np.log((1 + len(pieces)) / (1 + np.bincount(self.column))) + 1
        self.row = np.repeat(np.arange(len(pieces)), lengths)
        self.starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        self.values = self.rarity[self.column] / np.sqrt(lengths)[self.row]

    def times(self, weights: Numbers) -> Numbers:
        """What each row scores."""
        return np.add.reduceat(self.values * weights[self.column], self.starts)

    def against(self, rows: Numbers) -> Numbers:
        """What each column gathers."""
        gathered = np.bincount(self.column, self.values * rows[self.row], len(self.columns))
        return gathered.astype(np.float64, copy=False)


def fit(sheet: Sheet, wanted: Flags, used: Flags) -> Numbers:
    """Logistic regression on the rows that are `used`: a weight a column, and the bias.

    The rows that are wanted weigh as much as those that are not.
    """
    share = wanted[used].mean()
    worth = TRUST * used * np.where(wanted, 0.5 / share, 0.5 / (1 - share))
    sign = np.where(wanted, 1.0, -1.0)

    def cost(point: Numbers) -> tuple[float, Numbers]:
        margin = sign * (sheet.times(point[:-1]) + point[-1])
        surprise = dot(worth, np.logaddexp(0, -margin))
        pull = -sign * worth / (1 + np.exp(np.minimum(margin, 500)))
        slope = point + np.append(sheet.against(pull), pull.sum())
        return surprise + 0.5 * dot(point, point), slope

    return lowest(cost, np.zeros(len(sheet.columns) + 1))


def dot(one: Numbers, other: Numbers) -> float:
    """The inner product, summed in one order on every machine (`@` splits it among the cores)."""
    return float(np.einsum("i,i->", one, other))


def lowest(cost: Callable[[Numbers], tuple[float, Numbers]], point: Numbers) -> Numbers:
    """Where a smooth convex `cost` is lowest, near enough (L-BFGS, a fixed number of rounds)."""
    value, slope = cost(point)
    steps: list[tuple[Numbers, Numbers, float]] = []
    for _ in range(ROUNDS):
        way = -_bent(slope, steps)
        length = 1.0 if steps else dot(slope, slope) ** -0.5
        while True:
            moved = point + length * way
            new_value, new_slope = cost(moved)
            if new_value <= value + 1e-4 * length * dot(slope, way):
                break
            length /= 2
        step, change = moved - point, new_slope - slope
        steps = [*steps[1 - MEMORY :], (step, change, 1 / dot(step, change))]
        point, value, slope = moved, new_value, new_slope
    return point


def _bent(slope: Numbers, steps: Sequence[tuple[Numbers, Numbers, float]]) -> Numbers:
    """The slope, bent by what the last steps showed of the curvature."""
    bent, kept = slope.copy(), []
    for step, change, inverse in reversed(steps):
        part = inverse * dot(step, bent)
        bent -= part * change
        kept.append(part)
    if steps:
        _, change, inverse = steps[-1]
        bent /= inverse * dot(change, change)
    for (step, change, inverse), part in zip(steps, reversed(kept), strict=True):
        bent += (part - inverse * dot(change, bent)) * step
    return bent


def held_out_scores(sheet: Sheet, examples: Sequence[Example], wanted: Flags) -> Numbers:
    """Every hard sentence's score from a model that has read nothing of its author."""
    authors = np.array([one.author for one in examples])
    scores = np.full(len(examples), -99.0)
    for author in sorted({one.author for one in examples if one.hard}):
        theirs = authors == author
        weights, bias = opened(sheet, fit(sheet, wanted, ~theirs[sheet.owner]))
        for place in map(int, np.flatnonzero(theirs)):
            scores[place] = loudest(weights, bias, examples[place])
    return scores


def opened(sheet: Sheet, point: Numbers) -> tuple[Numbers, float]:
    """The weight of every bucket, with its rarity in it, and the bias."""
    weights = np.zeros(BUCKETS)
    weights[sheet.columns] = point[:-1] * sheet.rarity
    return weights, float(point[-1])


def loudest(weights: Numbers, bias: float, example: Example) -> float:
    """The score of a sentence is that of its most suspicious piece, as the ear listens to it."""
    return max(float(weights[one].sum() / np.sqrt(len(one)) + bias) for one in example.heard)


def main() -> None:
    """Train both heads, choose their thresholds, write the files, say what to expect."""
    examples = read()
    sheet = Sheet(examples)
    labels = np.array([one.label for one in examples])
    hard = np.array([one.hard for one in examples])
    print(
        f"{len(examples)} sentences: {dict(zip('NUE', np.bincount(labels).tolist(), strict=True))}"
    )
    told, stored = [], b""
    for name, least in LEAST.items():
        wanted = (labels >= least)[sheet.owner]
        scores = held_out_scores(sheet, examples, wanted)
        threshold = float(np.quantile(scores[hard & (labels == 0)], 1 - CALM_RAISED[name]))
        weights, bias = opened(sheet, fit(sheet, wanted, np.full(len(wanted), fill_value=True)))
        scale = float(np.abs(weights).max() / 127)
        stored += np.round(weights / scale).astype(np.int8).tobytes()
        told += [f"[{name}]", f"scale = {scale:.9f}", f"bias = {bias:.6f}"]
        told += [f"threshold = {threshold:.6f}", ""]
        caught = {
            word: f"{np.mean(scores[hard & (labels == label)] >= threshold):.3f}"
            for word, label in LABELS.items()
        }
        print(f"{name}: fires on {caught} of sentences of an author it has not read")
    (DATA / "suspicion.bin").write_bytes(stored)
    head = [
        "# Made by scripts/train_suspicion.py from language/corpus/. Do not edit.",
        "",
        "[meta]",
        'id = "suspicion"',
        'source = "EDITOR"',
        'confidence = "low"',
        'review = "pending"',
        f"sentences = {len(examples)}",
        "",
    ]
    (DATA / "suspicion.toml").write_text("\n".join([*head, *told]), encoding="utf-8")


if __name__ == "__main__":
    main()
