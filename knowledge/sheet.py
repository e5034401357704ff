"""An article on the desk: what was typed, field by field, finished or not.

A draft may be wrong in any field and is kept nevertheless. Only what `parse_article` accepts can
be signed.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Any

from knowledge.article import Article, Review, Signature, parts_of
from knowledge.manuscript import text_of

_BREAKS = str.maketrans({"\r": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})
# Nothing a person types: they vanish on one phone and garble the text on the next.
_UNTYPED = ("Cc", "Cs", "Co")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The fields as texts. `sources` are pairs of document code and section."""

    id: str = ""
    title: str = ""
    audience: str = ""
    plain: str = ""
    today: str = ""
    see_doctor: str = ""
    not_true: str = ""
    related: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    confidence: str = ""
    expires: str = ""
    level: str = ""
    body: str = ""


def sheet_of(article_id: str, text: str) -> Sheet:
    """Read a manuscript leniently: a field that is missing or strange is empty or its text.

    Raises:
        ArticleError: it is no manuscript at all.
    """
    fields, body = parts_of(f"{article_id}.md", text)
    said = {name: _said(value) for name, value in fields.items()}
    return Sheet(
        id=article_id,
        title=said.get("title", ""),
        audience=said.get("audience", ""),
        plain=said.get("plain", ""),
        today=said.get("today", ""),
        see_doctor=said.get("see_doctor", ""),
        not_true=said.get("not_true", ""),
        related=_texts(fields, "related"),
        questions=_texts(fields, "questions"),
        sources=tuple(
            (_said(item.get("doc")), _said(item.get("section")))
            for item in _list(fields, "sources")
            if isinstance(item, dict)
        ),
        confidence=said.get("confidence", ""),
        expires=said.get("expires", ""),
        level=said.get("default_level", ""),
        body=body,
    )


def sheet_for(article: Article) -> Sheet:
    """The sheet of an article that stands."""
    return Sheet(
        id=article.id,
        title=article.title,
        audience=article.audience.value,
        plain=article.plain,
        today=article.today,
        see_doctor=article.see_doctor,
        not_true=article.not_true,
        related=article.related,
        questions=article.questions,
        sources=tuple((source.doc, source.section) for source in article.sources),
        confidence=article.confidence.value,
        expires=article.expires.isoformat(),
        level=article.level.value,
        body=article.body,
    )


def laid_out(sheet: Sheet, signature: Signature | None = None) -> str:
    """Return the manuscript of a sheet: what the article's file will be."""
    fields: dict[str, Any] = {
        "id": sheet.id,
        "title": sheet.title,
        "audience": sheet.audience,
        "plain": sheet.plain,
        "today": sheet.today,
        "see_doctor": sheet.see_doctor,
        "not_true": sheet.not_true,
        "related": list(sheet.related),
        "questions": list(sheet.questions),
        "sources": [
            {"doc": doc, "section": section} if section else {"doc": doc}
            for doc, section in sheet.sources
        ],
        "confidence": sheet.confidence,
        "review": (Review.SIGNED if signature else Review.PENDING).value,
        "expires": _day(sheet.expires),
        "default_level": sheet.level,
    }
    if signature is not None:
        fields["signed"] = {
            "name": signature.name,
            "title": signature.title,
            "date": signature.on,
        }
    return text_of(fields, sheet.body)


def tidied(text: str) -> str:
    """What was typed, without what nobody types; line breaks are kept."""
    broken = text.replace("\r\n", "\n").translate(_BREAKS).replace(_BOM, "")
    kept = "".join(
        letter
        for letter in broken
        if letter == "\n" or unicodedata.category(letter) not in _UNTYPED
    )
    return kept.strip()


def one_line(text: str) -> str:
    """The same on one line; Chinese needs no space where a line broke."""
    return "".join(line.strip() for line in tidied(text.replace("\t", " ")).split("\n"))


def _said(value: object) -> str:
    return "" if value is None else str(value).strip()


def _list(fields: dict[str, Any], name: str) -> list[Any]:
    found = fields.get(name)
    return found if isinstance(found, list) else []


def _texts(fields: dict[str, Any], name: str) -> tuple[str, ...]:
    return tuple(_said(item) for item in _list(fields, name))


def _day(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text
