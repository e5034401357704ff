"""The articles as they stand: the packaged files, and over them what curators signed at the desk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from knowledge.article import Article, ArticleError, parse_article
from knowledge.manuscript import written
from knowledge.source import Source, read_sources


class Standing(StrEnum):
    """How a signed revision stands to the packaged file of the same article.

    `same`: exported and released, the file says it already. `ahead`: signed over this very file.
    `alone`: there is no file. `outdated`: the file carries a later signature and is served.
    `parted`: the file was changed since; the signed revision is served until somebody decides.
    """

    SAME = "same"
    AHEAD = "ahead"
    ALONE = "alone"
    OUTDATED = "outdated"
    PARTED = "parted"


@dataclass(frozen=True, slots=True)
class Corpus:
    """The articles to serve, by id, and which revisions could not be read."""

    articles: tuple[Article, ...]
    problems: tuple[str, ...] = ()


def overlaid(
    packaged: Sequence[Article],
    manuscripts: Mapping[str, str],
    registry: Mapping[str, Source] | None = None,
) -> Corpus:
    """Lay signed manuscripts over the packaged articles.

    A manuscript that this release cannot read (a source that is no longer registered, say) leaves
    the packaged file in force and is told; it must not keep the whole library from opening.
    """
    known = read_sources() if registry is None else registry
    standing = {article.id: article for article in packaged}
    problems = []
    for article_id, text in manuscripts.items():
        try:
            signed = parse_article(f"{article_id}.md", text, known)
        except ArticleError as error:
            problems.append(str(error))
            continue
        if not _outdated(signed, standing.get(article_id)):
            standing[article_id] = signed
    articles = tuple(_pruned(standing[key], standing) for key in sorted(standing))
    return Corpus(articles, tuple(problems))


def standing_of(signed: Article, packaged: Article | None, signed_over: str) -> Standing:
    """Tell how a signed revision stands to the file.

    Args:
        signed: the revision.
        packaged: the file of this release, if there is one.
        signed_over: `digest_of` the file when the revision was written.
    """
    if packaged is None:
        return Standing.ALONE
    if written(signed) == written(packaged):
        return Standing.SAME
    if _outdated(signed, packaged):
        return Standing.OUTDATED
    return Standing.AHEAD if digest_of(packaged) == signed_over else Standing.PARTED


def digest_of(article: Article) -> str:
    """Identify the content of an article, however its file is written."""
    return hashlib.sha256(written(article).encode()).hexdigest()


def _outdated(signed: Article, packaged: Article | None) -> bool:
    """The later signature wins; a file without any never does."""
    if packaged is None or packaged.signature is None or signed.signature is None:
        return False
    return packaged.signature.on > signed.signature.on


def _pruned(article: Article, known: Mapping[str, Article]) -> Article:
    """A related article may have been withdrawn since."""
    kept = tuple(other for other in article.related if other in known)
    return article if kept == article.related else replace(article, related=kept)
