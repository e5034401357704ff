"""Decoys: what people ask that is not ours, ranked beside the articles."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

DECOYS = Path(__file__).parent / "decoys.toml"
# Marks a decoy's name in the index and in rankings; no article id begins like this.
DECOY = "!"

Decoys = Mapping[str, Sequence[str]]


def read_decoys(path: Path = DECOYS) -> Decoys:
    """Read the decoys by kind of refusal."""
    decoys: Decoys = tomllib.loads(path.read_text(encoding="utf-8"))
    return decoys
