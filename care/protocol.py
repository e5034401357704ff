"""All protocol data, read and checked once: values, bands, lines, findings, rules, hours, ladders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from care.concept import Concept, concepts
from care.hours import Hours, Ladder, hours, ladders
from care.level import Level
from care.line import Lines, lines
from care.protocol_file import FOLDER, Entry, ProtocolError, Source, read, sources
from care.rule import Rulebook, Vocabulary, rulebook
from care.span import Span, spans
from care.value import Value, values

__all__ = ["FILES", "Protocol", "ProtocolError", "load", "protocol"]

FILES = (
    "hypertension",
    "type2_diabetes",
    "red_flags",
    "routine",
    "plausibility",
    "cadence",
    "escalation",
    "indicators",
    "findings",
)


@dataclass(frozen=True, slots=True)
class Protocol:
    """Everything the rules know. `versions` says which edition of each file judged a case."""

    versions: Mapping[str, str]
    sources: Mapping[str, Source]
    values: Mapping[str, Value]
    spans: Mapping[str, Span]
    lines: Lines
    concepts: Mapping[str, Concept]
    drugs: Mapping[str, str]
    book: Rulebook
    sending: Hours
    working: Hours
    ladders: Mapping[Level, Ladder]

    def number(self, name: str) -> float:
        """The value with this id, the only way code gets at a clinical number."""
        return self.values[name].value

    def whole(self, name: str) -> int:
        return int(self.values[name].value)


@lru_cache(maxsize=1)
def protocol() -> Protocol:
    """The protocol in use, read once per process."""
    return load()


def load(folder: Path = FOLDER) -> Protocol:
    """Reads and checks every protocol file.

    Raises:
        ProtocolError: names the file and the key that is wrong.
    """
    known = sources(folder)
    files = {name: read(f"{name}.toml", folder) for name in FILES}
    numbers = _all_values(files, known)
    bands = spans(files["plausibility"], known)
    codes = concepts(files["findings"])
    drugs = {name: str(label) for name, label in files["findings"].entry("drugs").data.items()}
    words = Vocabulary(codes, numbers, bands, frozenset(drugs))
    return Protocol(
        versions={name: file.entry("meta").text("version") for name, file in files.items()},
        sources=known,
        values=numbers,
        spans=bands,
        lines=lines(files["hypertension"], files["type2_diabetes"], known),
        concepts=codes,
        drugs=drugs,
        book=rulebook((files["red_flags"], files["routine"]), words, known),
        sending=hours(files["cadence"], "sending", known),
        working=hours(files["escalation"], "working_hours", known),
        ladders=ladders(files["escalation"], known),
    )


def _all_values(files: Mapping[str, Entry], known: Mapping[str, Source]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for file in files.values():
        for name, value in values(file, known).items():
            if name in found:
                file.fail(f"values.{name}", "this name is taken in another file")
            found[name] = value
    return found
