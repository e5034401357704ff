"""Fitting the gate: logistic regression on a labelled question set, with cross-validated figures.

`python -m knowledge.calibration INDEX_DIR asked.tsv` prints weights for gate.toml.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.library import Library

_FOLDS = 5
_RIDGE = 0.05
_STEPS = 4000
_RATE = 0.3
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Labelled:
    """One question: the articles that answer it, or none and the kind of refusal."""

    text: str
    articles: frozenset[str]
    refusal: str

    @property
    def answerable(self) -> bool:
        return bool(self.articles)


def read_labelled(path: Path) -> tuple[Labelled, ...]:
    """Read a question set: gold, a tab, the question; `!kind` marks what must be declined."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        gold, text = line.split("\t")
        if gold.startswith("!"):
            rows.append(Labelled(text, frozenset(), gold[1:]))
        else:
            rows.append(Labelled(text, frozenset(gold.split(",")), ""))
    return tuple(rows)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share."""
    if not total:
        return 0.0, 1.0
    share, bend = hits / total, _Z * _Z / total
    centre = share + bend / 2
    half = _Z * math.sqrt(share * (1 - share) / total + bend / (4 * total))
    return max(0.0, (centre - half) / (1 + bend)), min(1.0, (centre + half) / (1 + bend))


def fit(rows: NDArray[np.float64], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit logistic weights by gradient descent with a small ridge; the first column is the bias."""
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (chance - labels) / len(rows)
        slope[1:] += _RIDGE / 10 * weights[1:]
        weights -= _RATE * slope
    return weights


def cross_validate(rows: NDArray[np.float64], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance given to each row by weights that never saw it."""
    chances = np.zeros(len(rows))
    for fold in range(_FOLDS):
        held = np.arange(len(rows)) % _FOLDS == fold
        weights = fit(rows[~held], labels[~held])
        chances[held] = 1 / (1 + np.exp(-(rows[held] @ weights)))
    return chances


def calibrate(
    labelled: Sequence[Labelled], library: Library, say: Callable[[str], object]
) -> dict[str, float]:
    """Fit the weights on the questions that reach the classifier, and say how well it does."""
    reach = [(item, library.examine(item.text)) for item in labelled]
    examined = [(item, features) for item, features in reach if features is not None]
    names = list(examined[0][1])
    rows = np.array([[features[name] for name in names] for _, features in examined])
    labels = np.array([float(item.answerable) for item, _ in examined])
    chances = cross_validate(rows, labels)
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7):
        taken = chances >= threshold
        on, off = int(labels.sum()), int(len(labels) - labels.sum())
        accepted, declined = int(taken[labels == 1].sum()), int((~taken[labels == 0]).sum())
        low, high = wilson(accepted, on)
        low_off, high_off = wilson(declined, off)
        say(
            f"threshold {threshold}: accepted {accepted}/{on} ({low:.3f}-{high:.3f}), "
            f"declined {declined}/{off} ({low_off:.3f}-{high_off:.3f})\n"
        )
    return dict(zip(names, map(float, fit(rows, labels)), strict=True))


def main(arguments: Sequence[str]) -> int:
    """Print cross-validated figures and the weights to put into gate.toml."""
    from knowledge.embedder import LocalEmbedder  # noqa: PLC0415 - loads a model

    labelled = [item for path in arguments[1:] for item in read_labelled(Path(path))]
    for name, embedder in (("vectors", LocalEmbedder()), ("lexical", None)):
        library = Library(Path(arguments[0]), embedder, serve_pending=True)
        sys.stdout.write(f"[classifier.weights.{name}]\n")
        for feature, weight in calibrate(labelled, library, sys.stdout.write).items():
            sys.stdout.write(f"{feature} = {weight:.3f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
