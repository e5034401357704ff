"""One education article: its fields, how it is read from Markdown, and what makes it unfit to serve."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import yaml

from care.level import Level
from care.situation import Programme
from knowledge.source import Source, read_sources

ARTICLES = Path(__file__).parent / "articles"
PLAIN_LIMIT = 120
_FENCE = "---"
# Only a line of its own closes the front matter: a value, or the body, may hold three dashes.
_FENCED = re.compile(rf"{_FENCE}\n(?P<matter>.*?^){_FENCE}\n(?P<body>.*)", re.DOTALL | re.MULTILINE)
_SUBJECTS = {"htn": Programme.HYPERTENSION.value, "dm": Programme.TYPE2_DIABETES.value}
_Member = TypeVar("_Member", bound=StrEnum)


class ArticleError(Exception):
    """An article file is wrong. The message names the file and the field."""


class Review(StrEnum):
    """Whether a named clinician has signed the text."""

    PENDING = "pending"
    SIGNED = "signed"


class Confidence(StrEnum):
    """How sure we are of the facts: two texts agree, one text, or memory alone."""

    HIGH = "high"
    LOW = "low"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Signature:
    """Who vouches for a text: a clinician's name, title and the day."""

    name: str
    title: str
    on: date


class Audience(StrEnum):
    """Who the article is written for."""

    HYPERTENSION = "htn"
    DIABETES = "dm"
    BOTH = "both"
    ALL = "all"
    FAMILY = "family"

    @property
    def conditions(self) -> frozenset[str]:
        """The diseases the article is about; empty when it concerns everybody."""
        if self is Audience.HYPERTENSION:
            return frozenset({Programme.HYPERTENSION.value})
        if self is Audience.DIABETES:
            return frozenset({Programme.TYPE2_DIABETES.value})
        return frozenset()


@dataclass(frozen=True, slots=True)
class Article:
    """A reviewed (or honestly unreviewed) answer to what people ask, with where it comes from."""

    id: str
    title: str
    audience: Audience
    plain: str
    today: str
    see_doctor: str
    not_true: str
    body: str
    questions: tuple[str, ...]
    related: tuple[str, ...]
    sources: tuple[Source, ...]
    confidence: Confidence
    review: Review
    expires: date
    level: Level
    signature: Signature | None = None

    @property
    def about(self) -> frozenset[str]:
        """The disease the article is about, by the first part of its id, else by its audience."""
        named = _SUBJECTS.get(self.id.partition(".")[0])
        return frozenset({named}) if named else self.audience.conditions

    @property
    def pending(self) -> bool:
        return self.review is Review.PENDING

    @property
    def passage(self) -> str:
        """What the index embeds: enough to know what the article is about."""
        return f"{self.title}。{self.plain}"

    def served(self, today: date, *, pending: bool) -> bool:
        """Tell whether the article may be shown: sourced, not expired, signed unless allowed."""
        return bool(self.sources) and today <= self.expires and (pending or not self.pending)


def read_article(path: Path, registry: Mapping[str, Source]) -> Article:
    """Read one file and check it.

    Raises:
        ArticleError: naming the file and the field that is wrong.
    """
    return parse_article(path.name, path.read_text(encoding="utf-8"), registry)


def parse_article(name: str, text: str, registry: Mapping[str, Source]) -> Article:
    """Read the text of one article and check it.

    Args:
        name: the file's name (`<id>.md`), for the messages; the id must be its stem.
        text: front matter and body.
        registry: the documents that may be cited.

    Raises:
        ArticleError: naming the file and the field that is wrong.
    """
    fields, body = parts_of(name, text)
    try:
        article = Article(
            id=_text(name, fields, "id"),
            title=_text(name, fields, "title"),
            audience=_member(name, fields, "audience", Audience),
            plain=_text(name, fields, "plain"),
            today=_text(name, fields, "today", required=False),
            see_doctor=_text(name, fields, "see_doctor", required=False),
            not_true=_text(name, fields, "not_true", required=False),
            body=body,
            questions=_texts(name, fields, "questions"),
            related=_texts(name, fields, "related"),
            sources=_sources(name, fields, registry),
            confidence=_member(name, fields, "confidence", Confidence),
            review=_member(name, fields, "review", Review),
            expires=_date(name, fields, "expires"),
            level=_member(name, fields, "default_level", Level),
            signature=_signature(name, fields),
        )
    except KeyError as error:
        msg = f"{name}: field {error} is missing"
        raise ArticleError(msg) from error
    _check(name, article)
    return article


