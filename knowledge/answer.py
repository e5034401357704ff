"""What the library gives back to a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from knowledge.topic import Topic

Kind = Literal["answer", "refusal", "unknown"]


@dataclass(frozen=True, slots=True)
class Citation:
    """Which article (by id), which document, and the sentence that was used."""

    article: str
    source: str
    passage: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its source, a refusal with its kind, or the admission that nothing fits.

    `text` is what the patient reads (empty unless `kind` is "answer"; refusals are worded by
    `texts`). `short` fits two SMS; `long` adds the article's own body for WeChat. An unknown food
    is `unknown` with a `text`: how to judge what no table knows.
    `topic` is what a question that leans on this one ("那西瓜呢") would need; `left` how many more
    things were asked in the same message; `ask_back`: nobody can know what it leans on.
    `margin`: how far the article was ahead of the next; None when no ranking decided it.
    """

    kind: Kind
    refusal: str | None = None
    text: str = ""
    short: str = ""
    long: str = ""
    citations: tuple[Citation, ...] = ()
    confidence: float = 0.0
    pending: bool = False
    topic: Topic | None = None
    left: int = 0
    ask_back: bool = False
    margin: float | None = None


UNKNOWN = Answer("unknown")
