"""`suifang batch`: JSON lines in, JSON lines out, through the same graph as a live turn, no database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from agent.context import Answers, Heard, Member, Model, TurnContext
from agent.decision import Decision, NewReading
from agent.graph import decide
from care.reading import UNITS, Kind
from care.situation import Background, Programme

_SENDER = "sender"


class Patient(BaseModel):
    """The throw-away patient of one line. Unknown keys are ignored."""

    age: int | None = Field(default=None, ge=0, le=130)
    conditions: list[Literal["hypertension", "type2_diabetes"]] = Field(default_factory=list)
    pregnant: bool = False


class Line(BaseModel):
    """One line of input."""

    id: str
    text: str
    patient: Patient | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be used, and why, for a person to mend."""

    number: int
    why: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.why}"


def run(
    lines: Iterable[bytes], answers: Answers, now: datetime, model: Model | None = None
) -> Iterator[dict[str, Any] | BadLine]:
    """Answer line by line, in order. Blank lines are passed over; a bad one says why."""
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        parsed = _parse(number, raw)
        yield parsed if isinstance(parsed, BadLine) else _answer(parsed, answers, now, model)


def _parse(number: int, raw: bytes) -> Line | BadLine:
    try:
        return Line.model_validate(json.loads(raw.decode("utf-8-sig")))
    except UnicodeDecodeError:
        return BadLine(number, "not UTF-8")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        return BadLine(number, f"{where}: {first['msg']}" if where else str(first["msg"]))
    except (ValueError, RecursionError) as error:
        return BadLine(number, f"not JSON: {error}")


def _answer(line: Line, answers: Answers, now: datetime, model: Model | None) -> dict[str, Any]:
    patient = line.patient or Patient()
    background = Background(
        age=patient.age,
        conditions=frozenset(Programme(name) for name in patient.conditions),
        pregnant=patient.pregnant,
    )
    context = TurnContext(
        now=now,
        messages=(Heard(line.id, "text", line.text, received_at=now),),
        members=(Member(_SENDER, background=background),),
        answers=answers,
        model=model,
    )
    return _output(line.id, decide(context))


def _output(line_id: str, decision: Decision) -> dict[str, Any]:
    return {
        "id": line_id,
        "readings": [_reading(new) for new in decision.readings if new.person_id == _SENDER],
        "clarify": decision.clarify,
        "level": str(decision.level),
        "reasons": list(decision.reasons),
        "answered": decision.answered,
        "answer": decision.reply,
        "citations": [
            {"article": citation.article, "source": citation.source}
            for citation in decision.citations
        ],
        "mode": str(decision.mode),
    }


def _reading(new: NewReading) -> dict[str, Any]:
    reading = new.reading
    if reading.kind is Kind.BP:
        return {"kind": "bp", "sbp": reading.systolic, "dbp": reading.diastolic}
    found: dict[str, Any] = {"kind": str(reading.kind), "value": reading.value}
    if reading.kind is Kind.GLUCOSE:
        found["unit"] = UNITS[Kind.GLUCOSE]
        found["context"] = reading.context and str(reading.context)
    return found
