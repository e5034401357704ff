"""An article written back as the Markdown file it is read from, for export and for git."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from knowledge.article import Article

_WIDE = 10_000


def written(article: Article) -> str:
    """Return the text of `<id>.md`; parsing it gives the same article again."""
    fields: dict[str, Any] = {
        "id": article.id,
        "title": article.title,
        "audience": article.audience.value,
        "plain": article.plain,
        "today": article.today,
        "see_doctor": article.see_doctor,
        "not_true": article.not_true,
        "related": list(article.related),
        "questions": list(article.questions),
        "sources": [_source(source.doc, source.section) for source in article.sources],
        "confidence": article.confidence.value,
        "review": article.review.value,
        "expires": article.expires,
        "default_level": article.level.value,
    }
    if article.signature is not None:
        signed = article.signature
        fields["signed"] = {"name": signed.name, "title": signed.title, "date": signed.on}
    return text_of(fields, article.body)


def text_of(fields: Mapping[str, Any], body: str) -> str:
    """Return front matter, without the fields that are empty, and body as one text."""
    kept = {name: value for name, value in fields.items() if value not in ("", [])}
    matter = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=_WIDE)
    return f"---\n{matter}---\n{body}\n"


def _source(doc: str, section: str) -> dict[str, str]:
    return {"doc": doc, "section": section} if section else {"doc": doc}
