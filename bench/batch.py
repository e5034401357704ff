"""Messages a second through `suifang batch`'s own function, on one core, without a model."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from agent.batch import run
from bench.figure import Figure
from bench.messages import questions, texts
from knowledge.embedder import LocalEmbedder
from knowledge.library import Library

LINES, QUESTIONS = 600, 120
RULES_BAR, QUESTIONS_BAR = 50.0, 40.0
INDEX = Path("var/index")
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def measure() -> list[Figure]:
    """Readings and small talk by rules alone; questions with words, and with vectors if indexed."""
    words = Library(None, None, serve_pending=True)
    figures = [
        _figure("batch, readings and talk", list(texts(LINES)), words, RULES_BAR),
        _figure("batch, questions, words only", list(questions(QUESTIONS)), words, QUESTIONS_BAR),
    ]
    if (INDEX / "current").exists():
        vectors = Library(INDEX, LocalEmbedder(), serve_pending=True)
        asked = list(questions(QUESTIONS))
        figures.append(_figure("batch, questions, with vectors", asked, vectors, QUESTIONS_BAR))
    return figures


def _figure(name: str, said: list[str], library: Library, bar: float) -> Figure:
    lines = [json.dumps({"id": str(n), "text": text}).encode() for n, text in enumerate(said)]
    list(run(lines[:20], library, NOW))
    began = time.perf_counter()
    answered = sum(1 for _ in run(lines, library, NOW))
    seconds = time.perf_counter() - began
    assert answered == len(lines)
    return Figure(name, answered / seconds, "/s", bar=bar, aim="high")
