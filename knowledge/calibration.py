"""Fitting the gate: logistic regression on a labelled question set, with cross-validated figures.

`python -m knowledge.calibration INDEX_DIR asked.tsv answers.jsonl answers.jsonl` prints weights for
gate.toml. A set named twice counts twice; a question never judges itself.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.library import Library

_FOLDS = 5
_RIDGE = 0.05
_STEPS = 4000
_RATE = 0.3
_Z = 1.96
_STEPS_OF_CHANCE = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.01)


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
    """Read a question set: gold, a tab, the question; `!kind` marks what must be declined.

    A `.jsonl` set has `text`, `want`, `articles` and `kinds`; lines in doubt and alarms are passed over.
    """
    rows = []
    if path.suffix == ".jsonl":
        return tuple(_of_line(json.loads(raw)) for raw in _clear(path))
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        gold, text = line.split("\t")
        if gold.startswith("!"):
            rows.append(Labelled(text, frozenset(), gold[1:]))
        else:
            rows.append(Labelled(text, frozenset(gold.split(",")), ""))
    return tuple(rows)


def _clear(path: Path) -> list[str]:
    raws = [raw for raw in path.read_text(encoding="utf-8").splitlines() if raw.strip()]
    lines = [(raw, json.loads(raw)) for raw in raws]
    return [raw for raw, one in lines if not one.get("doubt") and one["want"] != "alarm"]


def _of_line(line: dict[str, Any]) -> Labelled:
    if line["want"] == "answer":
        return Labelled(line["text"], frozenset(line["articles"]), "")
    return Labelled(line["text"], frozenset(), ",".join(line["kinds"]) or "decline")


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


def cross_validate(
    rows: NDArray[np.float64], labels: NDArray[np.float64], texts: Sequence[str] = ()
) -> NDArray[np.float64]:
    """Return the chance given to each row by weights that never saw it, nor its text elsewhere."""
    chances = np.zeros(len(rows))
    first: dict[str, int] = {}
    order = [first.setdefault(text, len(first)) for text in texts] or range(len(rows))
    for fold in range(_FOLDS):
        held = np.asarray(order) % _FOLDS == fold
        weights = fit(rows[~held], labels[~held])
        chances[held] = 1 / (1 + np.exp(-(rows[held] @ weights)))
    return chances


def reliability(chances: NDArray[np.float64], labels: NDArray[np.float64]) -> str:
    """How often what was given a chance came true, by chance, and the mean gap between the two."""
    lines = []
    gap = 0.0
    for low, high in pairwise(_STEPS_OF_CHANCE):
        here = (chances >= low) & (chances < high)
        if not here.any():
            continue
        said, came = float(chances[here].mean()), float(labels[here].mean())
        gap += abs(said - came) * float(here.mean())
        lines.append(
            f"chance {low:.1f}-{high:.1f}: {here.sum()}, said {said:.2f}, true {came:.2f}\n"
        )
    return f"{''.join(lines)}calibration error {gap:.3f}\n"


def calibrate(
    labelled: Sequence[Labelled], library: Library, say: Callable[[str], object]
) -> dict[str, float]:
    """Fit the weights on the questions that reach the classifier, and say how well it does."""
    reach = [(item, library.examine(item.text)) for item in labelled]
    examined = [(item, features) for item, features in reach if features is not None]
    names = list(examined[0][1])
    rows = np.array([[features[name] for name in names] for _, features in examined])
    labels = np.array([float(item.answerable) for item, _ in examined])
    chances = cross_validate(rows, labels, [item.text for item, _ in examined])
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
    say(reliability(chances, labels))
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