def read_articles(folder: Path = ARTICLES) -> tuple[Article, ...]:
    """Read every article of a folder, sorted by id, and check that they fit together."""
    registry = read_sources()
    articles = tuple(read_article(path, registry) for path in sorted(folder.glob("*.md")))
    known = {article.id for article in articles}
    for article in articles:
        missing = [other for other in article.related if other not in known]
        if missing:
            msg = f"{article.id}.md: related names no article: {missing[0]}"
            raise ArticleError(msg)
    return articles


def parts_of(name: str, text: str) -> tuple[dict[str, Any], str]:
    """Return front matter and body of a manuscript, whatever they hold.

    Raises:
        ArticleError: naming the file.
    """
    parts = _FENCED.match(text)
    if parts is None:
        msg = f"{name}: front matter must stand between two lines of {_FENCE}"
        raise ArticleError(msg)
    try:
        # The C loader is some eight times faster; every worker reads all articles at its start.
        fields = yaml.load(parts["matter"], Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, ValueError) as error:  # a day that does not exist is a ValueError
        msg = f"{name}: front matter is not YAML: {error}"
        raise ArticleError(msg) from error
    if not isinstance(fields, dict):
        msg = f"{name}: front matter must be a mapping"
        raise ArticleError(msg)
    return fields, parts["body"].strip()


def _check(name: str, article: Article) -> None:
    if name.removesuffix(".md") != article.id:
        msg = f"{name}: id {article.id!r} differs from the file name"
        raise ArticleError(msg)
    if len(article.plain) > PLAIN_LIMIT:
        msg = f"{name}: plain has {len(article.plain)} characters, at most {PLAIN_LIMIT}"
        raise ArticleError(msg)
    if not article.body:
        msg = f"{name}: body is empty"
        raise ArticleError(msg)
    if not article.questions:
        msg = f"{name}: questions is empty"
        raise ArticleError(msg)
    if article.pending != (article.signature is None):
        msg = f"{name}: review is signed when, and only when, signed says who (name, title, date)"
        raise ArticleError(msg)


def _text(name: str, fields: Mapping[str, Any], field: str, *, required: bool = True) -> str:
    value = fields[field] if required else fields.get(field) or ""
    if not isinstance(value, str) or (required and not value.strip()):
        msg = f"{name}: {field} must be a text"
        raise ArticleError(msg)
    return value.strip()


def _texts(name: str, fields: Mapping[str, Any], field: str) -> tuple[str, ...]:
    value = fields.get(field) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        msg = f"{name}: {field} must be a list of texts"
        raise ArticleError(msg)
    return tuple(value)


def _member(name: str, fields: Mapping[str, Any], field: str, kind: type[_Member]) -> _Member:
    try:
        return kind(fields[field])
    except ValueError as error:
        allowed = ", ".join(member.value for member in kind)
        msg = f"{name}: {field} must be one of {allowed}"
        raise ArticleError(msg) from error


def _date(name: str, fields: Mapping[str, Any], field: str) -> date:
    value = fields[field]
    if type(value) is not date:
        msg = f"{name}: {field} must be a date (YYYY-MM-DD)"
        raise ArticleError(msg)
    return value


def _signature(name: str, fields: Mapping[str, Any]) -> Signature | None:
    signed = fields.get("signed")
    if signed is None:
        return None
    if not isinstance(signed, dict):
        msg = f"{name}: signed must give name, title and date"
        raise ArticleError(msg)
    return Signature(
        _text(name, signed, "name"), _text(name, signed, "title"), _date(name, signed, "date")
    )


def _sources(
    name: str, fields: Mapping[str, Any], registry: Mapping[str, Source]
) -> tuple[Source, ...]:
    entries: Any = fields.get("sources") or []
    if not isinstance(entries, list):
        msg = f"{name}: sources must be a list of documents"
        raise ArticleError(msg)
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or str(entry.get("doc")) not in registry:
            msg = f"{name}: sources names no registered document: {entry!r}"
            raise ArticleError(msg)
        found.append(registry[entry["doc"]].at(str(entry.get("section") or "")))
    return tuple(found)
