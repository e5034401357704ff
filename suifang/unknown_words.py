"""The report of unknown words: messages are opened, counted and forgotten; nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session, col, select

import language
from knowledge.article import read_articles
from language.lexicon import table
from language.unknown import Known, UnknownWord
from language.unknown import unknown_words as count
from records import people
from records.messages import text_of
from records.tables import Facility, InboundMessage, Person, Practitioner
from records.vault import Vault
from suifang.installation import Installation
from texts.catalogue import catalogue

_TABLES = (
    "lexicon",
    "concepts",
    "frames",
    "intents",
    "background",
    "explained",
    "context",
    "units",
)
_CORPUS = Path(language.__path__[0]) / "corpus"
# Of the invented sentences, those in standard Chinese; the villages' own words are no known words.
_STANDARD = ("asked", "everyday", "forum", "posts_")


def unknown_words(installation: Installation, now: datetime, days: int) -> list[UnknownWord]:
    """The words used in five conversations or more of the last `days` that no list knows."""
    vault = installation.vault
    with installation.database.reading() as session:
        known = Known(_known_texts(), _names(session, vault))
        return count(_messages(session, vault, now - timedelta(days=days)), known)


def _messages(session: Session, vault: Vault, since: datetime) -> Iterator[tuple[str, str]]:
    query = select(InboundMessage).where(
        col(InboundMessage.kind) == "text",
        col(InboundMessage.received_at) >= since,
        col(InboundMessage.body_sealed).is_not(None),
    )
    for message in session.exec(query.execution_options(yield_per=500)):
        yield message.contact_point_id, text_of(vault, message)


def _names(session: Session, vault: Vault) -> Iterator[str]:
    """Names of people and places: never told, and neither are their given names."""
    for person in session.exec(select(Person)):
        if person.name_sealed is not None:
            name = people.name_of(vault, person)
            yield from (name, name[1:])
    for practitioner in session.exec(select(Practitioner)):
        if practitioner.name_sealed is not None:
            yield vault.open(practitioner.name_sealed, "practitioners.name", practitioner.id)
    yield from session.exec(select(Facility.name))


def _known_texts() -> Iterator[str]:
    """Everything that is already written in plain words: articles, sentences, tables, corpus."""
    for article in read_articles():
        yield from (article.title, article.body, *article.questions)
    yield from _texts([sentence.text for sentence in catalogue().sentences.values()])
    for name in _TABLES:
        yield from _texts(dict(table(name)))
    for path in sorted(_CORPUS.glob("*.tsv")):
        if path.stem.startswith(_STANDARD):
            yield path.read_text("utf-8")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
