"""An answer told once more: shorter, longer, one side of it, or what else there is. Only its own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from knowledge import leaning
from knowledge.answer import Answer, Citation
from knowledge.article import Article
from knowledge.composing import cited, compose
from knowledge.leaning import Lean

# With the label and what else a reply holds, a WeChat text still takes it.
MOST = 480
_SIMPLE_SENTENCES = 2
_MOST_TITLES = 3
_CERTAIN = 0.9


def told(articles: Sequence[Article], kind: Lean, related: Sequence[str]) -> Answer:
    """The articles of the last answer again, as it is wished.

    `related`: titles to offer when everything has been told.
    """
    whole = compose(articles, confidence=_CERTAIN)
    if kind is Lean.AGAIN or kind is Lean.SWITCH:
        return whole
    if kind is Lean.SIMPLER:
        return _of(articles, _first(articles[0].plain))
    if kind is Lean.MORE and related:
        titles = "、".join(list(dict.fromkeys(related))[:_MOST_TITLES])
        told = leaning.said("more_topics", titles=titles)
        return replace(whole, text=told, long=told)
    if kind is Lean.WHAT_TO_DO:
        doing = "".join(f"{a.today}{a.see_doctor}" for a in articles if a.today)
        if doing:
            return _of(articles, doing)
    return longer(articles)


def longer(articles: Sequence[Article]) -> Answer:
    """What the longer texts add, as far as one message holds it."""
    see = "".join(dict.fromkeys(article.see_doctor for article in articles))
    room = MOST - len(see)
    kept: list[str] = []
    for paragraph in (p for article in articles for p in article.body.split("\n") if p.strip()):
        if len(paragraph) > room:
            break
        kept.append(paragraph)
        room -= len(paragraph) + 1
    return _of(articles, "\n".join([*kept, see]))


def on_side(articles: Sequence[Article], pick: Callable[[str], str]) -> Answer | None:
    """Only the sentences that were asked for; None when no article has one."""
    sentences: dict[str, None] = {}
    behind = []
    for article in articles:
        found = leaning.split(pick(f"{article.plain}{article.body}{article.see_doctor}"))
        if found:
            behind.append(article)
            sentences.update(dict.fromkeys(found))
    if not behind:
        return None
    return _of(behind, _as_long_as("".join(sentences), MOST))


def shared(word: str, text: str) -> str:
    """The longest piece of a word that stands in a text, when it is the better half of the word."""
    for length in range(len(word), 1, -1):
        for start in range(len(word) - length + 1):
            piece = word[start : start + length]
            if piece in text:
                return piece if 2 * length >= len(word) else ""
    return ""


def _of(articles: Sequence[Article], text: str) -> Answer:
    whole = compose(articles, confidence=_CERTAIN)
    cites = list(dict.fromkeys(article.sources[0].cite for article in articles))
    labelled = f"{text.strip()}{cited(cites, pending=whole.pending)}"
    citations = tuple(Citation(a.id, a.sources[0].title, text.strip()) for a in articles)
    return replace(whole, text=labelled, long=labelled, citations=citations)


def _first(plain: str) -> str:
    return leaning.ended("".join(leaning.split(plain)[:_SIMPLE_SENTENCES]))


def _as_long_as(text: str, room: int) -> str:
    kept = ""
    for sentence in leaning.split(text):
        if len(kept) + len(sentence) > room:
            break
        kept += sentence
    return leaning.ended(kept)
