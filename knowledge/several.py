"""Two answers to one message, as one."""

from __future__ import annotations

from dataclasses import replace

from knowledge.answer import Answer
from knowledge.topic import Topic


def together(first: Answer, second: Answer, *, left: int) -> Answer:
    """Say one answer after the other, each with its own source."""
    topic = first.topic or Topic()
    articles = tuple(citation.article for citation in (*first.citations, *second.citations))
    return replace(
        first,
        text=f"{first.text}\n{second.text}",
        long=f"{first.long}\n{second.long}",
        citations=(*first.citations, *second.citations),
        confidence=min(first.confidence, second.confidence),
        pending=first.pending or second.pending,
        topic=replace(topic, articles=articles),
        left=left,
    )
