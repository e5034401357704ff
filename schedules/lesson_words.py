"""The words of a lesson: title, the article's own plain text, what to do today, source and label."""

from __future__ import annotations

from collections.abc import Iterable

from knowledge.article import Article
from knowledge.composing import SHORT_LIMIT, cited
from texts.catalogue import CatalogError, fit, render

# Where length costs nothing: still to be read in one breath.
FREE_LIMIT = 200


def words(
    article: Article,
    *,
    name: str,
    opt_out: bool,
    today: str = "",
    limit: int = SHORT_LIMIT,
) -> str | None:
    """The lesson, by default in two SMS; None when the article is too long for the limit.

    Nothing of it is cut, and the title stays: without it 先坐下 would be an order. Only what to do
    `today` goes where there is no room. `name` is said where several people read one phone.
    """
    source = cited([article.sources[0].cite], pending=article.pending)
    rest = f"{source}{render('lesson.opt_out')}" if opt_out else source
    head = _head(article, name)
    for more in (_today(today), ""):
        text = f"{head}{article.plain}{more}{rest}"
        if len(text) <= limit:
            return text
    return None


def discreet(text: str, unsaid: Iterable[str]) -> bool:
    """Whether a text may stand on the screen of a phone that anybody looks at."""
    return not any(word in text for word in unsaid)


def _head(article: Article, name: str) -> str:
    title = fit("title", article.title)
    if name:
        return render("lesson.head_for", name=fit("name", name), title=title)
    return render("lesson.head", title=title)


def _today(today: str) -> str:
    try:
        return render("lesson.today", today=today) if today else ""
    except CatalogError:
        return ""
