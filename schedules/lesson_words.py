"""The words of a lesson: title, the article's own plain text, what to do today, source and label."""

from __future__ import annotations

from collections.abc import Iterable

from knowledge.article import Article
from knowledge.composing import SHORT_LIMIT, cited
from texts.catalogue import CatalogError, fit, render


def words(article: Article, *, name: str, opt_out: bool) -> str | None:
    """The lesson in two SMS at most; None when the article is too long for that.

    The plain text, its source and its label are never cut. What to do today goes first, then the
    title, where there is no room; `name` is said where several people read one phone.
    """
    source = cited([article.sources[0].cite], pending=article.pending)
    rest = f"{source}{render('lesson.opt_out')}" if opt_out else source
    today = _today(article)
    for head in _heads(article, name):
        for more in dict.fromkeys((today, "")):
            text = f"{head}{article.plain}{more}{rest}"
            if len(text) <= SHORT_LIMIT:
                return text
    return None


def discreet(text: str, unsaid: Iterable[str]) -> bool:
    """Whether a text may stand on the screen of a phone that anybody looks at."""
    return not any(word in text for word in unsaid)


def _heads(article: Article, name: str) -> tuple[str, ...]:
    title = fit("title", article.title)
    if name:
        # Without a name nobody would know whom it is for.
        called = fit("name", name)
        return (
            render("lesson.head_for", name=called, title=title),
            render("lesson.head_name", name=called),
        )
    return (render("lesson.head", title=title), "")


def _today(article: Article) -> str:
    try:
        return render("lesson.today", today=article.today) if article.today else ""
    except CatalogError:
        return ""
