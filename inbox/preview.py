"""How an article will look on a patient's phone: composed by the functions that answer patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from care.level import Level
from knowledge.article import Article, Audience, Confidence, Review, Signature
from knowledge.composing import compose
from knowledge.reading_level import Remark, remarks
from knowledge.sheet import Sheet
from knowledge.source import Source
from texts.segments import sms_segments, sms_units


@dataclass(frozen=True, slots=True)
class Preview:
    """What WeChat carries when it is asked for, the full text, and what an SMS would carry."""

    text: str
    long: str
    short: str
    units: int
    segments: int
    shortened: bool
    remarks: tuple[Remark, ...]


def preview(
    sheet: Sheet, sources: Mapping[str, Source], signature: Signature | None = None
) -> Preview | None:
    """Compose a sheet as it stands, finished or not; nothing without a source: it is not served."""
    article = _article(sheet, sources, signature)
    return previewed(article) if article.sources and sheet.plain else None


def previewed(article: Article) -> Preview:
    """Compose an article that has a source."""
    answer = compose([article], confidence=1.0)
    read = (article.plain, article.today, article.see_doctor, article.not_true, article.body)
    return Preview(
        text=answer.text,
        long=answer.long,
        short=answer.short,
        units=sms_units(answer.short),
        segments=sms_segments(answer.short),
        shortened=not answer.short.startswith(article.plain),
        remarks=remarks("\n".join(text for text in read if text)),
    )


def _article(sheet: Sheet, sources: Mapping[str, Source], signature: Signature | None) -> Article:
    """The words are the sheet's; what nobody reads on a phone is filled in."""
    return Article(
        id=sheet.id,
        title=sheet.title,
        audience=Audience.ALL,
        plain=sheet.plain,
        today=sheet.today,
        see_doctor=sheet.see_doctor,
        not_true=sheet.not_true,
        body=sheet.body,
        questions=sheet.questions,
        related=(),
        sources=tuple(sources[doc].at(at) for doc, at in sheet.sources if doc in sources),
        confidence=Confidence.MEMORY,
        review=Review.SIGNED if signature else Review.PENDING,
        expires=date.max,
        level=Level.NONE,
        signature=signature,
    )
