"""What `suifang doctor` says of the articles and their index; it embeds one sentence to see."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from knowledge.article import Article, ArticleError
from knowledge.decoys import read_decoys
from knowledge.embedder import Embedder, EmbedderError
from knowledge.index import version_of
from knowledge.store import IndexBroken, Reader, Store
from records import people, revisions, running
from records.db import Database
from schedules.shelving import MARKER
from suifang import education
from suifang.findings import Finding, State
from suifang.settings import Settings

_INDEX = "知识索引"
_SOON = timedelta(days=60)
# An article is nearest to its own passage, or vectors and texts do not belong together.
_ITSELF = 0.97
_BUILD = "运行 suifang index"
_WORDS_ALONE = "现在只按字词查找"


def examine_library(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Articles, signed revisions, index: each for itself."""
    try:
        corpus = education.corpus(settings)
    except (ArticleError, OSError) as error:
        yield Finding("文章", State.ERROR, f"读不出来:{error}", "改正这个文件,或重新安装")
        return
    today = people.china_date(now)
    yield _articles(settings, corpus.articles, today)
    yield from _dates(corpus.articles, today)
    yield from _revisions(settings, corpus.problems)
    if settings.embeddings == "none":
        yield Finding(_INDEX, State.OK, "没有用向量,只按字词查找(可以这样用)")
        return
    yield from _folder(settings.index_dir)
    yield _index(settings, corpus.articles, now)


def _articles(settings: Settings, articles: Sequence[Article], today: date) -> Finding:
    pending = sum(article.pending for article in articles)
    served = sum(a.served(today, pending=settings.serve_pending) for a in articles)
    says = f"{len(articles)} 篇文章,其中 {pending} 篇待医生审核"
    if served == 0:
        return Finding("文章", State.WARN, f"{says},现在一篇都不用来回答", "请医生审核签字后再上线")
    if pending and settings.serve_pending:
        do = "正式使用前请医生审核"
        return Finding("文章", State.WARN, f"{says};待审的也在用来回答", do)
    return Finding("文章", State.OK, f"{says};用来回答的有 {served} 篇")


def _dates(articles: Sequence[Article], today: date) -> Iterator[Finding]:
    expired = [article for article in articles if article.expires < today]
    soon = [a for a in articles if today <= a.expires < today + _SOON]
    if expired:
        says = f"{len(expired)} 篇已过期,不再用来回答:{_named(expired)}"
        yield Finding("过期文章", State.WARN, says, "请医生复审")
    if soon:
        says = f"{len(soon)} 篇在 {_SOON.days} 天内到期:{_named(soon)}"
        yield Finding("快到期的文章", State.WARN, says, "请医生复审")


def _named(articles: Sequence[Article]) -> str:
    names = [article.id for article in articles]
    return "、".join(names[:3]) + ("…" if len(names) > 3 else "")  # noqa: PLR2004 - enough to begin


def _revisions(settings: Settings, unreadable: Sequence[str]) -> Iterator[Finding]:
    """What curators signed, and whether the worker serves it already."""
    for problem in unreadable:
        says = f"签过字的一篇读不出来,用的还是原来的:{problem}"
        yield Finding("签发的文章", State.ERROR, says, "在审核台改正,重新签发")
    edition, noted = _editions(settings)
    if not edition and not noted:
        return
    served = json.loads(noted or "{}")
    if served.get("edition", "") == edition:
        which = edition or "随软件发布的"
        yield Finding("签发的文章", State.OK, f"后台进程用的是最新的一版({which})")
    else:
        says = "后台进程用的还不是最新签发的一版"
        yield Finding("签发的文章", State.WARN, says, "等一分钟再看;还是这样就看日志")


def _editions(settings: Settings) -> tuple[str, str]:
    if not education.has_database(settings):
        return "", ""
    with closing(_Opened(settings)) as opened, opened.database.reading() as session:
        edition = revisions.edition(session)
        return edition, running.marked(session, MARKER) or ""


class _Opened:
    """A database for the length of a look."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.database)

    def close(self) -> None:
        self.database.dispose()


def _folder(folder: Path) -> Iterator[Finding]:
    if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        says = f"{folder} 不能写,建不了新的索引"
        yield Finding("索引文件夹", State.WARN, says, "把这个文件夹交给运行 suifang 的用户")


def _index(settings: Settings, articles: Sequence[Article], now: datetime) -> Finding:
    local = settings.embeddings == "local"
    try:
        embedder = education.embedder(settings)
        assert embedder is not None  # noqa: S101 - embeddings are on
        vector = embedder.passages([articles[0].passage])[0] if articles else None
    except EmbedderError as error:
        do = "重新运行 make setup" if local else "检查 SUIFANG_EMBEDDINGS_ 各项和对方的服务"
        says = f"向量模型用不了,{_WORDS_ALONE}:{error}"
        return Finding(_INDEX, State.WARN, says, do)
    store = education.store(settings)
    try:
        version = version_of(articles, read_decoys(), embedder)
        name = store.find(version) or store.current()
        if name is None:
            return Finding(_INDEX, State.WARN, f"还没有建,{_WORDS_ALONE}", _BUILD)
        reader = store.open(name)
        try:
            near = {} if vector is None else reader.nearest(vector, 1, 1)[0]
        finally:
            reader.close()
    except IndexBroken as error:
        do = _BUILD if settings.chroma_url is None else "检查 SUIFANG_CHROMA_URL 和 Chroma 服务"
        return Finding(_INDEX, State.WARN, f"用不了,{_WORDS_ALONE}:{error}", do)
    return _judged(reader, version, embedder, _where(store, settings, now, reader), near, articles)


def _judged(
    reader: Reader,
    version: str,
    embedder: Embedder,
    where: str,
    near: dict[str, list[float]],
    articles: Sequence[Article],
) -> Finding:
    if reader.about.embedder != embedder.name:
        says = f"是用另一个模型({reader.about.embedder})建的,{_WORDS_ALONE}"
        return Finding(_INDEX, State.WARN, says, _BUILD)
    if reader.about.version != version:
        says = f"比文章旧({where}),旧的还在用"
        return Finding(_INDEX, State.WARN, says, f"后台进程会自己更新;等不及就{_BUILD}")
    if articles and near.get(articles[0].id, [0.0])[0] < _ITSELF:
        says = f"向量和文章对不上,模型可能换过({where})"
        return Finding(_INDEX, State.WARN, says, _BUILD)
    return Finding(_INDEX, State.OK, f"与文章一致,试了一句能查到({where})")


def _where(store: Store, settings: Settings, now: datetime, reader: Reader) -> str:
    age = now - datetime.fromtimestamp(reader.about.built, UTC)
    place = "本机文件夹" if settings.chroma_url is None else "Chroma 服务器"
    count = reader.about.passages + reader.about.variants
    return (
        f"版本 {reader.about.version[:8]},{max(0, age.days)} 天前建,{count} 条,"
        f"{reader.about.embedder},{place} {store!r}"
    )
