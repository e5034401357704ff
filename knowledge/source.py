"""The documents our statements come from, by short code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

SOURCES = Path(__file__).parent / "sources.toml"


@dataclass(frozen=True, slots=True)
class Source:
    """A document with its edition; `section` is where in it; `cite` is what a patient reads."""

    doc: str
    title: str
    edition: str
    cite: str
    section: str = ""

    def at(self, section: str) -> Source:
        return replace(self, section=section)


def read_sources(path: Path = SOURCES) -> Mapping[str, Source]:
    """Read the registry of documents."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        doc: Source(doc, entry["title"], str(entry["edition"]), entry["cite"])
        for doc, entry in entries.items()
    }
