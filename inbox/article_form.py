"""The form of an article: from its fields to a sheet, and what must be mended before it is signed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from care.level import Level
from inbox.form import Fields
from inbox.words import word
from knowledge.article import PLAIN_LIMIT, Audience, Confidence
from knowledge.sheet import Sheet, one_line, tidied
from knowledge.source import Source

PREFIXES = ("htn", "dm", "life", "med", "myth", "svc", "emg")
TITLE_LIMIT = 30
BODY_LIMIT = 3000
AUDIENCES = tuple(one.value for one in Audience)
CONFIDENCES = tuple(one.value for one in Confidence)
LEVELS = tuple(one.value for one in Level)
_ID = re.compile(rf"({'|'.join(PREFIXES)})(\.[a-z0-9]+(_[a-z0-9]+)*)+")
_LONGEST_ID = 60
# What comes after it stands on the same line.
_ENDS = ("。", "！", "？", "）", "”")
# A patient cannot tell a good address from a bad one: articles hold none.
_ADDRESS = re.compile(r"https?:|www\.|\]\(|[a-z0-9-]+\.(com|cn|net|org)\b", re.IGNORECASE)


def typed_sheet(article_id: str, fields: Fields) -> Sheet:
    """The sheet of what was typed."""
    sources = zip(fields.all("doc"), fields.all("section"), strict=False)
    return Sheet(
        id=article_id,
        title=_line(fields, "title"),
        audience=_line(fields, "audience"),
        plain=_line(fields, "plain"),
        today=_line(fields, "today"),
        see_doctor=_line(fields, "see_doctor"),
        not_true=_line(fields, "not_true"),
        related=_many(fields.all("related")),
        questions=_many(tidied(fields.get("questions", "")).split("\n")),
        sources=tuple((one_line(doc), one_line(at)) for doc, at in sources if doc.strip()),
        confidence=_line(fields, "confidence"),
        expires=_line(fields, "expires"),
        level=_line(fields, "level"),
        body=tidied(fields.get("body", "")),
    )


def chosen_id(fields: Fields) -> str:
    """The id of a new article: a subject from the list and a name."""
    return f"{_line(fields, 'prefix')}.{_line(fields, 'name').lower()}"


def id_problem(article_id: str, taken: Mapping[str, object]) -> str:
    """Why an id cannot be taken; empty when it can."""
    if not _ID.fullmatch(article_id) or len(article_id) > _LONGEST_ID:
        return word("article_problem", "id")
    return word("article_problem", "id_taken") if article_id in taken else ""


def problems(
    sheet: Sheet, sources: Mapping[str, Source], known: Mapping[str, str], today: date
) -> dict[str, str]:
    """What keeps a sheet from being signed: a sentence for each field."""
    wrong = {
        "title": _length(sheet.title, TITLE_LIMIT),
        "plain": _length(sheet.plain, PLAIN_LIMIT),
        "body": _length(sheet.body, BODY_LIMIT),
        "questions": "" if sheet.questions else "empty",
        "sources": _sources(sheet, sources),
        "related": _related(sheet, known),
        "expires": _expires(sheet.expires, today),
        "audience": "" if sheet.audience in AUDIENCES else "choose",
        "confidence": "" if sheet.confidence in CONFIDENCES else "choose",
        "level": "" if sheet.level in LEVELS else "choose",
    }
    for name in ("plain", "see_doctor"):
        text = getattr(sheet, name)
        if text and not wrong.get(name) and not text.endswith(_ENDS):
            wrong[name] = "no_end"
    for name in ("title", "plain", "today", "see_doctor", "not_true", "body"):
        if _ADDRESS.search(getattr(sheet, name)):
            wrong[name] = "address"
    return {name: word("article_problem", code) for name, code in wrong.items() if code}


def _line(fields: Fields, name: str) -> str:
    return one_line(fields.get(name, ""))


def _many(texts: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Each once, in their order, without the empty ones."""
    return tuple(dict.fromkeys(line for text in texts if (line := one_line(text))))


def _length(text: str, limit: int) -> str:
    if not text:
        return "empty"
    return "too_long" if len(text) > limit else ""


def _sources(sheet: Sheet, sources: Mapping[str, Source]) -> str:
    if not sheet.sources:
        return "unsourced"
    return "" if all(doc in sources for doc, _ in sheet.sources) else "source_unknown"


def _related(sheet: Sheet, known: Mapping[str, str]) -> str:
    if sheet.id in sheet.related:
        return "related_self"
    return "" if all(other in known for other in sheet.related) else "related_unknown"


def _expires(text: str, today: date) -> str:
    try:
        expires = date.fromisoformat(text)
    except ValueError:
        return "no_day"
    return "past" if expires < today else ""
