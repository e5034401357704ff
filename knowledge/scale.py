"""Cosines of one embedder on the scale of another.

The weights of ranking and gate were chosen with the local model, whose cosines lie between .8 and
1. Others spread over the whole range. Two things can be measured with any of them: how near two
questions to the same article are, and how near two to different ones. A straight line that brings
these two where the local model has them makes the weights mean the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from knowledge.embedder import Vectors

# Medians of the local model over this corpus (bench/index.py prints them).
UNRELATED, RELATED = 0.867, 0.940
_SAMPLE = 600
_LEAST = 8
_LEAST_GAP = 0.01


def spread_of(rows: Sequence[tuple[str, Vectors]]) -> tuple[float, float]:
    """Return the median cosine of unrelated questions, and of a question to the nearest of its own."""
    step = max(1, len(rows) // _SAMPLE)
    # Neighbours share an owner, so a sample of them is taken in runs.
    some = [row for at, row in enumerate(rows) if (at // 8) % step == 0]
    matrix = np.asarray([vector for _, vector in some], dtype=np.float32)
    owners = np.asarray([owner for owner, _ in some])
    cosines = matrix @ matrix.T
    same = owners[:, None] == owners[None, :]
    unrelated = cosines[~same]
    np.fill_diagonal(same, val=False)
    nearest = np.where(same, cosines, -2).max(axis=1)
    related = nearest[nearest > -2]  # noqa: PLR2004 - below every cosine
    if len(unrelated) < _LEAST or len(related) < _LEAST:
        return UNRELATED, RELATED
    return float(np.median(unrelated)), float(np.median(related))


def scale_of(rows: Sequence[tuple[str, Vectors]]) -> tuple[float, float]:
    """Return slope and offset that bring this embedder's cosines to the local one's scale."""
    if not rows:
        return 1.0, 0.0
    low, high = spread_of(rows)
    if high - low < _LEAST_GAP:
        return 1.0, 0.0
    slope = (RELATED - UNRELATED) / (high - low)
    return slope, UNRELATED - slope * low
