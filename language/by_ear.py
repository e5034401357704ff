"""What may have been said where a transcriber wrote something that sounds the same."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

from language import homophones

_SOURCE = Path(__file__).parent / "data" / "by_ear.toml"


def as_it_sounds(text: str) -> str:
    """The text with words of danger for whatever sounds like them; to be judged beside the text."""
    return homophones.repair(text, _words())


@functools.cache
def _words() -> tuple[str, ...]:
    with _SOURCE.open("rb") as file:
        return tuple(tomllib.load(file)["by_ear"]["words"])
