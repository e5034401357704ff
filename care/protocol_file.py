"""Reading protocol files: typed access to TOML that names the file and the key when it is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

FOLDER = Path(__file__).parent / "protocols"
_E = TypeVar("_E", bound=StrEnum)


class ProtocolError(Exception):
    """A protocol file is wrong. Says which file, which key and why."""


class Confidence(StrEnum):
    """How sure we are of a fact: two texts agree, one text, or nobody read one."""

    HIGH = "high"
    LOW = "low"
    MEMORY = "memory"


class Review(StrEnum):
    """Whether a named clinician has signed."""

    PENDING = "pending"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Source:
    """A guideline or document."""

    id: str
    title: str
    edition: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a value or rule comes from and how sure we are of it."""

    source: Source
    section: str
    confidence: Confidence
    review: Review
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One table of a protocol file, knowing where it stands."""

    file: str
    path: str
    data: Mapping[str, Any]

    def error(self, key: str, why: str) -> ProtocolError:
        where = f"{self.path}.{key}" if self.path and key else self.path or key
        return ProtocolError(f"{self.file}: {where}: {why}")

    def fail(self, key: str, why: str) -> NoReturn:
        raise self.error(key, why)

    def only(self, *keys: str) -> None:
        """Refuses keys nobody reads: a misspelt key would be silently ignored."""
        unknown = sorted(self.data.keys() - set(keys))
        if unknown:
            self.fail(unknown[0], "unknown key")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.data.get(key, default)
        if not isinstance(value, str):
            self.fail(key, "a text is needed")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(key, "a list of texts is needed")
        return tuple(value)

    def number(self, key: str, default: float | None = None) -> float:
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(key, "a number is needed")
        return value

    def whole(self, key: str) -> int:
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.fail(key, "a whole number is needed")
        return value

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            self.fail(key, "true or false is needed")
        return value

    def one_of(self, key: str, kind: type[_E]) -> _E:
        try:
            return kind(self.text(key))
        except ValueError:
            self.fail(key, f"must be one of {', '.join(kind)}")

    def entry(self, key: str) -> Entry:
        value = self.data.get(key)
        if not isinstance(value, dict):
            self.fail(key, "a table is needed")
        return Entry(self.file, f"{self.path}.{key}" if self.path else key, value)

    def entries(self, key: str) -> Iterator[Entry]:
        """The tables of a list `[[key]]`, none when it is absent."""
        value = self.data.get(key, [])
        if not isinstance(value, list):
            self.fail(key, "a list of tables is needed")
        for index, item in enumerate(value, start=1):
            if not isinstance(item, dict):
                self.fail(f"{key}[{index}]", "a table is needed")
            yield Entry(self.file, f"{self.path}.{key}[{index}]".lstrip("."), item)

    def named(self, key: str) -> Iterator[tuple[str, Entry]]:
        """The tables below `[key]` by name, none when it is absent."""
        if key not in self.data:
            return
        below = self.entry(key)
        for name in below.data:
            yield name, below.entry(name)


def read(name: str, folder: Path = FOLDER) -> Entry:
    """The whole file as one entry.

    Raises:
        ProtocolError: the file is missing or is not TOML.
    """
    try:
        with (folder / name).open("rb") as file:
            return Entry(name, "", tomllib.load(file))
    except (OSError, tomllib.TOMLDecodeError) as error:
        message = f"{name}: {error}"
        raise ProtocolError(message) from error


def sources(folder: Path = FOLDER) -> dict[str, Source]:
    return {
        key: Source(key, entry.text("title"), entry.text("edition"), entry.text("issuer"))
        for key, entry in read("sources.toml", folder).named("sources")
    }


def provenance(entry: Entry, known: Mapping[str, Source], review: Review) -> Provenance:
    """The `source`, `section`, `confidence`, `review` and `note` of a value or rule."""
    source = entry.text("source")
    if source not in known:
        entry.fail("source", f"{source} is not in sources.toml")
    return Provenance(
        source=known[source],
        section=entry.text("section"),
        confidence=entry.one_of("confidence", Confidence),
        review=entry.one_of("review", Review) if "review" in entry.data else review,
        note=entry.text("note", ""),
    )


PROVENANCE_KEYS = ("source", "section", "confidence", "review", "note")
