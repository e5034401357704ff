"""The curator's desk: every article with what is served, what is being written, and who may look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated

from fastapi import Depends
from sqlmodel import Session

from inbox.door import Posted, not_found, posted, signed_in
from knowledge.article import Article, ArticleError, parse_article, read_articles
from knowledge.corpus import Standing, digest_of, standing_of
from knowledge.manuscript import written
from knowledge.sheet import Sheet, sheet_for, sheet_of
from knowledge.source import Source, read_sources
from records import revisions
from records.practitioners import Visitor
from records.revisions import DRAFT, InForce
from records.tables import ArticleRevision

# Several times the articles there are: theirs, as they were and as they are.
_MOST_KEPT = 512
SOON = timedelta(days=60)
# The filters of the list, in their order; the words stand in the vocabulary.
FILTERS = ("all", "draft", "pending", "signed", "expiring", "expired", "unsourced", "parted")


@dataclass(frozen=True, slots=True)
class Piece:
    """One article on the desk. `served` is what patients get, however old it is."""

    id: str
    served: Article | None
    file: Article | None
    signed: InForce | None
    newest: ArticleRevision | None
    standing: Standing | None = None
    problem: str = ""

    @property
    def draft(self) -> bool:
        """Somebody has written on it since it was signed."""
        return self.newest is not None and self.newest.state == DRAFT

    @property
    def number(self) -> int:
        """The newest revision; 0 when it was never touched here."""
        return self.newest.number if self.newest else 0

    @property
    def title(self) -> str:
        return self.served.title if self.served else self.sheet().title

    @property
    def manuscript(self) -> str:
        """The text to go on writing: the draft, else what is served, else what there was."""
        if self.newest is not None and (self.draft or self.served is None):
            return self.newest.manuscript
        return written(self.served) if self.served else ""

    @property
    def file_digest(self) -> str:
        return digest_of(self.file) if self.file else ""

    def sheet(self) -> Sheet:
        return _sheet(self.id, self.manuscript)

    def tags(self, today: date) -> frozenset[str]:
        """The filters that show it."""
        found = {"all"}
        if self.draft:
            found.add("draft")
        if self.standing is Standing.PARTED or self.problem:
            found.add("parted")
        if self.served is not None:
            found.add("pending" if self.served.pending else "signed")
            found |= _ages(self.served, today)
        if self.covers(today):
            found.add("covers")
        return frozenset(found)

    def covers(self, today: date) -> bool:
        """Whether what was signed here has expired and keeps back a file that has not."""
        served, file = self.served, self.file
        if served is None or file is None or self.standing in {None, Standing.OUTDATED}:
            return False
        return today > served.expires and file.served(today, pending=True)

    @property
    def signed_on(self) -> date | None:
        """The last day on which anything was signed that the next signature replaces."""
        days = [one.signature.on for one in (self.served, self.file) if one and one.signature]
        return max(days, default=None)

    def holds(self, words: str) -> bool:
        """Whether the words stand anywhere in it, or in its id."""
        sheet = self.sheet() if self.draft or self.served is None else sheet_for(self.served)
        texts = (
            self.id, self.title, sheet.title, sheet.plain, sheet.body, sheet.see_doctor,
            sheet.today, sheet.not_true, *sheet.questions,
        )  # fmt: skip
        return any(words.casefold() in text.casefold() for text in texts)


async def desk_reader(visitor: Annotated[Visitor, Depends(signed_in)]) -> Visitor:
    """The curator and the operator; for everybody else the desk does not exist."""
    if not visitor.reader.sees_articles:
        not_found()
    return visitor


async def curator(visitor: Annotated[Visitor, Depends(desk_reader)]) -> Visitor:
    if not visitor.reader.curates:
        not_found()
    return visitor


async def curator_post(form: Annotated[Posted, Depends(posted)]) -> Posted:
    if not form.visitor.reader.curates:
        not_found()
    return form


@lru_cache(maxsize=1)
def packaged() -> Mapping[str, Article]:
    """The articles of this release; they do not change while a process runs."""
    return {article.id: article for article in read_articles()}


@lru_cache(maxsize=1)
def sources() -> Mapping[str, Source]:
    return read_sources()


def pieces(session: Session) -> dict[str, Piece]:
    """Every article, packaged or written here, by id."""
    signed = {one.article_id: one for one in revisions.in_force(session)}
    newest = {row.article_id: row for row in revisions.latest(session)}
    ids = sorted(packaged().keys() | newest.keys())
    return {one: _piece(one, signed.get(one), newest.get(one)) for one in ids}


def piece_of(session: Session, article_id: str) -> Piece | None:
    """One article of the desk."""
    newest = revisions.newest(session, article_id)
    if newest is None and article_id not in packaged():
        return None
    signed = next(
        (one for one in revisions.in_force(session) if one.article_id == article_id), None
    )
    return _piece(article_id, signed, newest)


def known_ids(session: Session) -> dict[str, str]:
    """The articles that another one may point to, with their titles."""
    return {key: one.title for key, one in pieces(session).items() if one.served is not None}


@lru_cache(maxsize=_MOST_KEPT)
def parsed(article_id: str, manuscript: str) -> Article | str:
    """The article of a text, or why it is none."""
    try:
        return parse_article(f"{article_id}.md", manuscript, sources())
    except ArticleError as error:
        return str(error)


# To write an article back as a file takes milliseconds, and each page looks at every one of them.
_standing = lru_cache(maxsize=_MOST_KEPT)(standing_of)
_sheet = lru_cache(maxsize=_MOST_KEPT)(sheet_of)


def _piece(article_id: str, signed: InForce | None, newest: ArticleRevision | None) -> Piece:
    file = packaged().get(article_id)
    if signed is None:
        return Piece(article_id, file, file, None, newest)
    article = parsed(article_id, signed.manuscript)
    if isinstance(article, str):
        return Piece(article_id, file, file, signed, newest, problem=article)
    standing = _standing(article, file, signed.packaged_digest)
    served = file if standing is Standing.OUTDATED else article
    return Piece(article_id, served, file, signed, newest, standing)


def _ages(article: Article, today: date) -> set[str]:
    found = set()
    if not article.sources:
        found.add("unsourced")
    if today > article.expires:
        found.add("expired")
    elif today + SOON >= article.expires:
        found.add("expiring")
    return found
