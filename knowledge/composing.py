"""How an article becomes words: the answer, its short form for SMS and its long form for WeChat.

The source and the label of an unsigned text are part of all three. The desk previews with the same
functions that answer patients.
"""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.answer import Answer, Citation
from knowledge.article import Article

PENDING = "待医生审核"
_TODAY = "今天可以做："
SHORT_LIMIT = 134


def compose(articles: Sequence[Article], *, confidence: float) -> Answer:
    """Answer with these articles, the best first."""
    pending = any(article.pending for article in articles)
    cites = list(dict.fromkeys(article.sources[0].cite for article in articles))
    plain = "".join(article.plain for article in articles)
    see = "".join(dict.fromkeys(article.see_doctor for article in articles))
    todo = _todo(articles[0]) if len(articles) == 1 else ""
    bodies = "\n".join(_whole(article) for article in articles)
    return Answer(
        "answer",
        text=f"{plain}{todo}{see}{cited(cites, pending=pending)}",
        short=shortened(articles[0].plain, cites[:1], pending=pending),
        long=f"{bodies}\n{see}{cited(cites, pending=pending)}",
        citations=tuple(Citation(a.id, a.sources[0].title, a.plain) for a in articles),
        confidence=confidence,
        pending=pending,
    )


def _todo(article: Article) -> str:
    """What to do today. Somebody who asks what the signs are is not told to call 120 now."""
    if not article.today or "现在" in article.today or "120" in article.today:
        return ""
    return f"{_TODAY}{article.today}"


def _whole(article: Article) -> str:
    today = f"\n{_TODAY}{article.today}" if article.today else ""
    return f"{article.plain}\n{article.body}{today}"


def cited(cites: Sequence[str], *, pending: bool) -> str:
    """The sources as a patient reads them, with the label of an unsigned text."""
    label = f"，{PENDING}" if pending else ""
    return f"（来源：{'、'.join(cites)}{label}）"


def shortened(plain: str, cites: Sequence[str], *, pending: bool) -> str:
    """Fit plain and source into two SMS: whole sentences go first, the label never."""
    tail = cited(cites[:1], pending=pending)
    kept = plain
    while len(kept) + len(tail) > SHORT_LIMIT and "。" in kept[:-1]:
        kept = kept[: kept[:-1].rindex("。") + 1]
    return kept[: SHORT_LIMIT - len(tail)] + tail
