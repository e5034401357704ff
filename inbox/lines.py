"""The lines drawn across a chart: the reporting cut-off and the treatment target, never mixed up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from care.reading import Kind
from records.dossier import Dossier


@dataclass(frozen=True, slots=True)
class Line:
    """A level line, its name, and the class that colours it."""

    name: str
    tone: str
    value: float


def lines_of(person: Dossier, kind: Kind, now: datetime) -> tuple[Line, ...]:
    """The lines that hold for this person, from the protocols."""
    return ()
