"""Trains `language/suspicion.py` on `language/corpus/*.tsv` and writes its two data files.

Deterministic: the same corpus gives the same bytes. Run it after every change of the corpus:

    .venv/bin/python scripts/train_suspicion.py

The thresholds come from cross-validation, at the share of calm messages that may be raised wrongly.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from care.level import Level  # noqa: E402 - the path comes first
from language.judgement import highest, judge  # noqa: E402
from language.normalise import normalise  # noqa: E402
from language.reader import read as read_text  # noqa: E402
from language.suspicion import ACUTE, BUCKETS, DATA, GRAVE, features, pieces  # noqa: E402

CORPUS = ROOT / "language" / "corpus"
LABELS = {"E": 2, "U": 1, "N": 0}
FOLDS, EPOCHS, AVERAGED, RATE, DECAY = 5, 20, 12, 0.5, 1e-5
# How many calm messages of a hundred each head may raise (false alarms cost the doctor's trust).
CALM_RAISED = {ACUTE: 0.016, GRAVE: 0.005}
# Questions of lessons and bare values are easy: only sentences written to mislead set the thresholds.
EASY = frozenset({"asked.tsv", "everyday.tsv"})

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """One sentence of the corpus: 2 emergency, 1 urgent, 0 neither."""

    text: str
    label: int
    easy: bool
    features: tuple[NDArray[np.int64], ...]


@dataclass(frozen=True)
class Model:
    """Weights of one head; the score of a text is that of its most suspicious piece."""

    weights: Weights
    bias: float

    def score(self, example: Example) -> float:
        return max(
            (
                float(self.weights[one].sum() / np.sqrt(len(one)) + self.bias)
                for one in example.features
            ),
            default=-9.0,
        )


def read(folder: Path = CORPUS) -> list[Example]:
    """The sentences of all files, each once."""
    found: dict[str, Example] = {}
    for path in sorted(folder.glob("*.tsv")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            label, tab, text = line.partition("\t")
            if not tab or label not in LABELS or not text.strip():
                message = f"{path.name}:{number}: write E, U or N, a tab, and the sentence"
                raise SystemExit(message)
            if LABELS[label] and number_decides(text):
                continue
            normal = normalise(text).text
            pieced = tuple(
                np.fromiter(sorted(features(piece)), dtype=np.int64) for piece in pieces(normal)
            )
            found.setdefault(text, Example(text, LABELS[label], path.name in EASY, pieced))
    return list(found.values())


def number_decides(text: str) -> bool:
    """Whether it is a value that makes a sentence urgent: that is for the rules, not for an ear."""
    understood = replace(read_text(text), sounds=frozenset())
    wordless = replace(understood, mentions=(), meter_errors=frozenset())
    with_value, without = highest(judge(understood)), highest(judge(wordless))
    return with_value >= Level.URGENT > without


def train(examples: Sequence[Example], least: int) -> Model:
    """Logistic regression by AdaGrad, averaged over the later rounds so that it does not wobble.

    A positive is any example of at least this label.
    """
    chance = np.random.default_rng(20)
    weights, seen, bias = np.zeros(BUCKETS), np.full(BUCKETS, 1e-8), 0.0
    share = np.mean([one.label >= least for one in examples])
    worth = {True: 0.5 / share, False: 0.5 / (1 - share)}
    kept, kept_bias = np.zeros(BUCKETS), 0.0
    for epoch in range(EPOCHS):
        for place in map(int, chance.permutation(len(examples))):
            one = examples[place]
            wanted = one.label >= least
            for piece in one.features:
                norm = 1 / np.sqrt(len(piece))
                guess = 1 / (1 + np.exp(-(weights[piece].sum() * norm + bias)))
                error = (guess - wanted) * worth[wanted]
                slope = error * norm + DECAY * weights[piece]
                seen[piece] += slope * slope
                weights[piece] -= RATE * slope / np.sqrt(seen[piece])
                bias -= 0.05 * error
        if epoch >= EPOCHS - AVERAGED:
            kept, kept_bias = kept + weights / AVERAGED, kept_bias + bias / AVERAGED
    return Model(kept, float(kept_bias))


def held_out_scores(examples: Sequence[Example], least: int) -> NDArray[np.float64]:
    """Every example's score from a model that has not seen it."""
    fold_of = np.array([crc32(one.text.encode()) % FOLDS for one in examples])
    scores = np.zeros(len(examples))
    for fold in range(FOLDS):
        model = train([one for one, at in zip(examples, fold_of, strict=True) if at != fold], least)
        for place in map(int, np.flatnonzero(fold_of == fold)):
            scores[place] = model.score(examples[place])
    return scores


def main() -> None:
    """Train both heads, choose their thresholds, write the files, say what to expect."""
    examples = read()
    labels = np.array([one.label for one in examples])
    print(f"{len(examples)} sentences: {dict(zip('NUE', np.bincount(labels), strict=True))}")
    told, stored = [], b""
    for name, least in ((ACUTE, 1), (GRAVE, 2)):
        scores = held_out_scores(examples, least)
        hard = np.array([one.label == 0 and not one.easy for one in examples])
        threshold = float(np.quantile(scores[hard], 1 - CALM_RAISED[name]))
        model = train(examples, least)
        scale = float(np.abs(model.weights).max() / 127)
        stored += np.round(model.weights / scale).astype(np.int8).tobytes()
        told += [f"[{name}]", f"scale = {scale:.9f}", f"bias = {model.bias:.6f}"]
        told += [f"threshold = {threshold:.6f}", ""]
        caught = {
            word: f"{np.mean(scores[labels == label] >= threshold):.3f}"
            for word, label in LABELS.items()
        }
        print(f"{name}: fires on {caught} of sentences it has not seen")
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
